// What stands beside the clouds: the card under the pointer, the pinned image with its neighbours, a selection.

/** @import { Cloud, Panel, Points, Stage } from "./types.js" */

import { button, element, partsOf } from "./dom.js";
import { meanCode } from "./neighbours.js";
import { figure, plural, tally } from "./numbers.js";
import { averaged, codeOf, decodedFrom, errorOf, neighboursOf, pictureOf, reconstructionOf } from "./pictures.js";
import { MOST_POINTS, packPoints, thinned } from "./selection.js";
import { classColor, toCss } from "./theme.js";

const SHOWN_OF_SELECTION = 48;

/**
 * @param {Cloud} owner
 * @param {HTMLElement} root
 * @returns {Panel}
 */
export function createPanel(owner, root) {
  const part = partsOf(root, "cl");
  /** @param {number} label */
  const nameOf = (label) => owner.data.classes[label] ?? String(label);
  /** What an image is called: all views of a component are of the same part of a set. */
  const noun = () => owner.data.views[0]?.noun ?? "test image";
  /** @type {(points: Points, row: number) => string} */
  const title = (points, row) => `${noun()} ${points.indices[row]} · ${nameOf(points.labels[row])}`;
  /** @type {(node: HTMLElement, label: number) => void} */
  const tint = (node, label) => node.style.setProperty("--cl-color", toCss(classColor(owner.theme, label)));

  // ---- the card under the pointer -----------------------------------------------------------

  /** @type {Panel["card"]} */
  function card(stage, row, [x0, y0] = [0, 0]) {
    const box = part("card");
    box.hidden = row < 0;
    if (row < 0) return;
    const { points } = stage, key = `${stage.view.id} ${row} ${owner.state.color}`;
    if (box.dataset.key !== key) {
      box.dataset.key = key;
      const pictures = element("div", "cl-pair");
      for (const picture of [pictureOf(points, row), reconstructionOf(points, row)]) if (picture) pictures.append(picture);
      const lines = element("div", "cl-lines", element("b", "", title(points, row)));
      const error = errorOf(points, row), { kind, unit, values } = stage.colored;
      if (Number.isFinite(error)) lines.append(element("span", "", `error ${figure(error)}`));
      if (kind === "unit" && values) lines.append(element("span", "", `unit ${(unit ?? 0) + 1}: ${figure(values[row])}`));
      box.replaceChildren(pictures, lines);
      tint(box, points.labels[row]);
    }
    const frame = part("main").getBoundingClientRect(), own = stage.box.getBoundingClientRect();
    const x = x0 + own.left - frame.left, y = y0 + own.top - frame.top;
    const right = x + 18 + box.offsetWidth < frame.width, below = y + 18 + box.offsetHeight < frame.height;
    box.style.left = `${Math.max(right ? x + 18 : x - 14 - box.offsetWidth, 4)}px`;
    box.style.top = `${Math.max(below ? y + 18 : y - 14 - box.offsetHeight, 4)}px`;
  }

  // ---- the pinned image, the new image, the selection ---------------------------------------

  /** @param {Stage} stage */
  function shown(stage) {
    const box = part("shown"), { state } = owner, row = state.pinned === null ? -1 : stage?.rowOf(state.pinned) ?? -1;
    box.hidden = true;
    if (!stage?.points) return;
    if (state.selected) selection(box, stage, state.selected);
    else if (row >= 0) pinned(box, stage, row);
    else if (state.pinned !== null) missing(box, stage, state.pinned);
    else if (stage.extra && state.extraOpen) newcomer(box, stage);
    else box.replaceChildren();
  }

  /**
   * @param {HTMLElement} box
   * @param {string} text
   * @param {() => void} close
   * @param {number} [mark] the class whose colour it bears
   */
  function head(box, text, close, mark) {
    const line = element("div", "cl-head", element("strong", "", text), button("cl-x", "×", close, "Close"));
    if (mark !== undefined) {
      line.prepend(element("i", "cl-dot"));
      tint(line, mark);
    }
    box.hidden = false;
    box.replaceChildren(line);
  }

  /** @param {[HTMLCanvasElement | null, string][]} list */
  function pictures(list) {
    const all = element("div", "cl-large");
    for (const [canvas, name] of list) if (canvas) all.append(element("figure", "", canvas, element("figcaption", "", name)));
    return all;
  }

  /**
   * The image beside what it is drawn as again, by every network whose cloud is shown.
   * @param {Stage} stage
   * @param {number} row
   */
  function again(stage, row) {
    const index = stage.points.indices[row], several = owner.stages.length > 1;
    /** @type {[HTMLCanvasElement | null, string][]} */
    const list = [[pictureOf(stage.points, row), "image"]];
    for (const { points, rowOf, view } of several ? owner.stages : [stage]) {
      const own = points ? rowOf(index) : -1;
      if (own < 0) continue;
      const error = errorOf(points, own), said = Number.isFinite(error) ? `error ${figure(error)}` : "";
      const name = several ? [view.title, said] : ["reconstruction", said];
      list.push([reconstructionOf(points, own), name.filter(Boolean).join(", ")]);
    }
    return pictures(list);
  }

  /**
   * @param {HTMLElement} box
   * @param {Stage} stage
   * @param {number} row
   */
  function pinned(box, stage, row) {
    const { points } = stage, code = codeOf(points, row), label = points.labels[row];
    head(box, title(points, row), () => owner.pin(null, stage), label);
    box.append(again(stage, row));
    neighbours(box, stage, neighboursOf(points, code, row), label);
  }

  /**
   * @param {HTMLElement} box
   * @param {Stage} stage
   */
  function newcomer(box, stage) {
    const { points, extra } = stage;
    if (!extra) return;
    head(box, extra.title, () => owner.closeExtra());
    box.append(pictures([[extra.copy(), "model input"], [decodedFrom(points, extra.code, extra.label), "reconstruction"]]));
    if (extra.note) box.append(element("p", "cl-quiet", extra.note));
    neighbours(box, stage, neighboursOf(points, extra.code, -1));
  }

  /**
   * @param {HTMLElement} box
   * @param {Stage} stage
   * @param {{ row: number, distance: number }[]} found
   * @param {number} [label]
   */
  function neighbours(box, stage, found, label) {
    const { points } = stage;
    if (!points.codes) return; // it is a cloud of points alone
    if (!found.length) {
      box.append(element("p", "cl-quiet", "Codes this wide are not stored, so there are no neighbours to show."));
      return;
    }
    const votes = tally(found.map(({ row }) => points.labels[row]));
    const [most, count] = [...votes].sort((a, b) => b[1] - a[1])[0];
    const said = label === undefined ? `mostly ${nameOf(most)} (${count} of ${found.length})` : `${votes.get(label) ?? 0} of ${found.length} of the same class`;
    const where = owner.stages.length > 1 ? stage.view.title : "code space";
    const heading = element("h4", "", `Nearest in ${where}`);
    heading.append(element("span", "", said));
    const list = element("div", "cl-neighbours");
    for (const { row, distance } of found) {
      const one = button("cl-neighbour", "", () => owner.goTo(stage, points.indices[row]), `Neighbour ${title(points, row)}`);
      one.title = `${title(points, row)}, distance ${figure(distance)}`;
      one.dataset.index = String(points.indices[row]);
      for (const picture of [pictureOf(points, row), decodedFrom(points, codeOf(points, row), points.labels[row])]) if (picture) one.append(picture);
      one.append(element("span", "", figure(distance)));
      one.onpointerenter = () => owner.point(points.indices[row]);
      one.onpointerleave = () => owner.point(null);
      tint(one, points.labels[row]);
      list.append(one);
    }
    const legend = points.decoder ? "Top: image. Bottom: decoded from its code. Number: distance between the codes." : "Number: distance between the codes.";
    box.append(heading, list, element("p", "cl-quiet", legend));
  }

  /**
   * @param {HTMLElement} box
   * @param {Stage} stage
   * @param {number} index
   */
  function missing(box, stage, index) {
    head(box, `${noun()} ${index}`, () => owner.pin(null, stage));
    const near = Array.from(stage.points.indices).sort((a, b) => Math.abs(a - index) - Math.abs(b - index))[0];
    box.append(element("p", "cl-quiet", `It is not one of the ${plural(stage.points.count, "point")} shown here.`));
    box.append(button("ae-button cl-button", `Go to ${noun()} ${near}`, () => owner.goTo(stage, near)));
  }

  /**
   * @param {HTMLElement} box
   * @param {Stage} stage
   * @param {Set<number>} chosen
   */
  function selection(box, stage, chosen) {
    const { points } = stage, rows = [...chosen].map(stage.rowOf).filter((row) => row >= 0);
    head(box, `${plural(rows.length, "point")} selected`, () => owner.select(stage, []));
    const counts = tally(rows.map((row) => points.labels[row]));
    const bars = element("div", "cl-bars");
    for (const [label, count] of [...counts].sort((a, b) => b[1] - a[1])) {
      const bar = element("i");
      bar.style.width = `${(100 * count) / rows.length}%`;
      const line = element("div", "", element("span", "", nameOf(label)), element("div", "", bar), element("span", "", count.toLocaleString("en")));
      tint(line, label);
      bars.append(line);
    }
    const { codes, codeRow } = points, codeRows = codes?.width && codeRow ? rows.map((row) => codeRow[row]).filter((at) => at >= 0) : [];
    const mean = codes && codeRows.length ? decodedFrom(points, meanCode(codes, codeRows)) : null;
    box.append(pictures([[averaged(points, rows), "mean of the images"], [mean, "decoded mean code"]]), bars);
    if (owner.data.directs) box.append(directing(chosen));
    const sheet = element("div", "cl-sheet");
    for (const row of rows.slice(0, SHOWN_OF_SELECTION)) {
      const picture = pictureOf(points, row);
      if (!picture) continue;
      const one = button("cl-thumb", picture, () => owner.goTo(stage, points.indices[row]), title(points, row));
      one.title = title(points, row);
      one.onpointerenter = () => owner.point(points.indices[row]);
      one.onpointerleave = () => owner.point(null);
      sheet.append(one);
    }
    box.append(sheet);
    if (rows.length > SHOWN_OF_SELECTION) box.append(element("p", "cl-quiet", `Only the first ${SHOWN_OF_SELECTION} are shown.`));
  }

  /**
   * What makes a direction of two selections: the first is kept, and from it leads a direction to the next.
   * @param {Set<number>} chosen
   */
  function directing(chosen) {
    const { start } = owner.state, line = element("div", "cl-directing");
    const keep = button("ae-button cl-button", start ? "Start here instead" : "Start a direction here", () => owner.keepStart(chosen));
    if (!start) {
      line.append(keep);
      return line;
    }
    if (start === chosen) {
      line.append(element("p", "cl-quiet", "Kept as the start of a direction: now select the points to which it leads."));
      return line;
    }
    const go = () => owner.host.onDirection?.(packPoints(thinned(start)), packPoints(thinned(chosen)));
    line.append(button("ae-button cl-button cl-direct", `Direction from ${plural(start.size, "kept point")} to these`, go), keep);
    const many = Math.max(start.size, chosen.size) > MOST_POINTS;
    if (many) line.append(element("p", "cl-quiet", `Of a selection it takes at most ${MOST_POINTS.toLocaleString("en")} points, evenly spaced.`));
    return line;
  }

  return { card, shown, nameOf, title, tint };
}
