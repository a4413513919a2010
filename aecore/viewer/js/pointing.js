// What is pointed at, pinned and selected, and which classes are seen; the same in all clouds that stand together.

/** @import { Cloud } from "./types.js" */

import { HOMES, copyCamera } from "./camera.js";
import { partsOf } from "./dom.js";
import { plural } from "./numbers.js";
import { codeOf, neighboursOf } from "./pictures.js";

/**
 * @param {Cloud} owner
 * @param {HTMLElement} root
 */
export function addPointing(owner, root) {
  const part = partsOf(root, "cl"), { state, host } = owner;

  owner.hover = (stage, row, place) => {
    const index = row < 0 ? null : stage.points.indices[row];
    stage.box.classList.toggle("cl-over-point", row >= 0);
    owner.panel.card(stage, row, place);
    owner.point(index);
  };
  owner.point = (index, shared = false) => {
    if (index === state.hovered) return;
    state.hovered = index;
    root.dataset.hover = String(index ?? "");
    if (!shared) owner.share((other) => other.point(index, true));
    owner.linked.mark();
    owner.redraw();
  };

  owner.click = (stage, row) => {
    if (row >= 0) owner.pin(stage.points.indices[row], stage);
    else if (state.selected) owner.select(stage, []);
  };
  owner.pin = (index, stage = owner.stages[0], shared = false) => {
    [state.pinned, state.selected, owner.active] = [index, null, stage];
    if (index !== null) state.extraOpen = false;
    root.dataset.pinned = String(index ?? "");
    root.dataset.selected = "";
    part("card").hidden = true;
    owner.refresh();
    if (index !== null && stage?.points) {
      const row = stage.rowOf(index);
      part("spoken").textContent = row < 0 ? "" : `Pinned ${owner.panel.title(stage.points, row)}`;
    }
    if (!shared) {
      owner.share((other) => other.pin(index, other.stages[0], true));
      host.onChange?.({ pinned: index });
    }
  };
  owner.goTo = (stage, index) => {
    owner.stopSpin();
    owner.pin(index, stage);
    const row = stage.rowOf(index);
    if (row < 0) return;
    if (state.hidden.delete(stage.points.labels[row])) owner.refresh();
    const { x, y, shown } = stage.screenOf(row), margin = 60;
    const inSight = shown && x > margin && y > margin && x < stage.width - margin && y < stage.height - margin;
    if (!inSight || owner.cameras[stage.view.dims].distance < HOMES[stage.view.dims].distance * 0.8) owner.flyTo(stage, row);
  };
  owner.step = (stage, way) => {
    const { points } = stage, shown = Array.from(points.indices).filter((_, i) => !state.hidden.has(points.labels[i])).sort((a, b) => a - b);
    if (!shown.length) return;
    const at = state.pinned === null ? (way > 0 ? -1 : 0) : shown.findIndex((index) => index >= Number(state.pinned));
    owner.goTo(stage, shown[(at + way + shown.length) % shown.length]);
  };
  owner.toNeighbour = (stage) => {
    const first = owner.neighboursIn(stage)[0];
    if (first !== undefined) owner.goTo(stage, stage.points.indices[first]);
  };
  owner.select = (stage, indices) => {
    state.selected = indices.length ? new Set(indices) : null;
    owner.active = stage;
    root.dataset.selected = String(indices.length || "");
    if (indices.length) part("spoken").textContent = `${plural(indices.length, "point")} selected`;
    owner.refresh();
  };
  owner.keepStart = (indices) => {
    state.start = indices;
    root.dataset.start = String(indices.size);
    owner.refresh();
  };
  owner.escape = () => {
    if (state.selected) owner.select(owner.stages[0], []);
    else if (state.pinned !== null) owner.pin(null);
    else if (state.tool !== "move") owner.choose("move");
    else if (state.hidden.size) owner.onlyClass(null);
  };
  // Other images have come: what was pinned, selected or hidden means nothing among them.
  owner.forget = () => {
    Object.assign(state, { hovered: null, pinned: null, selected: null, start: null, only: null, hidden: new Set() });
    Object.assign(root.dataset, { hover: "", pinned: "", selected: "", start: "" });
  };
  owner.closeExtra = () => {
    state.extraOpen = false;
    owner.refresh();
  };

  // Rows of the neighbours of what is pinned, and where on the screen it is.
  owner.neighboursIn = (stage) => {
    const row = state.pinned === null ? -1 : stage.rowOf(state.pinned), newcomer = state.pinned === null && state.extraOpen && stage.extra;
    const code = newcomer ? newcomer.code : codeOf(stage.points, row);
    let { near } = stage;
    if (!near || near.code !== code || near.points !== stage.points) {
      near = stage.near = { code, points: stage.points, rows: neighboursOf(stage.points, code, row).map((one) => one.row) };
    }
    return near.rows.filter((one) => !state.hidden.has(stage.points.labels[one]));
  };
  owner.centreIn = (stage, at) => {
    const row = state.pinned === null ? -1 : stage.rowOf(state.pinned);
    if (row >= 0) {
      const { x, y, shown } = stage.screenOf(row);
      return shown ? [x, y] : null;
    }
    return state.pinned === null && state.extraOpen && stage.extra ? at(stage.extra.xyz) : null;
  };

  const labels = () => new Set(owner.stages.flatMap(({ points }) => (points ? [...new Set(points.labels)] : [])));
  owner.toggleClass = (label) => {
    if (!state.hidden.delete(label)) state.hidden.add(label);
    owner.refresh();
  };
  // A second time brings the others back; so does null.
  owner.onlyClass = (label, always = false) => {
    const others = [...labels()].filter((one) => one !== label);
    const alone = label !== null && !state.hidden.has(label) && others.every((one) => state.hidden.has(one));
    state.hidden = new Set(label === null || (alone && !always) ? [] : others);
    owner.refresh();
  };
  owner.emphasise = (label) => {
    if (state.only === label) return;
    state.only = label;
    root.dataset.emphasised = String(label ?? "");
    owner.redraw();
  };
  owner.findClass = (label) => {
    owner.onlyClass(label, true);
    for (const stage of owner.stages.slice(0, 1)) {
      const mean = [0, 0, 0], rows = Array.from(stage.points.labels.keys()).filter((row) => stage.points.labels[row] === label);
      for (const row of rows) stage.placeOf(row).forEach((value, k) => (mean[k] += value / rows.length));
      const to = copyCamera(owner.cameras[stage.view.dims]);
      [to.target, to.distance] = [mean, HOMES[stage.view.dims].distance * 0.72];
      owner.tweenTo(stage.view.dims, to);
    }
  };
  owner.colorBy = (mode) => {
    state.color = mode;
    if (mode.startsWith("unit")) state.unit = Number(mode.slice(4)) || 0;
    owner.stages.forEach((stage) => stage.recolor());
    owner.refresh();
  };
}
