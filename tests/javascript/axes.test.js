// Ticks of axes, the replay's axis of epochs, and which loss belongs to an epoch.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createAxis, epochText } from "../../aecore/viewer/components/replayer/axis.js";
import { lossAt, lossText, rowAt, whichEpoch } from "../../aecore/viewer/components/replayer/loss.js";
import { logTicks, roundTicks, thatFit, tickText } from "../../aecore/viewer/components/ticks.js";

const WIDE = 1054, NARROW = 284, LEFT = 52;
/** @param {number[]} stops @param {number} width */
function ticksOf(stops, width) {
  const axis = createAxis(stops);
  return axis.ticks(width, (epoch) => LEFT + axis.toShare(epoch) * width, 36).map(epochText);
}

test("round ticks go in steps of 1, 2 or 5, and no more than fit", () => {
  assert.deepEqual(roundTicks(0, 10, 6), [0, 2, 4, 6, 8, 10]);
  assert.deepEqual(roundTicks(0, 10, 5), [0, 5, 10]);
  assert.deepEqual(roundTicks(1, 40, 10), [5, 10, 15, 20, 25, 30, 35, 40]);
  assert.deepEqual(roundTicks(-0.3, 0.31, 8), [-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3]);
  assert.deepEqual(roundTicks(0.0355, 3, 10), [0.5, 1, 1.5, 2, 2.5, 3]);
  assert.deepEqual(roundTicks(1, 3, 10, 1), [1, 2, 3]);
  assert.deepEqual(roundTicks(0.0355, 0.0372, 4), [0.0355, 0.036, 0.0365, 0.037]);
  assert.deepEqual(roundTicks(7, 7, 4), [7]);
  assert.deepEqual(roundTicks(2, 1, 4), []);
});

test("logarithmic ticks are 1, 2 and 5 of a decade", () => {
  assert.deepEqual(logTicks(-2, 0, 7), [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]);
  assert.deepEqual(logTicks(-6, 0, 7), [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1]);
  assert.deepEqual(logTicks(-12, 0, 7), [1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 0.01, 1]);
  assert.deepEqual(logTicks(Math.log10(0.012), Math.log10(0.018), 7), [0.012, 0.013, 0.014, 0.015, 0.016, 0.017, 0.018]);
});

test("tick numbers carry no noise", () => {
  assert.deepEqual([0.1 + 0.2, 1e-3, 2e-4, 0, -0.5, 1500].map(tickText), ["0.3", "0.001", "2e−4", "0", "−0.5", "1500"]);
});

test("of ticks that run into each other the more important stays", () => {
  /** @param {number} tick */
  const same = (tick) => tick;
  assert.deepEqual(thatFit([100, 0, 95, 50], same, () => 20), [0, 50, 100]);
  assert.deepEqual(thatFit([5, 50], same, () => 20, 0), [50]);
});

const CIFAR = [0.0355492, 0.142197, 0.284394, 0.426591, 0.568788, 0.710985, 0.853182, 0.995379, 1.13757, 1.6, 2.1, 2.5, 2.98614, 3];

test("three epochs with snapshots within them", () => {
  assert.deepEqual(ticksOf(CIFAR, WIDE), ["0.5", "1", "1.5", "2", "2.5", "3"]);
  assert.deepEqual(ticksOf(CIFAR, NARROW), ["1", "2", "3"]);
  const axis = createAxis(CIFAR); // so short a run needs no room for its first epoch
  assert.ok(Math.abs(axis.toShare(1) - (1 - CIFAR[0]) / (3 - CIFAR[0])) < 1e-12);
});

test("whole epochs", () => {
  const epochs = Array.from({ length: 31 }, (_, i) => i + 1);
  assert.deepEqual(ticksOf(epochs, WIDE), ["1", "5", "10", "15", "20", "25", "31"]);
  assert.deepEqual(ticksOf([1, 2, 3], WIDE), ["1", "2", "3"]);
  assert.deepEqual(ticksOf([1, 2], WIDE), ["1", "2"]);
});

test("rows within the first epoch of a long run have room of their own", () => {
  const stops = [0.05, 0.24, 0.5, 1, ...Array.from({ length: 49 }, (_, i) => i + 2)], axis = createAxis(stops);
  assert.ok(Math.abs(axis.toShare(0.24) - axis.toShare(0.05) - (axis.toShare(0.5) - axis.toShare(0.24))) < 1e-12);
  assert.ok(axis.toShare(1) > 0.05);
  assert.equal(axis.shares[0], 0);
  assert.equal(axis.shares[axis.shares.length - 1], 1);
  const ticks = ticksOf(stops, WIDE);
  assert.ok(ticks.includes("1") && ticks.includes("50"), ticks.join(" "));
  assert.ok(ticks.every((tick) => tick.length <= 4), ticks.join(" "));
});

test("one point, and less than an epoch", () => {
  assert.deepEqual(ticksOf([5], WIDE), ["5"]);
  assert.deepEqual(ticksOf([0.0355492], WIDE), ["0.0355"]);
  assert.equal(createAxis([5]).toShare(5), 0.5);
  assert.deepEqual(ticksOf([0.0355492, 0.142197, 0.284394], WIDE), ["0.05", "0.1", "0.15", "0.2", "0.25"]);
});

test("no two numbers of any axis overlap, and there are always some", () => {
  for (const last of [0.3, 1, 1.7, 3, 7, 20, 31, 100, 999, 5000]) {
    for (const width of [40, NARROW, 600, WIDE]) {
      const stops = Array.from({ length: 12 }, (_, i) => (last * (i + 1)) / 12), axis = createAxis(stops);
      /** @param {number} epoch */
      const toPixel = (epoch) => LEFT + axis.toShare(epoch) * width;
      const ticks = axis.ticks(width, toPixel, 36);
      assert.ok(ticks.length > 0, `${last} in ${width}`);
      for (let i = 1; width > 40 && i < ticks.length; i += 1) {
        const room = toPixel(ticks[i]) - toPixel(ticks[i - 1]), half = (6.7 / 2) * (epochText(ticks[i]).length + epochText(ticks[i - 1]).length);
        assert.ok(room > half, `${ticks} in ${width}`);
      }
    }
  }
});

test("the nearest stop to a share", () => {
  const axis = createAxis([1, 2, 3, 4, 5]);
  assert.deepEqual([0, 0.13, 0.6, 2].map(axis.nearestStop), [0, 1, 2, 4]);
});

test("rows and losses of an epoch", () => {
  assert.deepEqual([0, 1, 1.9, 2, 9].map((epoch) => rowAt([1, 2, 3], epoch)), [0, 0, 0, 1, 2]);
  const curve = { epochs: [1, 2], values: [0.5, 0.25] };
  assert.equal(lossAt(curve, 0.5), null);
  assert.deepEqual(lossAt(curve, 2), { epoch: 2, value: 0.25, earlier: false });
  assert.equal(lossText(lossAt(curve, 3)), "0.2500 at 2");
  assert.equal(lossText({ epoch: 2.9861358, value: 1e-4, earlier: true }), "1.000e-4 at 2.99");
  assert.equal(lossText(null), "–");
  const run = /** @type {any} */ ({ epochs: [1, 3] });
  assert.deepEqual([whichEpoch(run, 0, 0.5), whichEpoch(run, 0, 1), whichEpoch(run, 0, 2), whichEpoch(run, 1, 9)], [
    "epoch 1 (its first)", "epoch 1", "epoch 1 (the one before)", "epoch 3 (its last)",
  ]);
});
