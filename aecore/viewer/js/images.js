// Images (H, W, C) of one or three channels on the [0, 1] scale onto canvases.

/** @import { ImageShape, Numbers } from "./types.js" */

import { context2d } from "./dom.js";

/** Images with more pixels a side are seen as pictures, smaller ones as pixels, whose edges stay sharp. */
const MOST_SHARP = 48;

/**
 * How the page enlarges an image: as pixels (the style sheet's way), or smoothly where there are too many of them to be seen.
 * @param {number} width
 * @param {number} height
 */
export const rendering = (width, height) => (Math.max(width, height) > MOST_SHARP ? "auto" : "");

/**
 * Gives a canvas the size of an image that is painted into it.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 */
export function resize(canvas, width, height) {
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  canvas.style.imageRendering = rendering(width, height);
}

/**
 * The width on the page of an image so many pixels wide: enlarged by the largest whole factor, of the screen's own pixels,
 * with which it is at most `wanted` wide; one that has more pixels is made as small as `wanted`.
 * @param {number} pixels
 * @param {number} wanted
 */
export function wholeWidth(pixels, wanted) {
  const ratio = window.devicePixelRatio || 1;
  return (Math.floor((wanted * ratio) / pixels) * pixels) / ratio || Math.floor(wanted);
}

/**
 * Writes an image into the pixels of an ImageData.
 * @param {Numbers} values
 * @param {number} channels
 * @param {Uint8ClampedArray} pixels
 */
export function toPixels(values, channels, pixels) {
  const wide = channels >= 3;
  for (let i = 0, p = 0; p < pixels.length; i += channels, p += 4) {
    pixels[p] = 255 * values[i]; // the array itself cuts to 0…255 and rounds
    pixels[p + 1] = 255 * values[wide ? i + 1 : i];
    pixels[p + 2] = 255 * values[wide ? i + 2 : i];
    pixels[p + 3] = 255;
  }
}

/**
 * Paints an image into a canvas of its own size; CSS enlarges it.
 * @param {HTMLCanvasElement} canvas
 * @param {Numbers} values
 * @param {ImageShape} shape
 */
export function paintImage(canvas, values, [channels, height, width]) {
  resize(canvas, width, height);
  const context = context2d(canvas), image = context.createImageData(width, height);
  toPixels(values, channels, image.data);
  context.putImageData(image, 0, 0);
}
