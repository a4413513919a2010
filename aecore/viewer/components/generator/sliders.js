// A slider per unit, over a histogram of the real codes.

/** @import { Unit } from "../types.js" */

import { element, svgElement } from "../../js/dom.js";
import { shortNumber, signed } from "../../js/numbers.js";
import { unitName } from "./words.js";

const BEYOND = 0.25; // how far sliders extend past the real codes, as a fraction of their range

/**
 * @param {HTMLElement} host
 * @param {() => void} changed
 */
export function createSliders(host, changed) {
  /** @type {{ unit: Unit, input: HTMLInputElement, value: HTMLOutputElement }[]} */
  let sliders = [];

  /**
   * Sliders that change `vector` in place; a double click resets one to its value in `start`.
   * @param {Unit[]} units
   * @param {string} noun
   * @param {Float32Array} vector
   * @param {Float32Array} start
   */
  function build(units, noun, vector, start) {
    host.replaceChildren();
    sliders = units.filter((unit) => !unit.dead).map((unit) => {
      const { index } = unit, low = unit.low - BEYOND * (unit.high - unit.low), high = unit.high + BEYOND * (unit.high - unit.low);
      const input = element("input"), value = element("output"), at = vector[index];
      Object.assign(input, { type: "range", min: Math.min(low, at), max: Math.max(high, at), step: "any" });
      input.value = String(at);
      input.dataset.unit = String(index);
      input.setAttribute("aria-label", `${unitName(noun, unit)}, real codes from ${shortNumber(unit.low)} to ${shortNumber(unit.high)}`);
      input.oninput = () => {
        vector[index] = Number(input.value);
        changed();
      };
      input.ondblclick = () => {
        vector[index] = start[index];
        changed();
      };
      const label = element("label", "ge-unit", element("span", "", element("span", "", unitName(noun, unit)), value));
      if (unit.histogram.length) label.append(histogram(unit, low, high));
      label.append(input);
      label.classList.toggle("ge-inactive", unit.inactive);
      host.append(label);
      return { unit, input, value };
    });
  }

  /** @param {Float32Array} vector */
  function show(vector) {
    for (const { unit, input, value } of sliders) {
      const at = vector[unit.index];
      if (Number(input.value) !== at) input.value = String(at);
      value.textContent = signed(at);
    }
  }

  /** Scroll to a unit's slider, which the keyboard then moves. @param {number} unit */
  function seek(unit) {
    const found = sliders.find((slider) => slider.unit.index === unit);
    if (!found) return;
    const label = /** @type {HTMLElement} */ (found.input.parentElement);
    label.classList.add("ge-sought");
    label.scrollIntoView({ block: "center" });
    found.input.focus({ preventScroll: true });
  }

  return { build, show, seek };
}

/**
 * Histogram of the real codes over the slider's whole range.
 * @param {Unit} unit
 * @param {number} from
 * @param {number} to
 */
function histogram({ low, high, histogram: bins }, from, to) {
  const svg = svgElement("svg", { viewBox: "0 0 100 26", preserveAspectRatio: "none", "aria-hidden": "true" });
  const most = Math.max(...bins, 1), left = ((low - from) / (to - from)) * 100;
  const wide = (((high - low) / (to - from)) * 100) / bins.length;
  bins.forEach((count, i) => {
    const height = (count / most) * 25;
    svg.append(svgElement("rect", { x: left + i * wide, y: 26 - height, width: wide * 0.86, height }));
  });
  svg.append(svgElement("line", { x1: 0, x2: 100, y1: 26, y2: 26, "vector-effect": "non-scaling-stroke" }));
  return svg;
}
