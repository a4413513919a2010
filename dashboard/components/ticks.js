// Round numbers for the ticks of an axis, and how they are written.

const ROUND = [1, 2, 5];

/**
 * Multiples of 1, 2 or 5 times a power of ten from `low` to `high`, as many as can be but no more than `most`.
 * @param {number} low
 * @param {number} high
 * @param {number} most
 * @param {number} [least] the smallest step: 1 where nothing lies between whole numbers
 * @returns {number[]}
 */
export function roundTicks(low, high, most, least = 0) {
  if (!(high > low) || most < 1) return low === high ? [low] : [];
  const slack = (high - low) * 1e-9; // an end that is round but for rounding is among them
  const smallest = Math.max((high - low) / most, least);
  for (let power = Math.floor(Math.log10(smallest)); ; power += 1) {
    for (const digit of ROUND) {
      const step = Number(`${digit}e${power}`);
      if (step < smallest * (1 - 1e-9)) continue;
      const first = Math.ceil((low - slack) / step), last = Math.floor((high + slack) / step);
      if (last - first + 1 > most) continue;
      // A sum of steps would carry noise along: 0.1 + 0.2 is not 0.3.
      return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
    }
  }
}

/**
 * Ticks of a logarithmic axis from 10^`low` to 10^`high`: 1, 2 and 5 of every decade, or whole decades where these are
 * too many, or round numbers where there is less than a decade.
 * @param {number} low
 * @param {number} high
 * @param {number} most
 */
export function logTicks(low, high, most) {
  /** @type {number[]} */
  const ticks = [];
  for (let power = Math.floor(low); power <= high; power += 1) for (const digit of ROUND) ticks.push(Number(`${digit}e${power}`));
  const inside = ticks.filter((tick) => Math.log10(tick) >= low - 1e-9 && Math.log10(tick) <= high + 1e-9);
  if (inside.length <= 2) return roundTicks(10 ** low, 10 ** high, most);
  if (inside.length <= most) return inside;
  const decades = inside.filter((tick) => Number.isInteger(Math.round(Math.log10(tick) * 1e9) / 1e9));
  const every = Math.ceil(decades.length / most);
  return decades.filter((_, i) => i % every === 0);
}

/**
 * A tick's number without the noise of binary fractions: 0.05, 2e-4.
 * @param {number} value
 */
export function tickText(value) {
  const plain = Number(value.toPrecision(10));
  return plain !== 0 && Math.abs(plain) < 1e-3 ? plain.toExponential().replace("-", "−") : String(plain).replace("-", "−");
}

/**
 * Of ticks in the order of their importance those whose numbers do not run into each other.
 * @param {number[]} ticks
 * @param {(tick: number) => number} toPixel where the middle of a number stands
 * @param {(tick: number) => number} width of a number in pixels
 * @param {number} [from] no number may begin before
 */
export function thatFit(ticks, toPixel, width, from = -Infinity) {
  /** @type {{ tick: number, begin: number, end: number }[]} */
  const kept = [];
  for (const tick of ticks) {
    const middle = toPixel(tick), half = width(tick) / 2, begin = middle - half, end = middle + half;
    if (begin >= from && kept.every((other) => end < other.begin || begin > other.end)) kept.push({ tick, begin, end });
  }
  return kept.map(({ tick }) => tick).sort((a, b) => a - b);
}
