// Numbers as people read them.

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/**
 * Three figures, without zeros at the end: 0.0123, 1.25, 1.3e-5.
 * @param {number} value
 */
export function figure(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && size < 1e-3) return value.toExponential(1);
  return size >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

/**
 * Three figures that keep their width while a hand moves a slider: 1.50, 0.0123, 120.
 * @param {number} value
 */
export const shortNumber = (value) =>
  Math.abs(value) >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toPrecision(3);

/**
 * Four figures for losses: 0.03554, 5.123e-4.
 * @param {number} value
 */
export const fourFigures = (value) =>
  Math.abs(value) < 1e-3 && value !== 0 ? value.toExponential(3) : value.toPrecision(4);

/**
 * Two decimals and a minus sign of the same width as a digit.
 * @param {number} value
 */
export const signed = (value) => `${value < 0 ? "−" : ""}${Math.abs(value).toFixed(2)}`;

/**
 * A share, 0 to 1: 35 %.
 * @param {number} share
 */
export const percent = (share) => `${(100 * share).toFixed(0)} %`;

/**
 * How often each value occurs.
 * @param {Iterable<number>} values
 * @returns {Map<number, number>}
 */
export function tally(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/**
 * @param {number} number
 * @param {string} noun
 */
export const plural = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
