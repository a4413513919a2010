// PSNR over the strength of a corruption: the model's output, and the input as it is; of Gaussian noise over the whole
// test set where that was measured, with total variation beside it.

/** @import { LossKind } from "../types.js" */

import { decibels } from "../../js/metrics.js";
import { element, svgElement } from "../../js/dom.js";
import { roundTicks, thatFit, tickText } from "../ticks.js";

const HEIGHT = 150, LEFT = 34, RIGHT = 8, TOP = 20, BOTTOM = 22;
const PARTS = 8; // of the line between two strengths that were measured
/** @type {{ side: Side, name: string }[]} */
const SIDES = [{ side: "model", name: "this model" }, { side: "input", name: "input as it is" }, { side: "tv", name: "total variation" }];

/** @typedef {"model" | "input" | "tv"} Side */
/** @typedef {{ level: number } & Partial<Record<Side, number | null>>} CurvePoint PSNR in dB */

/**
 * The power of a strength that the squared error grows with: noise grows by its variance, a hole by its area.
 * @param {LossKind} kind
 */
export const powerOf = (kind) => (kind === "gaussian" || kind === "speckle" || kind === "square" ? 2 : 1);

/**
 * A side's PSNR at a strength, NaN outside of those that were measured. Between two of them it is that of a squared error
 * that grows by this power of the strength: of a noisy image it does, and a straight line of decibels would be half a
 * decibel too high. An image that goes in with a strength of 0 has no error.
 * @param {CurvePoint[]} points ascending
 * @param {Side} side
 * @param {number} level
 * @param {number} power
 */
export function between(points, side, level, power) {
  const after = points.findIndex((point) => point.level >= level - 1e-9);
  if (after < 0) return NaN;
  const end = points[after], start = points[after - 1];
  if (Math.abs(end.level - level) < 1e-9) return decibels(errorAt(end, side));
  if (!start) return NaN;
  const [low, at, high] = [start.level, level, end.level].map((value) => value ** power);
  const [first, last] = [errorAt(start, side), errorAt(end, side)];
  return decibels(first + ((at - low) / (high - low)) * (last - first));
}

/**
 * The squared error with a point's PSNR; NaN where that is not known or infinite for another reason than strength 0.
 * @param {CurvePoint} point
 * @param {Side} side
 */
function errorAt(point, side) {
  const value = point[side] ?? NaN;
  if (side === "input" && point.level === 0) return 0;
  return Number.isFinite(value) ? 10 ** (-value / 10) : NaN;
}

/**
 * What `between` says at many strengths, up to `most` decibels, as strengths and decibels: a line, or several where the
 * PSNR between is not known.
 * @param {CurvePoint[]} points ascending
 * @param {Side} side
 * @param {number} power
 * @param {number} most
 */
export function linesOf(points, side, power, most) {
  const levels = points.flatMap(({ level }, i) => {
    const next = points[i + 1]?.level ?? level;
    return next > level ? Array.from({ length: PARTS }, (_, part) => level + (part / PARTS) * (next - level)) : [level];
  });
  /** @type {[number, number][][]} */
  const lines = [[]];
  for (const level of levels) {
    const value = between(points, side, level, power);
    if (value <= most + 1e-9) lines[lines.length - 1].push([level, value]);
    else if (lines[lines.length - 1].length) lines.push([]);
  }
  return lines.filter((line) => line.length);
}

/**
 * @param {SVGElement} svg
 * @param {HTMLElement} legend
 */
