// PSNR between the strengths that were measured.

import assert from "node:assert/strict";
import { test } from "node:test";

import { between } from "../../aecore/viewer/components/restorer/curve.js";

const POINTS = [
  { level: 0, model: 30, input: null, tv: null },
  { level: 0.1, model: 28, input: 20, tv: 26 },
  { level: 0.3, model: 20, input: 10.5, tv: null },
];

test("a strength that was measured has its own value", () => {
  assert.equal(between(POINTS, "model", 0), 30);
  assert.equal(between(POINTS, "model", 0.1), 28);
  assert.equal(between(POINTS, "input", 0.3), 10.5);
});

test("others lie on the line between their neighbours", () => {
  assert.ok(Math.abs(between(POINTS, "model", 0.05) - 29) < 1e-9);
  assert.ok(Math.abs(between(POINTS, "model", 0.2) - 24) < 1e-9);
});

test("outside of what is known there is none", () => {
  assert.ok(Number.isNaN(between(POINTS, "model", 0.31)));
  assert.ok(Number.isNaN(between(POINTS, "input", 0.05)));
  assert.ok(Number.isNaN(between(POINTS, "tv", 0.2)));
  assert.ok(Number.isNaN(between([], "model", 0.2)));
});
