// The filters of a linear decoder: a small picture for every unit.

/** @import { ImageShape } from "../../js/types.js" */
/** @import { Filters, Unit } from "../types.js" */

import { fromBase64 } from "../../js/bytes.js";
import { button, context2d, element } from "../../js/dom.js";
import { classColors, toRgb } from "../../js/theme.js";

/**
 * @param {HTMLElement} host
 * @param {Filters} filters
 * @param {Unit[]} units
 * @param {ImageShape} shape
 * @param {(unit: number) => void} open
 */
export function drawFilters(host, { order, captions, shades }, units, shape, open) {
  const weights = new Int8Array(fromBase64(shades).buffer), size = weights.length / Math.max(order.length, 1);
  const [brighter, darker] = classColors(host).map(toRgb);
  host.replaceChildren(...order.map((unit, place) => {
    const canvas = element("canvas"), [name, ...more] = captions[place], { dead } = units[unit];
    paint(canvas, weights.subarray(place * size, (place + 1) * size), shape, brighter, darker);
    const words = element("span", "ge-filter-name", element("b", "", name), ...more.map((line) => element("span", "", line)));
    const card = button("ge-filter", canvas, () => open(unit), `Filter of ${[name, ...more].join(", ")}${dead ? "" : ": open its slider"}`);
    card.append(words);
    card.disabled = dead;
    return card;
  }));
  host.dataset.done = String(order.length);
}

/**
 * Weights in one channel have the colour of their sign, the more of it the larger they are, and are clear where they are
 * 0, so that the ground of any theme shows; those of colour images are colours around grey.
 * @param {HTMLCanvasElement} canvas
 * @param {Int8Array} weights
 * @param {ImageShape} shape
 * @param {number[]} brighter
 * @param {number[]} darker
 */
function paint(canvas, weights, [channels, height, width], brighter, darker) {
  Object.assign(canvas, { width, height });
  const context = context2d(canvas), picture = context.createImageData(width, height);
  for (let i = 0; i < width * height; i += 1) {
    const rgb = channels === 3 ? [0, 1, 2].map((c) => 127.5 * (1 + weights[3 * i + c] / 127)) : weights[channels * i] < 0 ? darker : brighter;
    const clear = channels === 3 ? 255 : Math.round((255 * Math.abs(weights[channels * i])) / 127);
    picture.data.set([rgb[0], rgb[1], rgb[2], clear], 4 * i);
  }
  context.putImageData(picture, 0, 0);
}
