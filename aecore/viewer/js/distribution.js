// How values are distributed: bins, the largest, and the units of a code that vary most.

/** @import { Codes } from "./types.js" */

/**
 * Counts in `bins` bins of equal width from the lowest to the highest value.
 * @param {number[]} values finite
 * @param {number} bins
 */
export function binned(values, bins) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const counts = new Array(bins).fill(0), width = high - low;
  for (const value of values) counts[width > 0 ? Math.min(Math.floor(((value - low) / width) * bins), bins - 1) : 0] += 1;
  return { counts: /** @type {number[]} */ (counts), low, high };
}

/**
 * Rows with the largest values, the largest first; NaN is left out.
 * @param {number} count
 * @param {number} wanted
 * @param {(row: number) => number} value
 */
export function largest(count, wanted, value) {
  /** @type {[number, number][]} */
  const found = [];
  for (let row = 0; row < count; row += 1) {
    const own = value(row);
    if (Number.isNaN(own) || (found.length === wanted && own <= found[wanted - 1][0])) continue;
    let at = found.length;
    while (at > 0 && found[at - 1][0] < own) at -= 1;
    found.splice(at, 0, [own, row]);
    if (found.length > wanted) found.pop();
  }
  return found.map(([, row]) => row);
}

/**
 * The units with the largest variance over these rows, in the order of the code.
 * @param {Codes} codes
 * @param {number[]} rows
 * @param {number} wanted
 */
export function widest({ width, values }, rows, wanted) {
  const all = Array.from({ length: width }, (_, unit) => unit);
  if (width <= wanted) return all;
  const variance = all.map((unit) => {
    let mean = 0, squares = 0;
    rows.forEach((row, i) => {
      const apart = values[row * width + unit] - mean;
      mean += apart / (i + 1);
      squares += apart * (values[row * width + unit] - mean);
    });
    return squares;
  });
  return all.sort((a, b) => variance[b] - variance[a]).slice(0, wanted).sort((a, b) => a - b);
}
