// PSNR over the strength of a corruption: the model's output, and the input as it is; of Gaussian noise over the whole
// test set where that was measured, with total variation beside it.

import { element, svgElement } from "../../js/dom.js";
import { roundTicks, thatFit, tickText } from "../ticks.js";

const HEIGHT = 150, LEFT = 34, RIGHT = 8, TOP = 20, BOTTOM = 22;
/** @type {{ side: Side, name: string }[]} */
const SIDES = [{ side: "model", name: "this model" }, { side: "input", name: "input as it is" }, { side: "tv", name: "total variation" }];

/** @typedef {"model" | "input" | "tv"} Side */
/** @typedef {{ level: number } & Partial<Record<Side, number | null>>} CurvePoint PSNR in dB */

/**
 * A side's PSNR at a strength, on the straight line between those that were measured; NaN outside of them.
 * @param {CurvePoint[]} points ascending
 * @param {Side} side
 * @param {number} level
 */
export function between(points, side, level) {
  const known = points.filter((point) => Number.isFinite(point[side] ?? NaN));
  const after = known.findIndex((point) => point.level >= level - 1e-9);
  if (after < 0) return NaN;
  const end = known[after], start = known[after - 1] ?? end;
  if (Math.abs(end.level - level) < 1e-9) return Number(end[side]);
  if (start === end) return NaN;
  const share = (level - start.level) / (end.level - start.level);
  return Number(start[side]) + share * (Number(end[side]) - Number(start[side]));
}

/**
 * @param {SVGElement} svg
 * @param {HTMLElement} legend
 */
export function createCurve(svg, legend) {
  /** @type {(level: number) => number} */
  let toX = () => 0;
  /** @type {(value: number) => number} */
  let toY = () => 0;
  /** @type {Partial<Record<Side, SVGElement>>} */
  let dots = {};
  /** @typedef {{ low: number, high: number, trained: number | null, name: string, of: string, beside?: string }} Axis
   * `of`: what PSNR is the mean over; `beside`: the same of total variation */
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
    const { low, high, trained, name, of } = axis;
    const finite = points.flatMap((point) => SIDES.map(({ side }) => point[side] ?? NaN)).filter(Number.isFinite);
    const bottom = Math.min(...finite, 10), top = Math.min(Math.max(...finite, 20), bottom + 40);
    toX = (level) => LEFT + ((level - low) / (high - low || 1)) * (width - LEFT - RIGHT);
    toY = (value) => TOP + (1 - (Math.min(value, top) - bottom) / (top - bottom)) * (HEIGHT - TOP - BOTTOM);
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
      const known = points.filter((point) => Number.isFinite(point[side] ?? NaN));
      if (side === "tv" && !known.length) continue;
      const line = known.map((point) => `${toX(point.level).toFixed(1)},${toY(Number(point[side])).toFixed(1)}`);
      nodes.push(svgElement("polyline", { class: side, points: line.join(" ") }));
      dots[side] = svgElement("circle", { class: side, r: side === "model" ? 4.5 : 4 });
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
      dot.style.display = Number.isFinite(value) ? "" : "none";
      dot.setAttribute("cx", String(toX(level)));
      dot.setAttribute("cy", String(toY(Number.isFinite(value) ? value : 0)));
      const words = !say ? "" : Number.isFinite(value) ? ` ${measured ? "" : "≈ "}${value.toFixed(2)}` : value === Infinity ? " ∞" : "";
      return [element("span", side, element("i"), `${name}${side === "tv" ? (about?.beside ?? "") : ""}${words}`)];
    });
    legend.replaceChildren(...said);
  }

  return { draw, mark };
}
