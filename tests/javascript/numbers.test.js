// Numbers as people read them, ticks, colours, bytes, neighbours and scores.

import assert from "node:assert/strict";
import { test } from "node:test";

import { floats, fromBase64, fromHalves, fromSteps, readMessage, typed } from "../../aecore/viewer/js/bytes.js";
import { colorPoints, onRamp } from "../../aecore/viewer/js/colors.js";
import { meanCode, nearestCodes, usualDistance } from "../../aecore/viewer/js/neighbours.js";
import { clamp, figure, fourFigures, percent, plural, shortNumber, signed } from "../../aecore/viewer/js/numbers.js";
import { readScores } from "../../aecore/viewer/js/scores.js";
import { classColor, colorList, inkOn, toCss, toRgb } from "../../aecore/viewer/js/theme.js";

test("number formats", () => {
  assert.deepEqual([0, 0.0123456, 1.25, 1234.5, -0.5, 1.3e-5, NaN].map(figure), ["0", "0.0123", "1.25", "1235", "-0.5", "1.3e-5", "–"]);
  assert.deepEqual([1.5, 2, 0.012345, 123.4].map(shortNumber), ["1.50", "2", "0.0123", "123"]);
  assert.deepEqual([0.0355432, 5.12345e-4, 0].map(fourFigures), ["0.03554", "5.123e-4", "0.000"]);
  assert.deepEqual([1.234, -0.5].map(signed), ["1.23", "−0.50"]);
  assert.deepEqual([0, 0.354, 1].map(percent), ["0 %", "35 %", "100 %"]);
  assert.deepEqual([plural(1, "point"), plural(3000, "point")], ["1 point", "3,000 points"]);
  assert.deepEqual([clamp(-1, 0, 2), clamp(1, 0, 2), clamp(3, 0, 2)], [0, 1, 2]);
});

test("colours", () => {
  assert.deepEqual(toRgb("#4477aa"), [68, 119, 170]);
  assert.equal(toCss([1.4, 2.6, 3]), "rgb(1 3 3)");
  assert.deepEqual(colorList("#fff, rgb(1, 2, 3),red"), ["#fff", "rgb(1, 2, 3)", "red"]);
  const ramp = [[0, 0, 0], [100, 0, 0], [100, 200, 0]];
  assert.deepEqual([0, 0.25, 0.5, 0.75, 1, 7].map((share) => onRamp(ramp, share)), [[0, 0, 0], [50, 0, 0], [100, 0, 0], [100, 100, 0], [100, 200, 0], [100, 200, 0]]);
});

const theme = /** @type {any} */ ({
  classes: [[1, 1, 1], [2, 2, 2]],
  ramps: { error: ["#000000", "#800000", "#ff0000"], unit: ["#0000ff", "#808080", "#ff0000"] },
});
const points = /** @type {any} */ ({
  count: 4,
  labels: Uint8Array.of(0, 1, 2, 1),
  codes: { width: 1, values: Float32Array.of(-1, 0, 1), errors: Float32Array.of(0.01, 0.1, 1) },
  codeRow: Int32Array.of(0, 1, 2, -1),
});

test("points are coloured by class, round and round the palette", () => {
  const { kind, colors } = colorPoints(points, "label", theme);
  assert.equal(kind, "label");
  assert.deepEqual([...colors].filter((_, i) => i % 3 === 0), [1, 2, 1, 2]);
  assert.deepEqual(classColor(theme, 3), [2, 2, 2]);
});

test("a unit with both signs has its zero in the middle; a point without a code is grey", () => {
  const { kind, low, high, colors } = colorPoints(points, "unit0", theme);
  assert.deepEqual([kind, low, high], ["unit", -1, 1]);
  assert.deepEqual([...colors], [0, 0, 255, 128, 128, 128, 255, 0, 0, 128, 128, 128]);
});

test("errors are coloured by their logarithm", () => {
  const { kind, colors } = colorPoints(points, "error", theme);
  assert.equal(kind, "error");
  assert.deepEqual([...colors.slice(0, 9)], [0, 0, 0, 128, 0, 0, 255, 0, 0]);
});

test("a unit that there is not falls back to classes", () => {
  assert.equal(colorPoints(points, "unit7", theme).kind, "label");
});

test("bytes at any offset become numbers", () => {
  const buffer = new Uint8Array(9);
  buffer.set(new Uint8Array(Float32Array.of(1.5, -2).buffer), 1);
  assert.deepEqual([...floats(buffer.subarray(1))], [1.5, -2]);
  assert.deepEqual([...typed(Uint8Array, buffer.buffer.slice(0, 2))], [0, 0]);
  assert.deepEqual([...fromBase64("AQL/")], [1, 2, 255]);
});

test("half precision: subnormal, largest, infinite", () => {
  const halves = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0xfc00, 0x7c01, 0);
  const values = [...fromHalves(new Uint8Array(halves.buffer))];
  assert.deepEqual(values.slice(0, 6), [1, -2, 2 ** -24, 65504, Infinity, -Infinity]);
  assert.ok(Number.isNaN(values[6]));
  assert.equal(values[7], 0);
});

test("sixteen bits a coordinate", () => {
  const steps = new Uint8Array(Uint16Array.of(0, 10, 65535, 20).buffer);
  assert.deepEqual([...fromSteps(steps, 2, [1, -1], [0.5, 0.25])], [1, 1.5, 32768.5, 4]);
});

test("a message is a head and a body", () => {
  const head = new TextEncoder().encode('{"name":"ä"}'), message = new Uint8Array(4 + head.length + 2);
  new DataView(message.buffer).setUint32(0, head.length, true);
  message.set(head, 4);
  message.set([7, 8], 4 + head.length);
  const read = readMessage(message);
  assert.deepEqual([read.head, [...read.body]], [{ name: "ä" }, [7, 8]]);
});

const codes = { width: 2, values: Float32Array.of(0, 0, 3, 4, 1, 0, 0, 2) };

test("neighbours come nearest first", () => {
  assert.deepEqual(nearestCodes(codes, [0, 0], [0, 1, 2, 3], 3), [{ row: 0, distance: 0 }, { row: 2, distance: 1 }, { row: 3, distance: 2 }]);
  assert.deepEqual(nearestCodes(codes, [0, 0], [-1, 0, 1], 5, 0), [{ row: 1, distance: 5 }]);
  assert.deepEqual(nearestCodes(codes, [0, 0], [], 5), []);
});

test("the usual distance is the median to the nearest other code", () => {
  // Nearest: 1 (to row 2), √13 (to row 3), 1 (to row 0), 2 (to row 0).
  assert.equal(usualDistance(codes), 2);
});

test("the mean of codes", () => assert.deepEqual([...meanCode(codes, [1, 2])], [2, 2]));

test("the class that a softmax is surest of", () => {
  const { digit, sure } = readScores([1, 3, 2]);
  assert.equal(digit, 1);
  assert.ok(Math.abs(sure - Math.exp(3) / (Math.exp(1) + Math.exp(3) + Math.exp(2))) < 1e-12);
  assert.deepEqual(readScores([5000, 5000]), { digit: 0, sure: 0.5 });
});

test("text on a class colour is black or white, whichever can be read", () => {
  assert.equal(inkOn(toRgb("#ffffff")), "#000000");
  assert.equal(inkOn(toRgb("#000000")), "#ffffff");
  assert.equal(inkOn(toRgb("#EAE887")), "#000000");
  assert.equal(inkOn(toRgb("#116400")), "#ffffff");
});
