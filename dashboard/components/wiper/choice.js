// Which two layers are shown and where the divider is, as one parameter of the address: `noisy,output,0.420`.

import { clamp } from "../../../aecore/viewer/js/numbers.js";

/** @typedef {{ left: string, right: string, at: number }} Choice */

/**
 * What a text of the address means for these layers; the usual two in the middle where it means nothing.
 * @param {string | null} text
 * @param {string[]} keys of the layers
 * @param {string[]} usual keys of two of them
 * @returns {Choice}
 */
export function choiceOf(text, keys, [usualLeft, usualRight]) {
  const [left, right, place] = (text ?? "").split(","), at = Number.parseFloat(place ?? "");
  return {
    left: keys.includes(left) ? left : usualLeft,
    right: keys.includes(right ?? "") ? right : usualRight,
    at: Number.isFinite(at) ? clamp(at, 0, 1) : 0.5,
  };
}

/** @param {Choice} choice */
export const textOf = ({ left, right, at }) => `${left},${right},${at.toFixed(3)}`;
