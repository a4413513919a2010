// The same images through all runs: one column per image, runs below each other, each with its errors.

/** @import { Numbers } from "../../../aecore/viewer/js/types.js" */
/** @import { ComparisonData, ComparedRun } from "../types.js" */
/** @import { Comparison } from "./comparison.js" */

import { context2d, element } from "../../../aecore/viewer/js/dom.js";
import { resize } from "../../../aecore/viewer/js/images.js";
import { inSlices } from "../../../aecore/viewer/components/pace.js";

/**
 * The rows of one run.
 * @typedef {object} Line
 * @property {ComparedRun} run
 * @property {HTMLElement} below
 * @property {HTMLElement[]} outputs
 * @property {HTMLElement[]} errors
 * @property {HTMLElement[]} scores
 * @property {number[]} mse
 */

/**
 * Draws the sheet in slices; returns a function that stops it.
 * @param {HTMLElement} root gets the mean errors once everything is drawn
 * @param {HTMLElement} host
 * @param {Comparison} comparison
 */
export function drawSheet(root, host, { data, images, shown, networksOf, tile, runName }) {
  const sheet = element("div", "cb-sheet");
  sheet.style.setProperty("--count", String(images.length));
  /** @type {(name: HTMLElement | string, cells: HTMLElement[], group?: boolean) => void} */
  const row = (name, cells, group = false) => {
    const line = [typeof name === "string" ? element("div", "cb-name", name) : name, ...cells];
    if (group) line.forEach((cell) => cell.classList.add("cb-group"));
    sheet.append(...line);
  };
  row("clean", images.map((image, i) => element("div", "", tile(image, data.names[i]))));
  if (data.noisy) row("noisy", shown.map((image, i) => element("div", "", tile(image, `${data.names[i]}, noisy`))));
  /** @type {Line[]} */
  const lines = data.runs.map((run, i) => {
    const { name, below } = runName(run);
    const outputs = images.map(() => element("div")), errors = images.map(() => element("div", "cb-error"));
    const scores = images.map(() => element("div", "cb-score"));
    row(name, outputs, true);
    if (data.errors) row("error", errors);
    row("", scores);
    return { run, below, outputs, errors, scores, mse: [] };
  });
  host.replaceChildren(sheet);
  return inSlices(images.length * lines.length, (step) => {
    const image = Math.floor(step / lines.length), line = lines[step % lines.length];
    const { encode, decode } = networksOf(line.run), output = decode(encode(shown[image], data.labels[image]), data.labels[image]), clean = images[image];
    let sum = 0;
    for (let k = 0; k < clean.length; k += 1) sum += (output[k] - clean[k]) ** 2;
    line.mse[image] = sum / clean.length;
    line.outputs[image].append(tile(output, `${data.names[image]}, reconstructed by ${line.run.title}`));
    if (data.errors) line.errors[image].append(errorTile(data, data.errors, clean, output));
    if (line === lines[lines.length - 1]) score(lines, image);
  }, () => {
    const means = lines.map(({ mse }) => mse.reduce((a, b) => a + b, 0) / mse.length), least = Math.min(...means);
    lines.forEach(({ below }, i) => {
      below.textContent = `mean MSE ${means[i].toFixed(4)}${means.length > 1 && means[i] === least ? ", best" : ""}`;
    });
    root.dataset.done = JSON.stringify(means);
  });
}

/**
 * The errors of one image under all runs, the smallest in bold.
 * @param {Line[]} lines
 * @param {number} image
 */
function score(lines, image) {
  const least = Math.min(...lines.map(({ mse }) => mse[image]));
  for (const { mse, scores } of lines) {
    scores[image].textContent = mse[image].toFixed(4);
    scores[image].classList.toggle("cb-best", lines.length > 1 && mse[image] === least);
  }
}

/**
 * An error map: orange, at full intensity for the chosen scale.
 * @param {ComparisonData} data
 * @param {number} scale
 * @param {Numbers} clean
 * @param {Numbers} output
 */
function errorTile({ shape: [channels, height, width] }, scale, clean, output) {
  const canvas = element("canvas");
  resize(canvas, width, height);
  const context = context2d(canvas), image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i += 1) {
    let sum = 0;
    for (let k = 0; k < channels; k += 1) sum += Math.abs(output[i * channels + k] - clean[i * channels + k]);
    image.data.set([226, 84, 40, (255 * sum) / channels / scale], 4 * i);
  }
  context.putImageData(image, 0, 0);
  canvas.setAttribute("aria-hidden", "true");
  return canvas;
}
