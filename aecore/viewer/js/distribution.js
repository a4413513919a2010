// How values are distributed: bins, the largest, and the units of a code that vary most.

/** @import { Codes } from "./types.js" */

import { plural } from "./numbers.js";

/**
 * Of what a distribution is: of all points that are shown, or of those that have a value.
 * @param {number} known
 * @param {number} all
 */
export const ofPoints = (known, all) => (known < all ? `of the ${known.toLocaleString("en")} of ${plural(all, "point")} whose codes are kept` : `of ${plural(all, "point")}`);

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
  if (width <= wanted || !rows.length) return all.slice(0, wanted);
  // One pass in the order of memory, as a click on a class waits for it; differences from one row keep the digits.
  const first = rows[0] * width, sums = new Float64Array(width), squares = new Float64Array(width);
  for (const row of rows) {
    for (let unit = 0, at = row * width; unit < width; unit += 1, at += 1) {
      const apart = values[at] - values[first + unit];
      sums[unit] += apart;
      squares[unit] += apart * apart;
    }
  }
  const variance = all.map((unit) => squares[unit] - (sums[unit] * sums[unit]) / rows.length);
  return all.sort((a, b) => variance[b] - variance[a]).slice(0, wanted).sort((a, b) => a - b);
}
