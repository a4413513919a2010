// A selection of points as a short text for an address, as `aecore.latent.directions` reads it.

export const MOST_POINTS = 1000;

/**
 * The numbers of points: gaps between ascending numbers, seven bits a byte with the last part of each marked by a clear
 * top bit, in the URL's base 64.
 * @param {Iterable<number>} indices
 */
export function packPoints(indices) {
  /** @type {number[]} */
  const bytes = [];
  let before = -1;
  for (const index of [...new Set(indices)].sort((a, b) => a - b)) {
    let gap = index - before - 1;
    before = index;
    const parts = [gap & 127];
    while ((gap = gap >>> 7)) parts.push((gap & 127) | 128);
    bytes.push(...parts.reverse());
  }
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * At most `MOST_POINTS` of the points, evenly spaced among them in ascending order.
 * @param {Iterable<number>} indices
 */
export function thinned(indices) {
  const all = [...indices].sort((a, b) => a - b), count = Math.min(all.length, MOST_POINTS);
  return Array.from({ length: count }, (_, i) => all[Math.floor((i * all.length) / count)]);
}
