// The legend: colours, classes on and off, finding a class or an image; and the quality of the projection.

/** @import { Cloud, Panel, Stage } from "./types.js" */

import { button, element, found, partsOf } from "./dom.js";
import { clamp, figure, tally } from "./numbers.js";
import { toCss } from "./theme.js";

/**
 * @param {Cloud} owner
 * @param {HTMLElement} root
 * @param {Panel} panel
 */
export function createLegend(owner, root, panel) {
  const part = partsOf(root, "cl");
  let built = "";

  /** @param {Stage[]} stages those that show something */
  function update(stages) {
    const stage = stages[0];
    if (!stage?.points) return;
    const widths = stages.map(({ points }) => points?.codes?.width ?? 0), errors = stages.some(({ points }) => points?.codes != null);
    const key = JSON.stringify([widths, errors, owner.data.classes, stage.view.id, stages.length, stage.points.count]);
    if (key !== built) {
      built = key;
      build(stage, Math.max(...widths), errors);
      trust(stages);
    }
    refresh(stage);
  }

  /**
   * @param {Stage} stage
   * @param {number} units
   * @param {boolean} errors
   */
  function build(stage, units, errors) {
    const box = part("colors"), choices = [["label", "Class"]];
    if (errors) choices.push(["error", "Error"]);
    if (units) choices.push(["unit", "Unit"]);
    const kinds = element("div", "cl-kinds");
    kinds.setAttribute("role", "group");
    kinds.setAttribute("aria-label", "Colour by");
    for (const [kind, name] of choices) {
      const one = button("cl-kind", name, () => owner.colorBy(kind === "unit" ? `unit${owner.state.unit}` : kind));
      one.dataset.kind = kind;
      kinds.append(one);
    }
    const head = element("div", "cl-head", element("strong", "", "Colour"), kinds);
    const unit = element("label", "cl-unit", "Unit ");
    const number = Object.assign(element("input"), { type: "number", min: "1", max: String(units), step: "1" });
    const slider = Object.assign(element("input"), { type: "range", min: "1", max: String(units), step: "1" });
    slider.setAttribute("aria-label", "Unit of the code");
    for (const input of [number, slider]) {
      input.oninput = () => {
        if (input.value) owner.colorBy(`unit${clamp(Math.round(Number(input.value)), 1, units) - 1}`);
      };
    }
    unit.append(number, ` of ${units}`, slider);
    const ramp = element("div", "cl-ramp", element("span"), element("i"), element("span"));
    const classes = element("div", "cl-classes"), counts = tally(stage.points.labels);
    for (const [label, count] of [...counts].sort(([a], [b]) => a - b)) {
      const one = button("cl-class", "", () => {
        owner.emphasise(null); // hiding a class leaves the others as they are
        owner.toggleClass(label);
      });
      one.append(element("i", "cl-dot"), element("span", "", panel.nameOf(label)), element("small", "", count.toLocaleString("en")));
      one.ondblclick = () => owner.onlyClass(label);
      one.onpointerenter = (event) => {
        if (event.pointerType === "mouse" && !owner.state.hidden.has(label)) owner.emphasise(label);
      };
      one.onpointerleave = () => owner.emphasise(null);
      one.dataset.label = String(label);
      one.title = "Click to show or hide, double-click to isolate";
      classes.append(one);
    }
    box.replaceChildren(head, unit, ramp, classes, finder([...counts.keys()]));
  }

  /** @param {number[]} labels */
  function finder(labels) {
    const form = element("form", "cl-find"), input = Object.assign(element("input"), { type: "search", placeholder: "Find a class, or #123" });
    input.setAttribute("aria-label", `Find a class or a ${owner.data.views[0]?.noun ?? "test image"}`);
    const said = element("span", "cl-said");
    form.onsubmit = (event) => {
      event.preventDefault();
      const text = input.value.trim().toLowerCase();
      if (!text) return;
      const label = labels.find((one) => panel.nameOf(one).toLowerCase() === text)
        ?? labels.find((one) => text.length > 2 && panel.nameOf(one).toLowerCase().startsWith(text));
      const index = /^#?\d+$/.test(text) ? Number(text.replace("#", "")) : null;
      said.textContent = "";
      if (label !== undefined && !text.startsWith("#")) owner.findClass(label);
      else if (index !== null) owner.goTo(owner.stages[0], index);
      else said.textContent = "No such class. To find an image, type its number, such as #123.";
    };
    input.oninput = () => (said.textContent = "");
    form.append(input, button("ae-button cl-button", "Find", () => form.requestSubmit()), said);
    return form;
  }

  /** @param {Stage} stage */
  function refresh(stage) {
    const { state } = owner, kind = stage.colored.kind, box = part("colors");
    for (const one of nodes(box, ".cl-kind")) one.setAttribute("aria-pressed", String(one.dataset.kind === kind));
    const unit = found(box, ".cl-unit"), ramp = found(box, ".cl-ramp");
    unit.hidden = kind !== "unit";
    ramp.hidden = kind === "label";
    const { activeElement } = /** @type {Document | ShadowRoot} */ (root.getRootNode());
    for (const input of unit.querySelectorAll("input")) if (activeElement !== input) input.value = String(state.unit + 1);
    if (kind !== "label") {
      const [low, line, high] = nodes(ramp, "*"), { colored } = stage;
      low.textContent = figure(colored.low ?? NaN);
      high.textContent = `${figure(colored.high ?? NaN)}${kind === "error" ? " (log)" : ""}`;
      line.style.background = `linear-gradient(to right, ${(colored.ramp ?? []).map(toCss).join(", ")})`;
    }
    for (const one of nodes(box, ".cl-class")) {
      const label = Number(one.dataset.label);
      one.setAttribute("aria-pressed", String(!state.hidden.has(label)));
      if (kind === "label") panel.tint(one, label);
      else one.style.removeProperty("--cl-color");
    }
  }

  /**
   * The quality of the projection, one line per score.
   * @param {Stage[]} stages
   */
  function trust(stages) {
    const box = part("trust"), lines = stages.length === 1 ? (stages[0].view.quality ?? []) : [];
    const note = stages.length === 1 ? stages[0].view.note : "";
    box.hidden = !lines.length && !note;
    box.replaceChildren();
    if (lines.length) box.append(element("div", "cl-head", element("strong", "", "Quality of the projection")));
    for (const { name, value, text, hint } of lines) {
      const bar = element("i");
      bar.style.width = `${clamp(value, 0, 1) * 100}%`;
      const line = element("div", "cl-figure", element("span", "", name), element("b", "", text), element("div", "", bar));
      line.title = hint;
      box.append(line);
    }
    if (note) box.append(element("p", "cl-quiet", note));
    const slow = stages.some(({ box: stage }) => stage.dataset.painter === "canvas");
    part("help").textContent = (slow ? "This browser has no WebGL2, so drawing is slower. " : "") +
      "Drag to rotate or pan, scroll to zoom, double-click to fly there. Keys: arrows, + −, R reset, space spin, [ ] previous or next point, N nearest neighbour.";
  }

  return { update };
}

/**
 * @param {ParentNode} box
 * @param {string} selector
 * @returns {HTMLElement[]}
 */
const nodes = (box, selector) => Array.from(box.querySelectorAll(selector));
