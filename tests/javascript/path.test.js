// The paths between codes against their closed forms.

import assert from "node:assert/strict";
import { test } from "node:test";

import { asText, idleWords } from "../../aecore/viewer/components/generator/words.js";
import { alongPath, legAt, onPlane } from "../../aecore/viewer/components/interpolator/path.js";

/** @param {number[]} start @param {number[]} end @param {number} share @param {"line" | "arc"} path */
const at = (start, end, share, path) => alongPath(Float32Array.from(start), Float32Array.from(end), share, path, new Float32Array(start.length));

/** @param {ArrayLike<number>} actual @param {number[]} expected */
const close = (actual, expected) => expected.forEach((value, i) => assert.ok(Math.abs(actual[i] - value) < 1e-6, `${actual[i]} is not ${value}`));

test("a line", () => {
  close(at([0, 2], [4, -2], 0.25, "line"), [1, 1]);
  close(at([0, 2], [4, -2], 0, "line"), [0, 2]);
  close(at([0, 2], [4, -2], 1, "line"), [4, -2]);
});

test("an arc on the unit circle keeps its length and turns evenly", () => {
  for (const share of [0, 0.2, 0.5, 0.9, 1]) {
    const angle = (share * Math.PI) / 2;
    close(at([1, 0], [0, 1], share, "arc"), [Math.cos(angle), Math.sin(angle)]);
  }
});

test("an arc between codes of different lengths meets both", () => {
  close(at([2, 0], [0, 5], 0, "arc"), [2, 0]);
  close(at([2, 0], [0, 5], 1, "arc"), [0, 5]);
  close(at([2, 0], [0, 5], 0.5, "arc"), [Math.SQRT1_2 * 2, Math.SQRT1_2 * 5]);
});

test("an arc between parallel, opposite or zero codes is the line", () => {
  close(at([1, 1], [3, 3], 0.5, "arc"), [2, 2]);
  close(at([1, 0], [-3, 0], 0.25, "arc"), [0, 0]);
  close(at([0, 0], [2, 4], 0.5, "arc"), [1, 2]);
});

test("a way through several has legs of one length and meets its stops", () => {
  assert.deepEqual(legAt(0.5, 2), [0, 0.5]);
  assert.deepEqual(legAt(0, 4), [0, 0]);
  assert.deepEqual(legAt(1, 4), [2, 1]);
  assert.deepEqual(legAt(0.5, 4), [1, 0.5]);
  assert.deepEqual(legAt(0.625, 5), [2, 0.5]);
  for (const stops of [3, 4, 5, 6]) {
    for (let i = 0; i < stops - 1; i += 1) assert.deepEqual(legAt(Number((i / (stops - 1)).toFixed(9)), stops), [i, 0]);
  }
});

test("a plane is bilinear between its corners", () => {
  const corners = [[0, 0], [4, 0], [0, 8], [4, 8]].map((corner) => Float32Array.from(corner));
  close(onPlane(corners, 0.25, 0.5, new Float32Array(2)), [1, 4]);
  corners.forEach((corner, i) => close(onPlane(corners, i % 2, Math.floor(i / 2), new Float32Array(2)), [...corner]));
  const twisted = [[0], [1], [1], [0]].map((corner) => Float32Array.from(corner));
  close(onPlane(twisted, 0.5, 0.5, new Float32Array(1)), [0.5]);
});

test("vectors and idle units in words", () => {
  assert.equal(asText(Float32Array.of(0.1, -2, 1 / 3)), "0.1,-2,0.3333");
  /** @param {number} index @param {object} more */
  const unit = (index, more) => /** @type {any} */ ({ index, dead: false, inactive: false, ...more });
  assert.equal(idleWords([unit(0, {})], "unit"), "");
  assert.equal(
    idleWords([unit(0, { dead: true }), unit(1, { inactive: true }), unit(2, { inactive: true })], "unit"),
    "Dead (constant over all images): unit 1. Inactive (hardly depends on the image): units 2, 3.",
  );
});
