// PSNR between the strengths that were measured.

import assert from "node:assert/strict";
import { test } from "node:test";

import { between, linesOf, powerOf } from "../../aecore/viewer/components/restorer/curve.js";

const POINTS = [
  { level: 0, model: 30, input: null, tv: null },
  { level: 0.1, model: 28, input: 20, tv: 26 },
  { level: 0.3, model: 20, input: 10.4576, tv: null },
];
/** @type {(side: "model" | "input" | "tv", level: number, power?: number) => number} */
const at = (side, level, power = 2) => between(POINTS, side, level, power);

test("a strength that was measured has its own value", () => {
  assert.ok(Math.abs(at("model", 0) - 30) < 1e-9);
  assert.ok(Math.abs(at("model", 0.1) - 28) < 1e-9);
  assert.ok(Math.abs(at("input", 0.3) - 10.4576) < 1e-9);
  assert.equal(at("input", 0), Infinity);
});

test("between two the squared error grows as noise does: that of the input is the noise's variance", () => {
  for (const level of [0.001, 0.05, 0.15, 0.2, 0.29]) assert.ok(Math.abs(at("input", level) + 20 * Math.log10(level)) < 1e-3);
  const error = (10 ** -2.8 + 10 ** -2) / 2; // halfway between both variances
  assert.ok(Math.abs(at("model", Math.sqrt(0.05)) + 10 * Math.log10(error)) < 1e-9);
  assert.ok(Math.abs(at("model", 0.2, 1) + 10 * Math.log10(error)) < 1e-9, "or as the share of lost pixels");
  assert.deepEqual([powerOf("gaussian"), powerOf("square"), powerOf("masking"), powerOf("rows")], [2, 2, 1, 1]);
});

test("outside of what is known there is none", () => {
  assert.ok(Number.isNaN(at("model", 0.31)));
  assert.ok(Number.isNaN(at("tv", 0.05)));
  assert.ok(Number.isNaN(at("tv", 0.2)));
  assert.ok(Number.isNaN(between([], "model", 0.2, 2)));
  const gap = [{ level: 0, input: Infinity }, { level: 1, input: Infinity }, { level: 2, input: 20 }];
  assert.ok(Number.isNaN(between(gap, "input", 0.5, 2)), "a hole that takes nothing away has no error either");
});

test("lines go through what was measured, end where nothing is known, and stay below the top", () => {
  const [line, ...others] = linesOf(POINTS, "input", 2, 28);
  assert.equal(others.length, 0);
  for (const [level, value] of line) assert.ok(value <= 28 && Math.abs(value + 20 * Math.log10(level)) < 1e-3);
  assert.deepEqual([line[0][0] > 0, line.at(-1)?.[0]], [true, 0.3]);
  assert.deepEqual(linesOf(POINTS, "tv", 2, 40).map((one) => one.length), [1], "one that was measured alone");
  const broken = [{ level: 0, model: 9 }, { level: 1, model: 8 }, { level: 2, model: null }, { level: 3, model: 6 }, { level: 4, model: 5 }];
  assert.deepEqual(linesOf(broken, "model", 1, 40).map((one) => [one[0][0], one.at(-1)?.[0]]), [[0, 1], [3, 4]]);
});
