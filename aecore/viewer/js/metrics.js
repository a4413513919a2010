// How close an image is to the clean one, as `aecore.metrics.image` measures it. Images are (H, W, C) on the [0, 1] scale.

/** @import { ImageShape, Numbers } from "./types.js" */

const WINDOW = 7, C1 = 0.01 ** 2, C2 = 0.03 ** 2;

/**
 * Mean squared difference over all values.
 * @param {Numbers} clean
 * @param {Numbers} other
 */
export function meanSquare(clean, other) {
  let sum = 0;
  for (let i = 0; i < clean.length; i += 1) sum += (other[i] - clean[i]) ** 2;
  return sum / clean.length;
}

/** @param {number} mse */
export const decibels = (mse) => 10 * Math.log10(1 / mse);

/**
 * The structural similarity of Wang et al. 2004: uniform windows of 7×7 pixels within the image, sample covariance, data
 * range 1, the mean over windows and channels. Null for images that are smaller than a window.
 * @param {Numbers} clean
 * @param {Numbers} other
 * @param {ImageShape} shape
 */
export function similarity(clean, other, [channels, height, width]) {
  if (height < WINDOW || width < WINDOW) return null;
  const count = WINDOW ** 2, sample = count / (count - 1), down = height - WINDOW + 1, across = width - WINDOW + 1;
  let total = 0;
  for (let k = 0; k < channels; k += 1) {
    // Sums of a, b, a² + b² and a·b over seven rows, one for each column, which move down a row at a time.
    const [as, bs, squares, products] = [0, 1, 2, 3].map(() => new Float64Array(width));
    /** @type {(row: number, sign: number) => void} */
    const addRow = (row, sign) => {
      for (let c = 0; c < width; c += 1) {
        const at = (row * width + c) * channels + k, a = clean[at], b = other[at];
        as[c] += sign * a;
        bs[c] += sign * b;
        squares[c] += sign * (a * a + b * b);
        products[c] += sign * a * b;
      }
    };
    for (let r = 0; r < WINDOW; r += 1) addRow(r, 1);
    for (let r = 0; ; r += 1) {
      for (let c = 0; c < across; c += 1) {
        let a = 0, b = 0, square = 0, product = 0;
        for (let i = c; i < c + WINDOW; i += 1) {
          a += as[i];
          b += bs[i];
          square += squares[i];
          product += products[i];
        }
        [a, b, square, product] = [a / count, b / count, square / count, product / count];
        const above = (2 * a * b + C1) * (2 * sample * (product - a * b) + C2);
        total += above / ((a * a + b * b + C1) * (sample * (square - a * a - b * b) + C2));
      }
      if (r + 1 >= down) break;
      addRow(r, -1);
      addRow(r + WINDOW, 1);
    }
  }
  return total / (channels * down * across);
}