export function createCurve(svg, legend) {
  /** @type {(level: number) => number} */
  let toX = () => 0;
  /** @type {(value: number) => number} NaN above the highest that is drawn */
  let toY = () => 0;
  /** @type {Partial<Record<Side, SVGElement>>} */
  let dots = {};
  /** @typedef {{ low: number, high: number, power: number, trained: number | null, name: string, of: string, beside?: string }} Axis
   * `power`: that of `between`; `of`: what PSNR is the mean over; `beside`: the same of total variation */
  /** @type {CurvePoint[]} */
  let drawn = [];
  /** @type {Axis | null} */
  let about = null;
  let width = 0;

  const room = () => Math.max(Math.floor(svg.getBoundingClientRect().width), 200);

  /**
   * @param {CurvePoint[]} points ascending
   * @param {Axis} axis
   */
  function draw(points, axis) {
    [drawn, about, width] = [points, axis, room()];
    const { low, high, power, trained, name, of } = axis;
    const finite = points.flatMap((point) => SIDES.map(({ side }) => point[side] ?? NaN)).filter(Number.isFinite);
    const bottom = Math.min(...finite, 10), top = Math.min(Math.max(...finite, 20), bottom + 40);
    toX = (level) => LEFT + ((level - low) / (high - low || 1)) * (width - LEFT - RIGHT);
    toY = (value) => (value > top + 1e-9 ? NaN : TOP + (1 - (value - bottom) / (top - bottom)) * (HEIGHT - TOP - BOTTOM));
    /** @type {SVGElement[]} */
    const nodes = [svgElement("text", { x: 0, y: 11 }, `PSNR in dB, ${of}`)];
    for (const value of roundTicks(bottom, top, 4)) {
      nodes.push(svgElement("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: toY(value), y2: toY(value) }));
      nodes.push(svgElement("text", { x: LEFT - 6, y: toY(value) + 4, "text-anchor": "end" }, tickText(value)));
    }
    const ticks = thatFit(roundTicks(low, high, 6), toX, (tick) => tickText(tick).length * 7 + 12);
    for (const tick of ticks) nodes.push(svgElement("text", { x: toX(tick), y: HEIGHT - 4, "text-anchor": "middle" }, tickText(tick)));
    if (trained !== null) nodes.push(svgElement("line", { class: "trained", x1: toX(trained), x2: toX(trained), y1: TOP, y2: HEIGHT - BOTTOM }));
    dots = {};
    for (const { side } of [...SIDES].reverse()) {
      const lines = linesOf(points, side, power, top);
      if (side === "tv" && !lines.length) continue;
      for (const line of lines) nodes.push(svgElement("polyline", { class: side, points: line.map(([level, value]) => `${toX(level).toFixed(1)},${toY(value).toFixed(1)}`).join(" ") }));
      const dot = (dots[side] = svgElement("circle", { class: side, r: side === "model" ? 4.5 : 4 }));
      dot.style.display = "none"; // until it is marked
    }
    svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    svg.replaceChildren(...nodes, ...Object.values(dots));
    svg.setAttribute("aria-label", `PSNR over ${name}, ${of}: ${SIDES.filter(({ side }) => dots[side]).map((one) => one.name).join(", ")}`);
  }

  /**
   * Moves the dots to a strength. With `say` their values are said, as about equal where they lie between two that were
   * measured.
   * @param {number} level
   * @param {Partial<Record<Side, number>>} values
   * @param {boolean} say
   */
  function mark(level, values, say) {
    if (about && room() !== width) draw(drawn, about); // what stands beside it has grown
    const measured = drawn.some((point) => Math.abs(point.level - level) < 1e-9);
    const said = SIDES.flatMap(({ side, name }) => {
      const dot = dots[side], value = values[side] ?? NaN;
      if (!dot) return [];
      const y = toY(value), seen = Number.isFinite(y);
      dot.style.display = seen ? "" : "none";
      dot.setAttribute("cx", String(toX(level)));
      dot.setAttribute("cy", String(seen ? y : 0));
      const words = !say ? "" : Number.isFinite(value) ? ` ${measured ? value.toFixed(2) : `≈ ${value.toFixed(1)}`}` : value === Infinity ? " ∞" : "";
      return [element("span", side, element("i"), `${name}${side === "tv" ? (about?.beside ?? "") : ""}${words}`)];
    });
    legend.replaceChildren(...said);
  }

  return { draw, mark };
}
