// Below the clouds: the images with the largest errors, and how errors and code units are distributed. What is pointed at
// here is pointed at in the clouds, and the other way round.

/** @import { Cloud, Linked, Points, Stage } from "./types.js" */

import { button, element, partsOf, svgElement } from "./dom.js";
import { binned, largest, ofPoints, widest } from "./distribution.js";
import { figure } from "./numbers.js";
import { errorOf, pictureOf, reconstructionOf } from "./pictures.js";

const WORST = 16, MOST_UNITS = 11, BINS = 28;
const PLOT = { width: 140, height: 40 };

/**
 * A distribution of the points that are shown, with the places of the image that is pointed at and of the pinned one.
 * @typedef {object} Distribution
 * @property {(points: Points, row: number) => number} value
 * @property {SVGElement} hovered
 * @property {SVGElement} pinned
 * @property {HTMLElement} said
 * @property {HTMLButtonElement} node
 * @property {string} color what the cloud is coloured by where it is chosen
 * @property {number} low
 * @property {number} high
 */

/**
 * A number of a point's code; NaN without one.
 * @param {Points} points
 * @param {number} row
 * @param {number} unit
 */
const unitOf = ({ codes, codeRow }, row, unit) => (codes && codeRow && codeRow[row] >= 0 ? codes.values[codeRow[row] * codes.width + unit] : NaN);

/** @type {(a: ArrayLike<number>, b: ArrayLike<number>) => boolean} */
const equal = (a, b) => a.length === b.length && Array.prototype.every.call(a, (value, i) => value === b[i]);

/**
 * Whether all that stands here is the same of two clouds: their images and codes, wherever the points lie.
 * @param {Points} a
 * @param {Points} b
 */
const alike = (a, b) =>
  a === b || (a.codes === b.codes && a.atlas === b.atlas && a.decoder === b.decoder && equal(a.indices, b.indices) && equal(a.labels, b.labels));

/**
 * @param {Cloud} owner
 * @param {HTMLElement} root
 * @returns {Linked}
 */
