// Whether a direction does what it says: what changes in decoded images of a sample of codes that are moved along it.

/** @import { DirectionData, Interpolation } from "../types.js" */

import { partsOf, svgElement } from "../../js/dom.js";
import { percent } from "../../js/numbers.js";
import { readScores } from "../../js/scores.js";
import { rowsOf } from "../networks.js";
import { inSlices } from "../pace.js";
import { amountAt, roundText, signedText } from "./amounts.js";
import { alongDirection } from "./path.js";
import { MEASURES } from "./strokes.js";

const PLOT = { height: 104, top: 22, bottom: 78, ticks: 96 };

/**
 * At a position: how many images could be measured, the mean and the standard deviation of the change of the quantity,
 * and the shares of images that are read as either class.
 * @typedef {{ count: number, mean: number, deviation: number, from: number, to: number }} Measured
 */

/**
 * @param {HTMLElement} root
 * @param {() => void} done called when everything has been measured
 */
export function createCheck(root, done) {
  const part = partsOf(root, "ip");
  /** @type {SVGElement} */
  const svg = part("check");
  /** @type {Measured[] | null} */
  let measured = null;
  /** @type {unknown[]} */
  let about = []; // what was measured: a network and a direction

  /**
   * Measures in slices, unless that is done, and draws; returns a function that stops it.
   * @param {Interpolation} shown
   * @param {number} width
   */
  function draw(shown, width) {
    const { data, read } = shown, direction = /** @type {DirectionData} */ (data.direction);
    const now = [data.decoder, data.reader, JSON.stringify(direction)];
    if (now.some((value, i) => value !== about[i])) [measured, about] = [null, now];
    svg.toggleAttribute("hidden", false);
    root.dataset.checked = String(measured !== null);
    plot(shown, width);
    const sample = rowsOf(direction.sample, shown.code.length);
    if (measured || !sample.length || !(direction.quantity || (direction.read && read))) return () => {};
    const collected = collect(shown, direction, sample);
    const stops = data.shares.length;
    return inSlices(sample.length * stops, (i) => collected.take(Math.floor(i / stops), i % stops), () => {
      measured = collected.result();
      root.dataset.checked = "true";
      plot(shown, width);
      done();
    });
  }

  /**
   * @param {Interpolation} shown
   * @param {number} width
   */
  function plot({ data }, width) {
    const direction = /** @type {DirectionData} */ (data.direction), pad = parseFloat(getComputedStyle(part("track")).paddingLeft);
    const inner = width - 2 * pad, x = (/** @type {number} */ share) => pad + share * inner;
    svg.setAttribute("viewBox", `0 0 ${width} ${PLOT.height}`);
    svg.style.marginLeft = `${-pad}px`;
    svg.style.width = `${width}px`;
    /** @type {SVGElement[]} */
    const nodes = [];
    const every = inner / (data.shares.length - 1) < 52 ? 2 : 1;
    data.shares.forEach((share, i) => {
      if (i % every) return;
      nodes.push(text(x(share), PLOT.ticks, roundText(direction, amountAt(direction, share)), "tick"));
    });
    if (measured) nodes.push(...(direction.quantity ? changes(direction, data.shares, measured, x) : readings(data.shares, measured, x)));
    svg.replaceChildren(...nodes);
    svg.setAttribute("aria-label", measured ? heading(direction, data.classes) : "Amounts along the direction");
    if (measured) nodes[0].before(text(pad, 12, heading(direction, data.classes)));
  }

  /**
   * Says under the plot what was measured at the position nearest to `share`.
   * @param {Interpolation} shown
   * @param {number} share
   */
  function say({ data }, share) {
    const direction = /** @type {DirectionData} */ (data.direction), last = data.shares.length - 1;
    const checked = direction.quantity || (direction.read && data.reader);
    const at = Math.round(share * last);
    part("measured").textContent = !checked
      ? "Nothing is measured along this direction: it has no quantity, and there is no classifier for its classes."
      : measured ? sentence(direction, data.classes, measured, at) : `Measuring ${direction.sampled}…`;
  }

  /** For what is no direction. */
  function hide() {
    svg.toggleAttribute("hidden", true);
    part("measured").textContent = "";
  }

  return { draw, say, hide };
}

/**
 * What is measured, position by position.
 * @param {Interpolation} shown
 * @param {DirectionData} direction
 * @param {Float32Array[]} sample
 */
