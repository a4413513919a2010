// A run's networks and real codes, ready to use, and their results as text.

/** @import { ImageShape, Network, Numbers } from "../js/types.js" */
/** @import { CodesAsset, NetworkAsset, RealCodes } from "./types.js" */

import { floats, fromBase64, fromHalves, typed } from "../js/bytes.js";
import { nearestCodes, usualDistance } from "../js/neighbours.js";
import { createNetwork } from "../js/network.js";
import { percent, shortNumber } from "../js/numbers.js";
import { readScores } from "../js/scores.js";

/** @param {NetworkAsset} asset */
export const networkOf = (asset) => createNetwork(asset.header.ops, floats(asset.weights));

/**
 * @param {CodesAsset} asset
 * @returns {RealCodes}
 */
export function realCodesOf({ codes: bytes, size, half = false, indices: numbers, labels }) {
  const codes = { values: half ? fromHalves(bytes) : floats(bytes), width: size }, indices = typed(Int32Array, numbers), rows = Array.from(indices.keys());
  /** @param {Numbers} code */
  const nearest = (code) => nearestCodes(codes, code, rows, 1)[0] ?? { row: -1, distance: Infinity };
  return {
    nearest,
    describe(code, classes) {
      const { row, distance } = nearest(code), label = labels[row];
      return `test image ${indices[row]} · ${classes[label] ?? label}, distance ${shortNumber(distance)}`;
    },
    usual: () => usualDistance(codes),
  };
}

/**
 * Rows of `size` numbers from base64 of float32.
 * @param {string} base64
 * @param {number} size
 */
export function rowsOf(base64, size) {
  const all = floats(fromBase64(base64));
  return Array.from({ length: all.length / size }, (_, i) => all.subarray(i * size, (i + 1) * size));
}

/** @param {ImageShape} shape */
export const sizeOf = ([channels, height, width]) => channels * height * width;

/**
 * What the classifier reads in an image; empty without one.
 * @param {Network | null} read
 * @param {Numbers} image
 * @param {string[]} classes
 */
export function reading(read, image, classes) {
  if (!read) return "";
  const { digit, sure } = readScores(read(image));
  return `classifier reads ${classes[digit] ?? digit} (${percent(sure)})`;
}
