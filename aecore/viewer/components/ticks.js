// Round numbers for the ticks of an axis, and their labels.

const ROUND = [1, 2, 5];

/**
 * Multiples of 1, 2 or 5 times a power of ten from `low` to `high`, as many as possible but at most `most`.
 * @param {number} low
 * @param {number} high
 * @param {number} most
 * @param {number} [least] the smallest step: 1 where nothing lies between whole numbers
 * @returns {number[]}
 */
export function roundTicks(low, high, most, least = 0) {
  if (!(high > low) || most < 1) return low === high ? [low] : [];
  const slack = (high - low) * 1e-9; // include ends that are round up to floating-point error
  const smallest = Math.max((high - low) / most, least);
  for (let power = Math.floor(Math.log10(smallest)); ; power += 1) {
    for (const digit of ROUND) {
      const step = Number(`${digit}e${power}`);
      if (step < smallest * (1 - 1e-9)) continue;
      const first = Math.ceil((low - slack) / step), last = Math.floor((high + slack) / step);
      if (last - first + 1 > most) continue;
      // Adding steps would accumulate rounding errors: 0.1 + 0.2 is not 0.3.
      return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
    }
  }
}

/**
 * Ticks of a logarithmic axis from 10^`low` to 10^`high`: 1, 2 and 5 of every decade, or whole decades if these are too
 * many, or round numbers if there is less than a decade.
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
 * A tick label without binary rounding noise: 0.05, 2e-4.
 * @param {number} value
 */
export function tickText(value) {
  const plain = Number(value.toPrecision(10));
  return plain !== 0 && Math.abs(plain) < 1e-3 ? plain.toExponential().replace("-", "−") : String(plain).replace("-", "−");
}

/**
 * Of ticks in order of importance, those whose labels do not overlap.
 * @param {number[]} ticks
 * @param {(tick: number) => number} toPixel the centre of a label
 * @param {(tick: number) => number} width of a label in pixels
 * @param {number} [from] no label may start before
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
