// What components share and needs no page: work in slices, and large things put down once.

import assert from "node:assert/strict";
import { test } from "node:test";

import { tally } from "../../aecore/viewer/js/numbers.js";
import { assets } from "../../aecore/viewer/components/assets/asset.js";
import { rowsOf, sizeOf } from "../../aecore/viewer/components/networks.js";
import { inSlices } from "../../aecore/viewer/components/pace.js";

/** @param {number} ms */
const passed = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

test("work in slices is done in order, and then said to be done", async () => {
  /** @type {number[]} */
  const steps = [];
  await new Promise((resolve) => inSlices(50, (step) => steps.push(step), () => resolve(null)));
  assert.deepEqual(steps, Array.from({ length: 50 }, (_, i) => i));
});

test("work that is stopped goes no further", async () => {
  let steps = 0;
  const stop = inSlices(1e9, () => (steps += 1), () => assert.fail("it is not done"));
  await passed(30);
  stop();
  const before = steps;
  await passed(30);
  assert.ok(before > 0);
  assert.equal(steps, before);
});

test("assets reach whoever waits for them, and the latest 24 stay", async () => {
  const waiting = assets.get("late");
  assets.put("late", { value: 1 });
  assert.deepEqual(await waiting, { value: 1 });
  for (let i = 0; i < 23; i += 1) assets.put(`asset ${i}`, i);
  await assets.get("late"); // used last
  assets.put("one more", 0);
  assert.ok(assets.has("late"));
  assert.ok(!assets.has("asset 0"));
  assert.ok(assets.has("asset 1"));
});

test("rows of numbers from base64", () => {
  const base64 = Buffer.from(Float32Array.of(1, 2, 3, 4, 5, 6).buffer).toString("base64");
  assert.deepEqual(rowsOf(base64, 2).map((row) => [...row]), [[1, 2], [3, 4], [5, 6]]);
  assert.deepEqual(rowsOf("", 4), []);
  assert.equal(sizeOf([3, 32, 32]), 3072);
  assert.deepEqual([...tally([3, 1, 3])], [[3, 2], [1, 1]]);
});
