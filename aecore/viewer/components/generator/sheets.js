// Sheets of many codes: random ones, and traversals of every unit.

/** @import { ImageShape, Numbers } from "../../js/types.js" */
/** @import { Unit } from "../types.js" */

import { button, element } from "../../js/dom.js";
import { paintImage } from "../../js/images.js";
import { shortNumber, signed } from "../../js/numbers.js";
import { inSlices } from "../pace.js";
import { barsOf } from "./bars.js";
import { asText, idleWords, unitName } from "./words.js";

const AS_NUMBERS = 8; // longer vectors are shown as bars
const SWEEP = 9;

/**
 * One card per image, with the vector it was decoded from above it, as in report 002. Returns a function that stops it.
 * @param {HTMLElement} host
 * @param {object} what
 * @param {Float32Array[]} what.vectors
 * @param {(vector: Float32Array) => Float32Array} what.decode
 * @param {ImageShape} what.shape
 * @param {(image: Numbers) => string} what.say
 * @param {(vector: string) => void} what.pick
 */
export function drawRandom(host, { vectors, decode, shape, say, pick }) {
  host.replaceChildren();
  return inSlices(vectors.length, (i) => {
    const vector = vectors[i], canvas = element("canvas"), image = decode(vector);
    paintImage(canvas, image, shape);
    const numbers = Array.from(vector, signed).join("  ");
    const above = vector.length > AS_NUMBERS ? barsOf(vector) : element("span", "ge-vector", numbers);
    const card = button("ge-card", above, () => pick(asText(vector)), `Random code ${i + 1}, ${say(image)}: open in the sliders`);
    card.append(canvas);
    card.title = vector.length > AS_NUMBERS ? numbers : "";
    host.append(card);
  }, () => (host.dataset.done = String(vectors.length)));
}

/**
 * One row per unit: the base code with only this unit changed, from its lowest to its highest real value. Returns a
 * function that stops it.
 * @param {HTMLElement} host
 * @param {object} what
 * @param {Float32Array} what.base
 * @param {Unit[]} what.units
 * @param {(vector: Float32Array) => Float32Array} what.decode
 * @param {ImageShape} what.shape
 * @param {(vector: string) => void} what.pick
 * @param {string} what.noun
 */
export function drawTraversal(host, { base, units, decode, shape, pick, noun }) {
  host.replaceChildren();
  host.style.setProperty("--steps", String(SWEEP));
  const alive = units.filter((unit) => !unit.dead).sort((a, b) => b.spread - a.spread);
  return inSlices(alive.length, (i) => {
    const unit = alive[i], row = element("div", "ge-row"), name = element("div", "ge-name", unitName(noun, unit));
    const range = `${shortNumber(unit.low)} … ${shortNumber(unit.high)}`;
    name.append(element("small", "", unit.inactive ? "inactive" : range));
    name.title = range;
    row.append(name);
    for (let step = 0; step < SWEEP; step += 1) {
      const vector = Float32Array.from(base), value = unit.low + (step / (SWEEP - 1)) * (unit.high - unit.low);
      vector[unit.index] = value;
      const canvas = element("canvas");
      paintImage(canvas, decode(vector), shape);
      row.append(button("ge-step", canvas, () => pick(asText(vector)), `${unitName(noun, unit)} at ${shortNumber(value)}: open in the sliders`));
    }
    host.append(row);
  }, () => {
    host.append(element("p", "ge-note", idleWords(units, noun)));
    host.dataset.done = String(alive.length);
  });
}