function collect({ data, decode, read, code: like, vector }, direction, sample) {
  const { shape, shares } = data, code = new Float32Array(like.length);
  const sums = shares.map(() => ({ count: 0, sum: 0, squares: 0, from: 0, to: 0 }));
  const measure = direction.quantity && MEASURES[direction.quantity];
  let unmoved = NaN;
  return {
    /** @type {(number: number, at: number) => void} */
    take(number, at) {
      const row = sample[number], label = direction.labels[number];
      if (measure && at === 0) unmoved = measure(decode(row, label), shape);
      const image = decode(alongDirection(row, /** @type {Float32Array} */ (vector), amountAt(direction, shares[at]), code), label);
      const sum = sums[at];
      if (measure) {
        const change = measure(image, shape) - unmoved;
        if (!Number.isFinite(change)) return;
        sum.sum += change;
        sum.squares += change * change;
      } else if (read) {
        const { digit } = readScores(read(image));
        sum.from += Number(digit === direction.read?.[0]);
        sum.to += Number(digit === direction.read?.[1]);
      }
      sum.count += 1;
    },
    /** @returns {Measured[]} */
    result: () =>
      sums.map(({ count, sum, squares, from, to }) => {
        const mean = sum / count;
        return { count, mean, deviation: Math.sqrt(Math.max(squares / count - mean * mean, 0)), from: from / count, to: to / count };
      }),
  };
}

/**
 * @param {DirectionData} direction
 * @param {string[]} classes
 */
function heading({ quantity, read }, classes) {
  if (quantity) return `Measured change of ${quantity} (dashed: asked for)`;
  const [from, to] = (read ?? []).map((label) => classes[label] ?? label);
  return `Share of images read as ${to} (dashed: as ${from})`;
}

/**
 * @param {DirectionData} direction
 * @param {string[]} classes
 * @param {Measured[]} measured
 * @param {number} at
 */
export function sentence(direction, classes, measured, at) {
  const { quantity, read, sampled } = direction, last = measured.length - 1;
  const amount = (/** @type {number} */ i) => roundText(direction, amountAt(direction, i / last));
  /** @param {number} i */
  const known = (i) => (measured[i].count ? signedText(direction, measured[i].mean) : "not measurable");
  if (!quantity) {
    const [from, to] = (read ?? []).map((label) => classes[label] ?? label), { to: turned, from: kept } = measured[at];
    return `At ${amount(at)} of the way, the classifier reads ${to} in ${percent(turned)} and ${from} in ${percent(kept)} of ${sampled}.`;
  }
  if (2 * at === last) {
    return `Measured on ${sampled}: asked for ${amount(0)} and ${amount(last)}, the ${quantity} changed by ${known(0)} and ${known(last)} on average.`;
  }
  const { count, deviation } = measured[at], all = Math.max(...measured.map((one) => one.count));
  const fewer = count < all ? `, ${all - count} not measurable` : "";
  return `Measured on ${sampled}: asked for ${amount(at)}, the ${quantity} changed by ${known(at)} on average (standard deviation ${signedText(direction, deviation).replace("+", "")}${fewer}).`;
}

/**
 * The measured change over the amount, with its spread, and the change that is asked for.
 * @param {DirectionData} direction
 * @param {number[]} shares
 * @param {Measured[]} measured
 * @param {(share: number) => number} x
 */
function changes({ reach }, shares, measured, x) {
  const known = measured.flatMap((one, i) => (one.count ? [{ ...one, share: shares[i] }] : []));
  const most = Math.max(reach, ...known.map(({ mean, deviation }) => Math.abs(mean) + deviation));
  const middle = (PLOT.top + PLOT.bottom) / 2, half = (PLOT.bottom - PLOT.top) / 2;
  const y = (/** @type {number} */ value) => middle - (value / most) * half;
  /** @type {SVGElement[]} */
  const nodes = [
    svgElement("line", { class: "axis", x1: x(0), x2: x(1), y1: middle, y2: middle }),
    svgElement("line", { class: "usual", x1: x(0), x2: x(1), y1: y(-reach), y2: y(reach) }),
  ];
  for (const { share, mean, deviation } of known) {
    nodes.push(svgElement("line", { class: "spread", x1: x(share), x2: x(share), y1: y(mean - deviation), y2: y(mean + deviation) }));
  }
  const points = known.map(({ share, mean }) => `${x(share).toFixed(1)},${y(mean).toFixed(1)}`).join(" ");
  nodes.push(svgElement("polyline", { class: "curve", points }));
  return nodes;
}

/**
 * The shares of images that are read as either class.
 * @param {number[]} shares
 * @param {Measured[]} measured
 * @param {(share: number) => number} x
 */
function readings(shares, measured, x) {
  const y = (/** @type {number} */ share) => PLOT.bottom - share * (PLOT.bottom - PLOT.top);
  const line = (/** @type {"from" | "to"} */ which) => measured.map((one, i) => `${x(shares[i]).toFixed(1)},${y(one[which]).toFixed(1)}`).join(" ");
  return [
    svgElement("line", { class: "axis", x1: x(0), x2: x(1), y1: PLOT.bottom, y2: PLOT.bottom }),
    svgElement("polyline", { class: "usual", points: line("from") }),
    svgElement("polyline", { class: "curve", points: line("to") }),
  ];
}

/** @type {(x: number, y: number, words: string, className?: string) => SVGElement} */
const text = (x, y, words, className = "") => svgElement("text", { x, y, class: className }, words);
