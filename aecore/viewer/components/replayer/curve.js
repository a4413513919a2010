// The loss curves of all runs over the epoch axis shared with the slider above.

/** @import { CurveLine, EpochAxis, LossPoint } from "../types.js" */

import { svgElement } from "../../js/dom.js";
import { logTicks, tickText } from "../ticks.js";
import { epochText } from "./axis.js";

const LEFT = 52, RIGHT = 14, TOP = 20, BOTTOM = 24, HEIGHT = 150;
const NAME_WIDTH = 36; // of "epoch" below the axis
const MOST_TICKS = 7;

/**
 * @param {SVGElement} svg
 * @param {(share: number) => void} scrubTo
 */
export function createCurve(svg, scrubTo) {
  let width = 0;
  /** @type {EpochAxis | null} */
  let axis = null;
  /** @type {SVGElement | null} */
  let marker = null;
  /** @type {SVGElement[]} */
  let dots = [];
  /** @type {(value: number) => number} */
  let toY = () => 0;
  const plotWidth = () => Math.max(width - LEFT - RIGHT, 40);
  /** @param {number} share */
  const toX = (share) => LEFT + share * plotWidth();

  /** @type {typeof svgElement} */
  const add = (name, attributes, text) => svg.appendChild(svgElement(name, attributes, text));

  /**
   * Draw everything that does not change while scrubbing.
   * @param {EpochAxis} newAxis
   * @param {CurveLine[]} lines
   * @param {number} newWidth
   */
  function draw(newAxis, lines, newWidth) {
    [axis, width] = [newAxis, newWidth];
    svg.replaceChildren();
    svg.setAttribute("viewBox", `0 0 ${width} ${TOP + HEIGHT + BOTTOM}`);
    svg.setAttribute("height", String(TOP + HEIGHT + BOTTOM));
    add("text", { x: LEFT, y: TOP - 8, class: "title" }, "Loss");
    drawGrid(newAxis, lines);
    for (const line of lines) {
      /** @type {Record<string, string>} */
      const dashes = line.dashed ? { "stroke-dasharray": "3 3" } : {};
      add("path", { d: path(newAxis, line), class: "line", stroke: line.color, ...dashes });
    }
    marker = add("line", { y1: TOP - 4, y2: TOP + HEIGHT, class: "marker" });
    dots = lines.map((line) => add("circle", { r: 4.5, class: "dot", fill: line.color }));
  }

  /**
   * @param {EpochAxis} axis
   * @param {CurveLine[]} lines
   */
  function drawGrid(axis, lines) {
    const shown = lines.flatMap((line) => line.values.filter((_, i) => isShown(axis, line, i)));
    let [low, high] = shown.length ? [Math.min(...shown), Math.max(...shown)].map(Math.log10) : [-2, 0];
    const margin = Math.max((high - low) * 0.06, low === high ? 0.3 : 0.01);
    [low, high] = [low - margin, high + margin];
    toY = (value) => TOP + HEIGHT * (1 - (Math.log10(value) - low) / (high - low));
    for (const value of logTicks(low, high, MOST_TICKS)) {
      const y = toY(value);
      add("line", { x1: LEFT, x2: width - RIGHT, y1: y, y2: y, class: "grid" });
      add("text", { x: LEFT - 8, y: y + 4, "text-anchor": "end" }, tickText(value));
    }
    add("text", { x: 0, y: TOP + HEIGHT + 17 }, "epoch");
    for (const epoch of axis.ticks(plotWidth(), (tick) => toX(axis.toShare(tick)), NAME_WIDTH)) {
      const x = toX(axis.toShare(epoch));
      add("line", { x1: x, x2: x, y1: TOP, y2: TOP + HEIGHT, class: "grid" });
      add("text", { x, y: TOP + HEIGHT + 17, "text-anchor": "middle" }, epochText(epoch));
    }
  }

  /** @type {(axis: EpochAxis, line: CurveLine, i: number) => boolean} */
  const isShown = ({ first, last }, { values, epochs }, i) =>
    values[i] > 0 && epochs[i] >= first - 1e-3 && epochs[i] <= last + 1e-3;

  /**
   * @param {EpochAxis} axis
   * @param {CurveLine} line
   */
  function path(axis, line) {
    let text = "", pen = "M";
    line.values.forEach((value, i) => {
      if (!isShown(axis, line, i)) {
        pen = "M";
        return;
      }
      text += `${pen}${toX(axis.toShare(line.epochs[i])).toFixed(1)} ${toY(value).toFixed(1)}`;
      pen = "L";
    });
    return text;
  }

  /**
   * Move the marker to a share of the width and the dots to one point each.
   * @param {number} share
   * @param {(LossPoint | null)[]} points
   * @param {string} alt
   */
  function mark(share, points, alt) {
    if (!axis || !marker) return;
    const { first, toShare } = axis, x = String(toX(share));
    marker.setAttribute("x1", x);
    marker.setAttribute("x2", x);
    dots.forEach((dot, i) => {
      const point = points[i], visible = point !== null && point.value > 0 && point.epoch >= first - 1e-3;
      dot.style.display = visible ? "" : "none";
      if (!visible) return;
      dot.setAttribute("cx", String(toX(toShare(point.epoch))));
      dot.setAttribute("cy", String(toY(point.value)));
    });
    svg.setAttribute("aria-label", alt);
  }

  /** @param {PointerEvent} event */
  const scrub = (event) => {
    scrubTo((event.clientX - svg.getBoundingClientRect().left - LEFT) / plotWidth());
  };
  svg.onpointerdown = (event) => {
    if (event.button !== 0 || !axis) return;
    svg.setPointerCapture(event.pointerId);
    scrub(event);
  };
  svg.onmousedown = (event) => event.preventDefault(); // would take the focus from the slider
  svg.onpointermove = (event) => {
    if (svg.hasPointerCapture(event.pointerId)) scrub(event);
  };

  return { draw, mark };
}
