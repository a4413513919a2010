// Bins, the largest values and the widest units, against counts by hand.

import assert from "node:assert/strict";
import { test } from "node:test";

import { binned, largest, ofPoints, widest } from "../../aecore/viewer/js/distribution.js";

test("every value is in one bin, the highest in the last", () => {
  assert.deepEqual(binned([0, 1, 2, 3, 4], 4), { counts: [1, 1, 1, 2], low: 0, high: 4 });
  assert.deepEqual(binned([-1, -1, 3], 2), { counts: [2, 1], low: -1, high: 3 });
  assert.deepEqual(binned([5, 5, 5], 3), { counts: [3, 0, 0], low: 5, high: 5 });
});

test("the largest come first, and what has no value not at all", () => {
  const values = [0.2, NaN, 0.9, 0.1, 0.9, 0.5];
  assert.deepEqual(largest(values.length, 3, (row) => values[row]), [2, 4, 5]);
  assert.deepEqual(largest(values.length, 9, (row) => values[row]), [2, 4, 5, 0, 3]);
  assert.deepEqual(largest(2, 3, () => NaN), []);
});

test("the largest of many are those of a sort", () => {
  const values = Array.from({ length: 500 }, (_, i) => Math.sin(i * 12.9898) * 43758.5453 % 1);
  const sorted = values.map((value, row) => [value, row]).sort((a, b) => b[0] - a[0]).slice(0, 16).map(([, row]) => row);
  assert.deepEqual(largest(500, 16, (row) => values[row]), sorted);
});

test("units by their variance, in the order of the code", () => {
  const codes = { width: 3, values: Float32Array.of(100, 0, 1, 100, 5, 2, 100, -5, 3) };
  assert.deepEqual(widest(codes, [0, 1, 2], 2), [1, 2]);
  assert.deepEqual(widest(codes, [0, 1, 2], 3), [0, 1, 2]);
});

test("the units that vary most are those of the variances, far from zero too", () => {
  const width = 40, rows = Array.from({ length: 200 }, (_, row) => row);
  const values = Float32Array.from({ length: 200 * width }, (_, i) => 1e4 + Math.sin(i * 12.9898) * (1 + ((i % width) * 17) % width));
  const variance = Array.from({ length: width }, (_, unit) => {
    const own = rows.map((row) => values[row * width + unit]), mean = own.reduce((sum, value) => sum + value) / own.length;
    return own.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  });
  const largest = variance.map((value, unit) => [value, unit]).sort((a, b) => b[0] - a[0]).slice(0, 5).map(([, unit]) => unit);
  assert.deepEqual(widest({ width, values }, rows, 5), largest.sort((a, b) => a - b));
  assert.deepEqual(widest({ width, values }, [], 5), [0, 1, 2, 3, 4]);
});

test("a distribution of some of the points is not said to be of all", () => {
  assert.equal(ofPoints(3000, 10000), "of the 3,000 of 10,000 points whose codes are kept");
  assert.equal(ofPoints(10000, 10000), "of 10,000 points");
  assert.equal(ofPoints(1, 1), "of 1 point");
});
