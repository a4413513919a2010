// Vectors and units as text.

/** @import { Numbers } from "../../../aecore/viewer/js/types.js" */
/** @import { Unit } from "../types.js" */

/**
 * A vector as the address holds it.
 * @param {Numbers} vector
 */
export const asText = (vector) => Array.from(vector, (value) => Number(value.toPrecision(4))).join(",");

/**
 * Which units say nothing, in words.
 * @param {Unit[]} units
 * @param {string} noun
 */
export function idleWords(units, noun) {
  const dead = units.filter((unit) => unit.dead), inactive = units.filter((unit) => unit.inactive);
  /** @param {Unit[]} some */
  const named = (some) => `${noun}${some.length === 1 ? "" : "s"} ${some.map((unit) => unit.index).join(", ")}`;
  const said = [];
  if (dead.length) said.push(`Dead, the same for every image: ${named(dead)}.`);
  if (inactive.length) said.push(`Inactive, hardly moved by the image: ${named(inactive)}.`);
  return said.join(" ");
}
