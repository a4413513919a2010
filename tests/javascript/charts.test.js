// What charts need without a DOM: colours of a theme, values as a table and CSV, the camera of a 3D plot.

import assert from "node:assert/strict";
import { test } from "node:test";

import { valueText } from "../../dashboard/charts/plotly/legend.js";
import { turnedEye } from "../../dashboard/charts/plotly/keyboard.js";
import { listed, placesOf, shortValue, tableOf, toCsv } from "../../dashboard/charts/plotly/rows.js";
import { channels, luminance, MADE_IN, mix, recolor } from "../../dashboard/charts/plotly/theme.js";

const DARK = {
  palette: MADE_IN.palette.map((_, i) => `#0000${(16 + i).toString(16)}`),
  ink: "#ffffff", muted: "#cccccc", grid: "#333333", paper: "#000000", panel: "#111111", dark: true, font: "serif",
};

test("colours of the light theme become those of another, with their opacity", () => {
  const figure = { line: { color: "#4477AA" }, fillcolor: "rgba(221,106,34,0.15)", other: "#123456", font: { color: MADE_IN.ink } };
  assert.deepEqual(recolor(figure, DARK), {
    line: { color: "#000010" }, fillcolor: "rgba(0,0,17,0.15)", other: "#123456", font: { color: "#ffffff" },
  });
});

test("data are left alone and a range is copied, for plotly writes a zoom into it", () => {
  const range = [1, 50], trace = { x: ["#4477AA"], text: "#4477AA", customdata: ["#4477AA"] };
  const made = recolor({ range, trace }, DARK);
  assert.deepEqual(made.trace, trace);
  assert.notEqual(made.range, range);
  assert.deepEqual(made.range, range);
});

test("colours in all the forms that a style sheet has", () => {
  assert.deepEqual(channels("#fff"), [255, 255, 255]);
  assert.deepEqual(channels("rgba(1, 2, 3, 0.5)"), [1, 2, 3, 0.5]);
  assert.equal(mix("#000000", "#ffffff", 0.5), "rgb(128,128,128)");
  assert.ok(Math.abs(luminance("#ffffff") - 1) < 1e-12);
});

const CURVES = {
  layout: { xaxis: { title: { text: "Epoch" } } },
  data: [
    { type: "scatter", name: "training", x: [1, 2, 3], y: [0.5, null, 0.25] },
    { type: "scatter", name: "test, clean", x: [2, 10], y: [0.75, 0.125] },
    { type: "scatter", name: "band", x: [1], y: [9], hoverinfo: "skip" },
  ],
};

test("curves with other x values share one table, in the order of x", () => {
  assert.deepEqual(tableOf(CURVES), {
    columns: ["Epoch", "training", "test, clean"],
    rows: [[1, 0.5, null], [2, null, 0.75], [3, 0.25, null], [10, null, 0.125]],
  });
});

test("a CSV quotes what holds a comma or a quote and leaves out what is not there", () => {
  assert.equal(toCsv(tableOf(CURVES)).split("\r\n")[0], 'Epoch,training,"test, clean"');
  assert.equal(toCsv({ columns: ['a "b"'], rows: [[null], [1e-7]] }), '"a ""b"""\r\n\r\n1e-7\r\n');
});

test("points, cells and parallel axes have a row each", () => {
  const scene = { xaxis: { title: { text: "t-SNE 1" } }, yaxis: {}, zaxis: {} };
  const cloud = { layout: { scene }, data: [{ type: "scatter3d", name: "7", x: [1], y: [2], z: [3], customdata: [42] }] };
  assert.deepEqual(tableOf(cloud), { columns: ["class", "test image", "t-SNE 1", "y", "z"], rows: [["7", 42, 1, 2, 3]] });
  const heat = { layout: {}, data: [{ type: "heatmap", x: ["a", "b"], y: ["c"], z: [[1, null]], text: [["1 ± 0", ""]], colorbar: {} }] };
  assert.deepEqual(tableOf(heat).rows, [["a", "c", "1 ± 0"], ["b", "c", ""]]);
  const axes = { layout: {}, data: [{ type: "parcoords", dimensions: [
    { label: "activation", values: [0, 1], tickvals: [0, 1], ticktext: ["relu", "selu"] }, { label: "MSE", values: [0.5, 0.25] },
  ] }] };
  assert.deepEqual(tableOf(axes), { columns: ["activation", "MSE"], rows: [["relu", 0.5], ["selu", 0.25]] });
});

test("numbers that came as base64 are read as they were written", () => {
  const bdata = Buffer.from(new Float32Array([0.5, -2]).buffer).toString("base64");
  assert.deepEqual(listed({ bdata, dtype: "f4" }), [0.5, -2]);
  assert.deepEqual(listed(undefined), []);
});

test("the legend shows the last value there is, or the one at x", () => {
  assert.equal(valueText({ x: [1, 2, 3], y: [5, 6, null] }, null), "6");
  assert.equal(valueText({ x: [1, 2, 3], y: [5, 6, null] }, 1), "5");
  assert.equal(shortValue(0.020683), "0.02068");
  assert.equal(shortValue(622504), "622,504");
  assert.equal(shortValue(undefined), "–");
});

test("a run that ended earlier keeps its value, with the place where it ended", () => {
  const short = { x: [1, 2, 3], y: [0.5, 0.25, 0.125] };
  assert.equal(valueText(short, 3), "0.125");
  assert.equal(valueText(short, 50), "0.125 at 3");
  assert.equal(valueText(short, 0), "–");
  assert.equal(valueText(short, 2.5), "0.25 at 2"); // no two runs have points at the same second
  assert.equal(valueText({ x: ["a", "b"], y: [1, 2] }, "c"), "–");
});

test("the keys reach every point of every run", () => {
  assert.deepEqual(placesOf([{ x: [1, 2] }, { x: [2, 4, 9] }]), [1, 2, 4, 9]);
  assert.deepEqual(placesOf([{ x: ["b", "a"] }, { x: ["c"] }]), ["b", "a"]);
  assert.deepEqual(placesOf([]), []);
});

test("a camera turns around the middle and keeps its distance", () => {
  const eye = { x: 1.25, y: 1.25, z: 1.25 }, length = Math.hypot(1.25, 1.25, 1.25);
  const turned = turnedEye(eye, Math.PI / 2, 0);
  assert.ok(Math.abs(turned.x - 1.25) < 1e-12 && Math.abs(turned.y + 1.25) < 1e-12 && Math.abs(turned.z - 1.25) < 1e-12);
  const up = turnedEye(eye, 0, 10);
  assert.ok(Math.abs(Math.hypot(up.x, up.y, up.z) - length) < 1e-9 && up.z < length, "never over the pole");
});
