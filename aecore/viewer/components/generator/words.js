// Vectors and units as text.

/** @import { Numbers } from "../../js/types.js" */
/** @import { Unit } from "../types.js" */

/**
 * A vector as text for the address.
 * @param {Numbers} vector
 */
export const asText = (vector) => Array.from(vector, (value) => Number(value.toPrecision(4))).join(",");

/**
 * A unit as people count, from 1; data and addresses count from 0.
 * @param {string} noun
 * @param {Unit} unit
 */
export const unitName = (noun, unit) => `${noun} ${unit.index + 1}`;

/**
 * A sentence about dead and inactive units.
 * @param {Unit[]} units
 * @param {string} noun
 */
export function idleWords(units, noun) {
  const dead = units.filter((unit) => unit.dead), inactive = units.filter((unit) => unit.inactive);
  /** @param {Unit[]} some */
  const named = (some) => `${noun}${some.length === 1 ? "" : "s"} ${some.map((unit) => unit.index + 1).join(", ")}`;
  const said = [];
  if (dead.length) said.push(`Dead (constant over all images): ${named(dead)}.`);
  if (inactive.length) said.push(`Inactive (hardly depends on the image): ${named(inactive)}.`);
  return said.join(" ");
}
