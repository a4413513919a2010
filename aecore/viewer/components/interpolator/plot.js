// Below the strip: each sample's distance to the nearest real code, and what the classifier reads there.

/** @import { Sample } from "../types.js" */

import { svgElement } from "../../js/dom.js";
import { inkOn, toRgb } from "../../js/theme.js";

export const SAMPLES = 61;
const PLOT = { height: 96, top: 18, bottom: 70, band: 76, bandHeight: 18 };

/**
 * `seen` by sample, null if not computed yet; `usual` is the typical distance between real codes.
 * @typedef {object} Plotted
 * @property {(Sample | null)[]} seen
 * @property {number} [usual]
 * @property {number} width
 * @property {number} pad
 * @property {string[]} colors
 * @property {string[]} classes
 * @property {string} label
 */
/** @typedef {[number, Sample]} Known */

/** @param {SVGElement} svg */
export function createPlot(svg) {
  /** @param {Plotted} plotted */
  function draw({ seen, usual, width, pad, colors, classes, label }) {
    /** @type {SVGElement[]} */
    const nodes = [];
    const inner = width - 2 * pad;
    /** @param {number} i */
    const x = (i) => pad + (i / (SAMPLES - 1)) * inner;
    svg.setAttribute("viewBox", `0 0 ${width} ${PLOT.height}`);
    svg.style.marginLeft = `${-pad}px`;
    svg.style.width = `${width}px`;
    const known = seen.flatMap((sample, i) => (sample ? [/** @type {Known} */ ([i, sample])] : []));
    if (usual !== undefined) {
      const most = Math.max(usual, ...known.map(([, { distance }]) => distance)) * 1.08 || 1;
      /** @param {number} value */
      const y = (value) => PLOT.bottom - (value / most) * (PLOT.bottom - PLOT.top);
      nodes.push(svgElement("line", { class: "axis", x1: pad, x2: width - pad, y1: PLOT.bottom, y2: PLOT.bottom }));
      nodes.push(svgElement("line", { class: "usual", x1: pad, x2: width - pad, y1: y(usual), y2: y(usual) }));
      const points = known.map(([i, { distance }]) => `${x(i).toFixed(1)},${y(distance).toFixed(1)}`);
      nodes.push(svgElement("polyline", { class: "curve", points: points.join(" ") }));
      nodes.push(text(pad, 11, "Distance to the nearest real code (dashed: typical)"));
    }
    for (const { from, to, digit } of runsOf(known)) {
      const left = Math.max(x(from - 0.5), pad), right = Math.min(x(to + 0.5), width - pad);
      const band = { x: left, y: PLOT.band, width: Math.max(right - left - 1, 1), height: PLOT.bandHeight, rx: 3 };
      nodes.push(svgElement("rect", { ...band, fill: colors[digit % colors.length] }));
      if (right - left <= 14) continue;
      const name = text((left + right) / 2, PLOT.band + 13, classes[digit] ?? String(digit), "digit");
      name.style.fill = inkOn(toRgb(colors[digit % colors.length]));
      nodes.push(name);
    }
    svg.replaceChildren(...nodes);
    svg.setAttribute("aria-label", label);
  }

  return { draw };
}

/** @type {(x: number, y: number, words: string, className?: string) => SVGElement} */
const text = (x, y, words, className = "") => svgElement("text", { x, y, class: className }, words);

/**
 * Stretches of samples that are read as the same digit.
 * @param {Known[]} known
 */
function runsOf(known) {
  /** @type {{ from: number, to: number, digit: number }[]} */
  const runs = [];
  for (const [i, { digit }] of known) {
    if (digit === null) continue;
    const last = runs[runs.length - 1];
    if (last && last.digit === digit && last.to === i - 1) last.to = i;
    else runs.push({ from: i, to: i, digit });
  }
  return runs;
}
