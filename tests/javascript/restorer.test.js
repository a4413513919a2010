// Corruptions and scores of the view by hand, against values worked out otherwise.

import assert from "node:assert/strict";
import { test } from "node:test";

import { decibels, meanSquare, similarity } from "../../aecore/viewer/js/metrics.js";
import { corrupt, drawOf, normals, uniforms } from "../../aecore/viewer/components/restorer/corrupt.js";
import { meanOf } from "../../aecore/viewer/components/restorer/means.js";

/** @type {[number, number, number]} */
const SHAPE = [3, 40, 30];
const clean = Float32Array.from({ length: 3 * 40 * 30 }, (_, i) => (i % 97) / 96);

/** @param {any} kind @param {number} level */
function made(kind, level, { draw = 0, span = 1, clamp = false } = {}) {
  const out = new Float32Array(clean.length);
  corrupt(clean, out, drawOf(SHAPE, 7, draw), { kind, level, span, clamp, shape: SHAPE });
  return out;
}

test("uniform and normal numbers have their moments, and a seed gives the same ones", () => {
  const next = uniforms(3), values = Array.from({ length: 20000 }, next);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  assert.ok(Math.abs(mean - 0.5) < 0.01);
  assert.ok(values.every((value) => value >= 0 && value < 1));
  assert.deepEqual(Array.from({ length: 3 }, uniforms(3)), values.slice(0, 3));
  const bell = normals(20001, 5), square = bell.reduce((sum, value) => sum + value * value, 0) / bell.length;
  assert.ok(Math.abs(bell.reduce((sum, value) => sum + value, 0) / bell.length) < 0.03);
  assert.ok(Math.abs(square - 1) < 0.03);
  assert.ok(Math.abs(bell.filter((value) => Math.abs(value) < 1).length / bell.length - 0.6827) < 0.01);
});

test("the strength scales the same noise, and another draw is another", () => {
  const weak = made("gaussian", 0.1), strong = made("gaussian", 0.3), other = made("gaussian", 0.1, { draw: 1 });
  for (let i = 0; i < clean.length; i += 1) assert.ok(Math.abs(3 * (weak[i] - clean[i]) - (strong[i] - clean[i])) < 1e-5);
  assert.ok(Math.abs(meanSquare(clean, weak) - 0.01) < 0.001);
  assert.ok(Math.abs(meanSquare(clean, made("gaussian", 0.1, { span: 2 })) - 0.0025) < 0.0003, "σ is in the model's range");
  assert.notDeepEqual(Array.from(other.subarray(0, 9)), Array.from(weak.subarray(0, 9)));
  assert.ok(made("gaussian", 0.5, { clamp: true }).every((value) => value >= 0 && value <= 1));
  assert.deepEqual(Array.from(made("gaussian", 0)), Array.from(clean));
});

test("speckle leaves black as it is", () => {
  made("speckle", 0.4).forEach((value, i) => assert.ok(clean[i] !== 0 || value === 0));
});

test("pixels are hit in all their channels, as many as were asked for, and stay hit as more are", () => {
  /** @param {Float32Array} image */
  const hit = (image) => Array.from({ length: 1200 }, (_, p) => [0, 1, 2].every((k) => image[3 * p + k] === 0));
  const few = hit(made("masking", 0.2)), many = hit(made("masking", 0.6));
  assert.ok(Math.abs(few.filter(Boolean).length / 1200 - 0.2) < 0.04);
  few.forEach((one, p) => assert.ok(!one || many[p]));
  const extreme = made("salt-pepper", 0.5), count = (/** @type {number} */ value) => extreme.filter((one) => one === value).length;
  assert.ok(Math.abs(count(1) / extreme.length - 0.25) < 0.05);
});

test("a square and a band have the size that was asked for and lie within the image", () => {
  const ones = new Float32Array(clean.length).fill(1), out = new Float32Array(clean.length);
  for (const [kind, area] of /** @type {["square" | "rows", number][]} */ ([["square", 81], ["rows", 270]])) {
    for (let number = 0; number < 20; number += 1) {
      corrupt(ones, out, drawOf(SHAPE, number, 0), { kind, level: 9, span: 1, clamp: false, shape: SHAPE });
      assert.equal(out.filter((value) => value === 0).length, 3 * area);
    }
  }
});

test("scores: a constant shift, equal images, and a mean of decibels", () => {
  const shifted = clean.map((value) => value + 0.1);
  assert.ok(Math.abs(meanSquare(clean, shifted) - 0.01) < 1e-6);
  assert.ok(Math.abs(decibels(0.01) - 20) < 1e-9);
  assert.ok(Math.abs(Number(similarity(clean, clean, SHAPE)) - 1) < 1e-9);
  assert.equal(similarity(clean, clean, [1, 6, 600]), null, "smaller than a window");
  const mean = meanOf([{ mse: 0.01, ssim: 0.5, wrong: 1 }, { mse: 0.0001, ssim: 0.7, wrong: 0 }]);
  assert.ok(Math.abs(mean.psnr - 30) < 1e-9);
  assert.equal(mean.wrong, 1);
  assert.equal(meanOf([{ mse: 1, ssim: null, wrong: null }]).wrong, null);
});
