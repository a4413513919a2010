// PSNR over the strength of a corruption: the model's output, and the input as it is.

import { svgElement } from "../../../aecore/viewer/js/dom.js";
import { roundTicks, thatFit, tickText } from "../../../aecore/viewer/components/ticks.js";

const HEIGHT = 150, LEFT = 34, RIGHT = 8, TOP = 20, BOTTOM = 22;

/** @typedef {{ level: number, input: number, model: number }} CurvePoint PSNR in dB */

/** @param {SVGElement} svg */
export function createCurve(svg) {
  /** @type {(level: number) => number} */
  let toX = () => 0;
  /** @type {(value: number) => number} */
  let toY = () => 0;
  /** @type {SVGElement[]} */
  let dots = [];

  /**
   * @param {CurvePoint[]} points
   * @param {{ low: number, high: number, trained: number | null, name: string }} axis
   */
  function draw(points, { low, high, trained, name }) {
    const width = Math.max(Math.floor(svg.getBoundingClientRect().width), 200), values = points.flatMap(({ input, model }) => [input, model]);
    const finite = values.filter(Number.isFinite), bottom = Math.min(...finite, 10), top = Math.min(Math.max(...finite, 20), bottom + 40);
    toX = (level) => LEFT + ((level - low) / (high - low || 1)) * (width - LEFT - RIGHT);
    toY = (value) => TOP + (1 - (Math.min(value, top) - bottom) / (top - bottom)) * (HEIGHT - TOP - BOTTOM);
    /** @type {SVGElement[]} */
    const nodes = [svgElement("text", { x: 0, y: 11 }, "PSNR, dB")];
    for (const value of roundTicks(bottom, top, 4)) {
      nodes.push(svgElement("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: toY(value), y2: toY(value) }));
      nodes.push(svgElement("text", { x: LEFT - 6, y: toY(value) + 4, "text-anchor": "end" }, tickText(value)));
    }
    const ticks = thatFit(roundTicks(low, high, 6), toX, (tick) => tickText(tick).length * 7 + 12);
    for (const tick of ticks) nodes.push(svgElement("text", { x: toX(tick), y: HEIGHT - 4, "text-anchor": "middle" }, tickText(tick)));
    if (trained !== null) nodes.push(svgElement("line", { class: "trained", x1: toX(trained), x2: toX(trained), y1: TOP, y2: HEIGHT - BOTTOM }));
    for (const side of /** @type {("input" | "model")[]} */ (["input", "model"])) {
      const line = points.filter((point) => Number.isFinite(point[side])).map((point) => `${toX(point.level).toFixed(1)},${toY(point[side]).toFixed(1)}`);
      nodes.push(svgElement("polyline", { class: side, points: line.join(" ") }));
    }
    dots = [svgElement("circle", { class: "input", r: 4 }), svgElement("circle", { class: "model", r: 4.5 })];
    svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    svg.replaceChildren(...nodes, ...dots);
    svg.setAttribute("aria-label", `PSNR over ${name}, of this model's output and of its input as it is, dashed`);
  }

  /** @param {CurvePoint} point */
  function mark({ level, input, model }) {
    [input, model].forEach((value, i) => {
      const dot = dots[i];
      if (!dot) return;
      dot.style.display = Number.isFinite(value) ? "" : "none";
      dot.setAttribute("cx", String(toX(level)));
      dot.setAttribute("cy", String(toY(Number.isFinite(value) ? value : 0)));
    });
  }

  return { draw, mark };
}
