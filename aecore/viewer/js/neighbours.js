// Real codes to look for neighbours in. `codes` are `values` (N, `width`), row by row.

/** @import { Codes, Numbers } from "./types.js" */

/**
 * The `many` rows whose codes are nearest to `code` among `rows`, nearest first; `but` is left out.
 * @param {Codes} codes
 * @param {Numbers} code
 * @param {Iterable<number>} rows those below 0 are passed over
 * @param {number} many
 * @param {number} [but]
 * @returns {{ row: number, distance: number }[]}
 */
export function nearestCodes(codes, code, rows, many, but = -1) {
  /** @type {{ row: number, square: number }[]} */
  const best = [];
  for (const row of rows) {
    if (row < 0 || row === but) continue;
    const from = row * codes.width, limit = best.length < many ? Infinity : best[many - 1].square;
    let square = 0;
    for (let k = 0; k < codes.width && square < limit; k += 1) square += (codes.values[from + k] - code[k]) ** 2;
    if (square >= limit) continue;
    let at = best.length;
    while (at > 0 && best[at - 1].square > square) at -= 1;
    best.splice(at, 0, { row, square });
    if (best.length > many) best.pop();
  }
  return best.map(({ row, square }) => ({ row, distance: Math.sqrt(square) }));
}

/**
 * @param {Codes} codes
 * @param {number[]} rows
 */
export function meanCode(codes, rows) {
  const mean = new Float64Array(codes.width);
  for (const row of rows) for (let k = 0; k < codes.width; k += 1) mean[k] += codes.values[row * codes.width + k] / rows.length;
  return mean;
}

/**
 * The median distance from a real code to its nearest, over at most about 100 of them.
 * @param {Codes} codes
 */
export function usualDistance(codes) {
  const count = codes.values.length / codes.width, step = Math.max(1, Math.floor(count / 100));
  const rows = Array.from({ length: count }, (_, row) => row), found = [];
  for (let row = 0; row < count; row += step) {
    const code = codes.values.subarray(row * codes.width, (row + 1) * codes.width);
    found.push(nearestCodes(codes, code, rows, 1, row)[0]?.distance ?? Infinity);
  }
  return found.sort((a, b) => a - b)[Math.floor(found.length / 2)];
}
