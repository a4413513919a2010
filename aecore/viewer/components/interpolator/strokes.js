// Slant and thickness of the strokes in an image, as `aecore.metrics.strokes` defines and measures them.

/** @import { ImageShape, Numbers } from "../../js/types.js" */

const FAINTEST = 0.1;

/**
 * Brightness relative to the brightest pixel, row by row; null for an image without strokes.
 * @param {Numbers} image (H, W, C)
 * @param {ImageShape} shape
 */
function brightness(image, [channels, height, width]) {
  const bright = new Float64Array(height * width);
  let most = 0;
  for (let i = 0; i < bright.length; i += 1) {
    for (let c = 0; c < channels; c += 1) bright[i] = Math.max(bright[i], image[i * channels + c]);
    bright[i] = Math.min(bright[i], 1);
    most = Math.max(most, bright[i]);
  }
  if (!(most >= FAINTEST)) return null;
  for (let i = 0; i < bright.length; i += 1) bright[i] /= most;
  return bright;
}

/**
 * In degrees from upright, positive to the right; NaN without strokes.
 * @param {Numbers} image (H, W, C) on the [0, 1] scale
 * @param {ImageShape} shape
 */
function slant(image, shape) {
  const bright = brightness(image, shape), [, height, width] = shape;
  if (!bright) return NaN;
  let total = 0, x = 0, y = 0, xy = 0, yy = 0;
  for (let row = 0, i = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1, i += 1) {
      const ink = Math.min(Math.max(2 * bright[i] - 0.5, 0), 1);
      total += ink;
      x += ink * column;
      y += ink * row;
      xy += ink * column * row;
      yy += ink * row * row;
    }
  }
  const covariance = xy - (x * y) / total, tall = yy - (y * y) / total;
  return tall > 1e-9 * total ? (Math.atan(-covariance / tall) * 180) / Math.PI : NaN;
}

/**
 * 2 · area / perimeter, in pixels; NaN without strokes.
 * @param {Numbers} image (H, W, C) on the [0, 1] scale
 * @param {ImageShape} shape
 */
function thickness(image, shape) {
  const bright = brightness(image, shape), [, height, width] = shape;
  if (!bright) return NaN;
  /** @type {(row: number, column: number) => number} */
  const at = (row, column) => (row < 0 || column < 0 || row >= height || column >= width ? 0 : bright[row * width + column]) - 0.5;
  const cut = { area: 0, length: 0 };
  for (let row = -1; row < height; row += 1) {
    for (let column = -1; column < width; column += 1) {
      const a = at(row, column), b = at(row, column + 1), c = at(row + 1, column + 1), d = at(row + 1, column);
      if (a <= 0 && b <= 0 && c <= 0 && d <= 0) continue;
      const middle = (a + b + c + d) / 4;
      triangle(a, b, middle, cut);
      triangle(b, c, middle, cut);
      triangle(c, d, middle, cut);
      triangle(d, a, middle, cut);
    }
  }
  return (2 * cut.area) / cut.length;
}

/**
 * Adds where a triangle with these values at the ends of a side of length 1, and half a pixel above its middle, is
 * positive, and the length of the line where it is 0.
 * @param {number} a
 * @param {number} b
 * @param {number} m
 * @param {{ area: number, length: number }} sum
 */
function triangle(a, b, m, sum) {
  const count = Number(a > 0) + Number(b > 0) + Number(m > 0);
  if (count === 0) return;
  if (count === 3) {
    sum.area += 0.25;
    return;
  }
  const single = count === 1; // the corner alone on its side of the line is positive
  const values = [a, b, m], places = [[0, 0], [1, 0], [0.5, 0.5]], alone = values.findIndex((value) => value > 0 === single);
  const [first, second] = [1, 2].map((step) => {
    const other = (alone + step) % 3, share = values[alone] / (values[alone] - values[other]);
    return { share, x: share * (places[other][0] - places[alone][0]), y: share * (places[other][1] - places[alone][1]) };
  });
  const corner = 0.25 * first.share * second.share;
  sum.area += single ? corner : 0.25 - corner;
  sum.length += Math.hypot(first.x - second.x, first.y - second.y);
}

export const MEASURES = { slant, thickness };
