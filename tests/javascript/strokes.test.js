// Slant and thickness against shapes of which both are known; `tests/unit/test_strokes.py` tests the same in Python.

import assert from "node:assert/strict";
import { test } from "node:test";

import { thinned } from "../../aecore/viewer/js/selection.js";
import { amountAt, amountText, roundText } from "../../aecore/viewer/components/interpolator/amounts.js";
import { sentence } from "../../aecore/viewer/components/interpolator/check.js";
import { MEASURES } from "../../aecore/viewer/components/interpolator/strokes.js";

const SIZE = 40, FINER = 8;

/** @param {(x: number, y: number) => boolean} inside @param {number} [channels] x to the right, y up from the middle */
function drawn(inside, channels = 1) {
  const image = new Float32Array(SIZE * SIZE * channels);
  for (let row = 0; row < SIZE * FINER; row += 1) {
    for (let column = 0; column < SIZE * FINER; column += 1) {
      const x = (column + 0.5) / FINER - SIZE / 2, y = SIZE / 2 - (row + 0.5) / FINER;
      const at = (Math.floor(row / FINER) * SIZE + Math.floor(column / FINER)) * channels;
      if (inside(x, y)) image[at + channels - 1] += 1 / FINER ** 2;
    }
  }
  return image;
}

test("sheared bars", () => {
  for (const angle of [-40, -10, 0, 25]) {
    const shear = Math.tan((angle * Math.PI) / 180), width = 3, length = 24;
    const image = drawn((x, y) => Math.abs(x - shear * y) <= width / 2 && Math.abs(y) <= length / 2, 3);
    assert.ok(Math.abs(MEASURES.slant(image, [3, SIZE, SIZE]) - angle) < 0.3);
    const wanted = (width * length) / (width + length / Math.cos((angle * Math.PI) / 180));
    assert.ok(Math.abs(MEASURES.thickness(image, [3, SIZE, SIZE]) / wanted - 1) < 0.03);
  }
});

test("a ring, and nothing", () => {
  const ring = drawn((x, y) => Math.abs(Math.hypot(x, y) - 11) <= 1.5);
  assert.ok(Math.abs(MEASURES.thickness(ring, [1, SIZE, SIZE]) - 3) < 0.1);
  for (const measure of Object.values(MEASURES)) assert.ok(Number.isNaN(measure(new Float32Array(16), [1, 4, 4])));
});

const SLANT = { vector: "", reach: 40, unit: "°", quantity: /** @type {const} */ ("slant"), read: null, sample: "", sampled: "48 test images" };
const PAIR = { ...SLANT, reach: 2, unit: "", quantity: null, read: /** @type {[number, number]} */ ([3, 8]) };

test("amounts in words", () => {
  assert.equal(amountAt(SLANT, 0.75), 20);
  assert.equal(amountText(SLANT, 20), "+20.0°");
  assert.equal(amountText(PAIR, -0.5), "−0.50 of the way");
  assert.deepEqual([-40, 0, 12.5].map((amount) => roundText(SLANT, amount)), ["−40°", "0°", "+12.5°"]);
});

test("what was measured in a sentence", () => {
  const at = { count: 48, mean: 14.06, deviation: 7.8, from: 0.125, to: 0.5 };
  assert.equal(
    sentence(SLANT, [], [{ ...at, mean: -20 }, at, { ...at, count: 46 }], 2),
    "Measured on 48 test images: asked for +40°, the slant changed by +14.1° on average (standard deviation 7.8°, 2 not measurable).",
  );
  assert.match(sentence(SLANT, [], [{ ...at, mean: -20 }, at, at], 1), /asked for −40° and \+40°, the slant changed by −20.0° and \+14.1°/);
  assert.match(sentence(PAIR, [], [at, at, at], 2), /^At \+2 of the way, the classifier reads 8 in 50 % and 3 in 13 % of 48/);
});

test("a large selection is thinned evenly", () => {
  const all = Array.from({ length: 2500 }, (_, i) => 2 * i), some = thinned(all.reverse());
  assert.deepEqual([some.length, some[0], some[1], some[999]], [1000, 0, 4, 4994]);
  assert.deepEqual(thinned([5, 3]), [3, 5]);
});
