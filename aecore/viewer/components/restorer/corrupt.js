// Corruptions whose strength follows the hand: the random numbers of an image stay, so that one sees this noise grow.

/** @import { ImageShape } from "../../js/types.js" */
/** @import { LossKind } from "../types.js" */

const LAST = 2 ** 32;

/**
 * Mulberry32: numbers from 0 up to 1, the same for the same seed in every browser.
 * @param {number} seed
 */
export function uniforms(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / LAST;
  };
}

/**
 * Standard normal numbers by the method of Box and Muller, two from two uniform ones.
 * @param {number} count
 * @param {number} seed
 */
export function normals(count, seed) {
  const next = uniforms(seed), values = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - next())), angle = 2 * Math.PI * next();
    values[i] = radius * Math.cos(angle);
    if (i + 1 < count) values[i + 1] = radius * Math.sin(angle);
  }
  return values;
}

/**
 * The random numbers of one image: a normal one for each value, a uniform one for each pixel, and two for a place.
 * @typedef {{ normal: Float32Array, uniform: Float32Array, place: [number, number] }} Draw
 */

/**
 * @param {ImageShape} shape
 * @param {number} number of the image
 * @param {number} draw which of its draws
 * @returns {Draw}
 */
export function drawOf([channels, height, width], number, draw) {
  const seed = Math.imul(number + 1, 0x9e3779b1) ^ Math.imul(draw + 1, 0x85ebca6b), next = uniforms(seed ^ 0x5bd1e995);
  const uniform = Float32Array.from({ length: height * width }, next);
  return { normal: normals(channels * height * width, seed), uniform, place: [next(), next()] };
}

/**
 * Writes an image (H, W, C) on the [0, 1] scale with that strength of a corruption into `out`, as `aecore.data.corruption`
 * does it. The standard deviation of Gaussian noise is given in the model's range, `span` wide.
 * @param {Float32Array} clean
 * @param {Float32Array} out
 * @param {Draw} draw
 * @param {{ kind: LossKind, level: number, span: number, clamp: boolean, shape: ImageShape }} asked
 */
export function corrupt(clean, out, { normal, uniform, place }, { kind, level, span, clamp, shape: [channels, height, width] }) {
  out.set(clean);
  if (kind === "gaussian" || kind === "speckle") {
    const scale = kind === "gaussian" ? level / span : level;
    for (let i = 0; i < out.length; i += 1) {
      const value = clean[i] + scale * normal[i] * (kind === "speckle" ? clean[i] : 1);
      out[i] = clamp ? Math.min(Math.max(value, 0), 1) : value;
    }
    return;
  }
  if (kind === "masking" || kind === "salt-pepper") {
    for (let p = 0; p < uniform.length; p += 1) {
      if (uniform[p] >= level) continue;
      out.fill(kind === "salt-pepper" && uniform[p] < level / 2 ? 1 : 0, p * channels, (p + 1) * channels);
    }
    return;
  }
  const [top, rows] = spanOf(place[0], height, level);
  const [left, columns] = kind === "rows" ? [0, width] : spanOf(place[1], width, level);
  for (let r = top; r < top + rows; r += 1) out.fill(0, (r * width + left) * channels, (r * width + left + columns) * channels);
}

/**
 * The first of `size` neighbouring pixels of a line, and how many there are. It grows around its middle as far as it can.
 * @param {number} at from 0 to 1
 * @param {number} length
 * @param {number} size
 */
function spanOf(at, length, size) {
  const kept = Math.min(size, length);
  return [Math.min(Math.max(Math.round(at * length - kept / 2), 0), length - kept), kept];
}