export function createLinked(owner, root) {
  const box = partsOf(root, "cl")("below");
  /** @type {Map<number, HTMLElement[]>} thumbnails by the number of their image */
  let thumbnails = new Map();
  /** @type {HTMLElement[]} */
  let marked = [];
  /** @type {Distribution[]} */
  let distributions = [];
  /** @type {unknown[]} */
  let about = [];
  /** @type {Points[]} */
  let built = [];
  let turn = 0;

  /** @type {Linked["update"]} */
  function update() {
    const stages = owner.stages.filter(({ points }) => points), hidden = [...owner.state.hidden].sort().join();
    const several = stages.length > 1, now = [hidden, owner.theme, ...stages, ...stages.map(({ view }) => (several ? view.title : view.noun))];
    const points = stages.map((stage) => stage.points);
    const same = now.length === about.length && now.every((value, i) => value === about[i]) && points.every((one, i) => alike(one, built[i]));
    if (!same) {
      [about, built] = [now, points];
      build(stages);
    }
    for (const { node, color } of distributions) node.setAttribute("aria-pressed", String(owner.state.color === color));
    mark();
  }

  /** @param {Stage[]} stages */
  function build(stages) {
    [thumbnails, distributions, marked] = [new Map(), [], []];
    const rows = stages.map((stage) => worst(stage, stages.length > 1)).filter((row) => row !== null);
    const charts = stages.length === 1 ? charted(stages[0]) : null;
    box.hidden = !rows.length && !charts;
    box.replaceChildren(...rows, ...(charts ? [charts] : []));
    decode();
  }

  /** @type {(points: Points, row: number) => boolean} */
  const seen = ({ labels }, row) => !owner.state.hidden.has(labels[row]);

  // ---- the largest errors -------------------------------------------------------------------

  /** @type {(() => void)[]} */
  let waiting = [];

  /**
   * @param {Stage} stage
   * @param {boolean} several
   */
  function worst(stage, several) {
    const { points } = stage;
    if (!points.tile) return null;
    const found = largest(points.count, WORST, (row) => (seen(points, row) ? errorOf(points, row) : NaN));
    if (!found.length) return null;
    const shown = Array.from(points.indices.keys()).filter((row) => seen(points, row)), known = shown.filter((row) => Number.isFinite(errorOf(points, row)));
    const list = element("div", "cl-worst");
    for (const row of found) {
      const picture = pictureOf(points, row);
      if (!picture) continue;
      const index = points.indices[row], name = owner.panel.title(points, row), error = figure(errorOf(points, row));
      const one = button("cl-thumb", picture, () => owner.goTo(stage, index), `${name}, error ${error}`);
      one.title = `${name}, error ${error}`;
      // Its place is kept, so that nothing moves when it comes.
      const again = points.decoder && element("canvas", "cl-picture");
      if (again) {
        [again.width, again.height] = [picture.width, picture.height];
        one.append(again);
      }
      one.append(element("span", "", error));
      one.onpointerenter = one.onfocus = () => owner.point(index);
      one.onpointerleave = one.onblur = () => owner.point(null);
      waiting.push(() => {
        const drawn = again && reconstructionOf(points, row);
        if (drawn) again.replaceWith(drawn);
        else again?.remove();
      });
      thumbnails.set(index, [...(thumbnails.get(index) ?? []), one]);
      list.append(one);
    }
    const heading = element("h4", "", several ? `Largest errors: ${stage.view.title}` : "Largest errors");
    if (known.length < shown.length) heading.append(element("span", "", ofPoints(known.length, shown.length)));
    return element("section", "", heading, list);
  }

  // Reconstructions come one by one, between frames: a large network must not hold up the cloud.
  function decode() {
    const own = (turn += 1), [queue, rest] = [waiting, /** @type {(() => void)[]} */ ([])];
    waiting = rest;
    const step = () => {
      if (own !== turn || !queue.length) return;
      queue.shift()?.();
      setTimeout(step);
    };
    setTimeout(step);
  }

  // ---- distributions ------------------------------------------------------------------------

  /** @param {Stage} stage */
  function charted({ points }) {
    const rows = Array.from(points.indices.keys()).filter((row) => seen(points, row)), { codes, codeRow } = points;
    const withCodes = codes?.width && codeRow ? rows.filter((row) => codeRow[row] >= 0) : [];
    const nodes = [distribution("Error", "error", points, rows, errorOf)];
    const units = withCodes.length && codes && codeRow ? widest(codes, withCodes.map((row) => codeRow[row]), MOST_UNITS) : [];
    for (const unit of units) {
      nodes.push(distribution(`Unit ${unit + 1}`, `unit${unit}`, points, withCodes, (_, row) => unitOf(points, row, unit)));
    }
    const kept = nodes.filter((node) => node !== null);
    if (!kept.length) return null;
    const some = codes && units.length < codes.width ? `, the ${units.length} of ${codes.width} units with the largest variance` : "";
    const known = withCodes.length || rows.filter((row) => Number.isFinite(errorOf(points, row))).length;
    const heading = element("h4", "", "Distributions", element("span", "", `${ofPoints(known, rows.length)}${units.length ? some : ""}`));
    return element("section", "", heading, element("div", "cl-distributions", ...kept));
  }

  /**
   * @param {string} name
   * @param {string} color
   * @param {Points} points
   * @param {number[]} rows
   * @param {(points: Points, row: number) => number} value
   */
  function distribution(name, color, points, rows, value) {
    const values = rows.map((row) => value(points, row)).filter(Number.isFinite);
    if (!values.length) return null;
    const { counts, low, high } = binned(values, BINS), most = Math.max(...counts), step = PLOT.width / BINS;
    const bars = counts.map((count, i) => {
      const height = (count / most) * (PLOT.height - 2);
      return svgElement("rect", { x: i * step, y: PLOT.height - height, width: Math.max(step - 1, 0.5), height });
    });
    const [hovered, pinned] = ["hovered", "pinned"].map((kind) => svgElement("line", { class: kind, y1: 0, y2: PLOT.height, visibility: "hidden" }));
    const svg = svgElement("svg", { viewBox: `0 0 ${PLOT.width} ${PLOT.height}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    svg.append(...bars, hovered, pinned);
    const said = element("span"), range = element("small", "", element("span", "", figure(low)), element("span", "", figure(high)));
    const node = button("cl-distribution", element("b", "", name, said), () => owner.colorBy(color), `${name}: from ${figure(low)} to ${figure(high)}. Colour the points by it`);
    node.append(svg, range);
    distributions.push({ value, hovered, pinned, said, node, color, low, high });
    return node;
  }

  // ---- what is pointed at -------------------------------------------------------------------

  /** @type {Linked["mark"]} */
  function mark() {
    const { hovered, pinned } = owner.state, stage = owner.stages.find(({ points }) => points);
    marked.forEach((node) => node.classList.remove("cl-attended"));
    marked = [hovered, pinned].flatMap((index) => (index === null ? [] : (thumbnails.get(index) ?? [])));
    marked.forEach((node) => node.classList.add("cl-attended"));
    if (!stage) return;
    for (const one of distributions) {
      const values = [hovered, pinned].map((index) => {
        const row = index === null ? -1 : stage.rowOf(index);
        return row < 0 ? NaN : one.value(stage.points, row);
      });
      [one.hovered, one.pinned].forEach((line, i) => {
        const share = (values[i] - one.low) / (one.high - one.low || 1), shown = Number.isFinite(share);
        line.setAttribute("visibility", shown ? "visible" : "hidden");
        if (shown) ["x1", "x2"].forEach((name) => line.setAttribute(name, String(share * PLOT.width)));
      });
      const value = Number.isFinite(values[0]) ? values[0] : values[1];
      one.said.textContent = Number.isFinite(value) ? figure(value) : "";
    }
  }

  return { update, mark };
}
