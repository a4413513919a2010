// Where an output errs: its distance from the clean image, in the colour of the theme.

/** @import { ImageShape, Rgb } from "../../js/types.js" */

import { context2d } from "../../js/dom.js";
import { resize } from "../../js/images.js";
import { toRgb } from "../../js/theme.js";

/**
 * The colour of the theme. Asking for it takes longer than painting a map: once is enough for all of them.
 * @param {HTMLElement} root
 * @returns {Rgb}
 */
export const errorColor = (root) => toRgb(getComputedStyle(root).getPropertyValue("--st-primary-color").trim() || "#2f5da8");

/**
 * Absolute errors, the mean over the channels, at full intensity for `scale`.
 * @param {HTMLCanvasElement} canvas
 * @param {Float32Array} clean
 * @param {Float32Array} output
 * @param {ImageShape} shape
 * @param {number} scale
 * @param {Rgb} color
 */
export function paintError(canvas, clean, output, [channels, height, width], scale, [red, green, blue]) {
  resize(canvas, width, height);
  const context = context2d(canvas), image = context.createImageData(width, height), pixels = image.data;
  for (let p = 0; p < height * width; p += 1) {
    let sum = 0;
    for (let k = 0; k < channels; k += 1) sum += Math.abs(output[p * channels + k] - clean[p * channels + k]);
    pixels.set([red, green, blue, Math.min((255 * sum) / channels / scale, 255)], 4 * p);
  }
  context.putImageData(image, 0, 0);
}
