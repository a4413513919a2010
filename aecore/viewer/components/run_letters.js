// What names runs shown side by side.

/**
 * A to Z, then AA to ZZ, as the tables have it (dashboard/compare/tables.py).
 * @param {number} index from 0
 * @returns {string}
 */
export function letter(index) {
  return index < 26 ? String.fromCharCode(65 + index) : letter(Math.floor(index / 26) - 1) + letter(index % 26);
}
