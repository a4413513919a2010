// How far along a direction, and what is measured in an image on the way.

/** @import { Numbers } from "../../js/types.js" */
/** @import { DirectionData, Interpolation } from "../types.js" */

import { reading } from "../networks.js";
import { MEASURES } from "./strokes.js";

/**
 * The amount at a share of the slider, whose middle is 0.
 * @param {DirectionData} direction
 * @param {number} share
 */
export const amountAt = ({ reach }, share) => (2 * share - 1) * reach;

/**
 * With its sign and its unit; where 1 is the whole way, "+0.50 of the way".
 * @param {DirectionData} direction
 * @param {number} amount
 */
export const amountText = (direction, amount) => signedText(direction, amount) + (direction.quantity ? "" : " of the way");

/**
 * With as many decimals as a slider of this reach has use for, and the unit of a quantity.
 * @param {DirectionData} direction
 * @param {number} amount
 */
export function signedText({ reach, unit }, amount) {
  const size = Math.abs(amount).toFixed(reach >= 10 ? 1 : 2), sign = Number(size) === 0 ? "" : amount < 0 ? "−" : "+";
  return `${sign}${size}${unit}`;
}

/**
 * A round amount, without zeros at the end.
 * @param {DirectionData} direction
 * @param {number} amount
 */
export const roundText = (direction, amount) => signedText(direction, amount).replace(/\.?0+(?=\D*$)/, "");

/**
 * What is measured in an image and what the classifier reads there.
 * @param {Interpolation} shown
 * @param {Numbers} image
 */
export function imageWords({ data, read }, image) {
  const { direction, shape, classes } = data, words = [];
  if (direction?.quantity) {
    const value = MEASURES[direction.quantity](image, shape);
    const text = Number.isFinite(value) ? signedText(direction, value).replace("+", "") : "not measurable";
    words.push(`${direction.quantity} ${text}`);
  }
  if (read) words.push(reading(read, image, classes));
  return words.join(", ");
}
