// Points that have a place at several times, and where they are between two of them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { alongTrack, framed } from "../../aecore/viewer/js/points.js";

test("at a time the points are where the track has them, between two on the straight way", () => {
  const track = Float32Array.from([0, 0, 0, 1, 1, 1, /* then */ 4, 0, 0, 1, 3, 1, /* then */ 4, 2, 0, 1, 3, 5]);
  const points = /** @type {any} */ ({ track, xyz: new Float32Array(6) });
  /** @param {number} at */
  const places = (at) => {
    alongTrack(points, at);
    return Array.from(points.xyz);
  };
  assert.deepEqual(places(0), [0, 0, 0, 1, 1, 1]);
  assert.deepEqual(places(1), [4, 0, 0, 1, 3, 1]);
  assert.deepEqual(places(0.25), [1, 0, 0, 1, 1.5, 1]);
  assert.deepEqual(places(1.5), [4, 1, 0, 1, 3, 3]);
  assert.deepEqual(places(2), [4, 2, 0, 1, 3, 5]);
  assert.deepEqual(places(7), [4, 2, 0, 1, 3, 5], "after the last time they stay");
});

test("points without a track stay where they are", () => {
  const points = /** @type {any} */ ({ track: null, xyz: Float32Array.from([1, 2, 3]) });
  alongTrack(points, 1);
  assert.deepEqual(Array.from(points.xyz), [1, 2, 3]);
});

test("from the drawing's frame one comes back to the projection's own values", () => {
  const coordinates = Float32Array.from([-3, 10, 5, 14, 1, 11, 0.5, 13]);
  const { xyz, valuesOf } = framed(coordinates, 2);
  for (let row = 0; row < 4; row += 1) {
    const found = valuesOf(xyz.subarray(row * 3, row * 3 + 3));
    assert.equal(found.length, 2);
    found.forEach((value, k) => assert.ok(Math.abs(value - coordinates[row * 2 + k]) < 1e-5));
  }
});
