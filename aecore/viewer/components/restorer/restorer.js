// Restoring images while a hand moves the strength of the corruption: noise, networks and scores, all in the browser.

/** @import { Network } from "../../js/types.js" */
/** @import { LossKind, RestorerData, RestorerKind } from "../types.js" */
/** @import { CurvePoint } from "./curve.js" */
/** @import { Scored } from "./means.js" */

import { fromBase64 } from "../../js/bytes.js";
import { element, partsOf } from "../../js/dom.js";
import { wholeWidth } from "../../js/images.js";
import { decibels, meanSquare, similarity } from "../../js/metrics.js";
import { clamp, plural } from "../../js/numbers.js";
import { readScores } from "../../js/scores.js";
import { createPlace } from "../address/place.js";
import { assets } from "../assets/asset.js";
import { watchWidth } from "../mount.js";
import { networkOf, sizeOf } from "../networks.js";
import { inSlices, perFrame } from "../pace.js";
import { between, createCurve, powerOf } from "./curve.js";
import { corrupt, drawOf } from "./corrupt.js";
import { errorColor } from "./error_map.js";
import { drawMeans, meansOf } from "./means.js";
import { CELL_GAP, createTile } from "./tile.js";

const TILE = 112; // side in pixels that images are enlarged to, by whole factors
const FIGURE_GAP = 26;
const STEPS = 12; // of the curve
const PATIENCE_MS = 50; // so long are images worked on before the first of them are shown
const MOST_ON_CURVE = 14; // every image goes through the network once for each step

/** @typedef {ReturnType<typeof createTile>} Tile */
/** @typedef {{ encode: Network, decode: Network, read: Network | null }} Networks */
/** @typedef {{ kind: LossKind, level: number }} Strength what was lost when the images were made: the hand may be elsewhere */

/** @param {HTMLElement} root */
export function createRestorer(root) {
  const part = partsOf(root, "rs"), place = createPlace("hand"), curve = createCurve(/** @type {any} */ (part("curve")), part("legend"));
  const kinds = /** @type {HTMLSelectElement} */ (part("kinds")), slider = /** @type {HTMLInputElement} */ (part("slider"));
  /** @type {RestorerData | null} */
  let data = null;
  /** @type {RestorerData | null} */
  let next = null;
  /** @type {Networks | null} */
  let networks = null;
  /** @type {Tile[]} */
  let items = [];
  let print = "", names = "", visit = -1, width = 0;
  let kind = /** @type {LossKind} */ ("gaussian"), level = 0, draw = 0;
  let working = false, again = false, stopWork = () => {}, stopCurve = () => {}, mark = () => {};

  // ---- data ---------------------------------------------------------------------------------

  /** @param {RestorerData} given */
  async function update(given) {
    const asked = JSON.stringify(given);
    if (asked === print) return;
    [print, next] = [asked, given];
    const wanted = [given.encoder, given.decoder, given.reader];
    const [encoder, decoder, reader] = await Promise.all(wanted.map((name) => (name ? assets.get(name) : null)));
    if (next !== given) return;
    if (!networks || JSON.stringify(wanted) !== names) {
      networks = { encode: networkOf(encoder), decode: networkOf(decoder), read: reader && networkOf(reader) };
    }
    names = JSON.stringify(wanted);
    const other = !data || data.visit !== given.visit;
    data = given;
    kinds.replaceChildren(...given.kinds.map(({ kind, title }) => Object.assign(element("option", "", title), { value: kind })));
    if (other || visit !== given.visit) arrive(given);
    visit = given.visit;
    lay();
  }

  /** @param {RestorerData} given */
  function arrive(given) {
    const [asked, strength, number] = (place.arrive(given.visit, given.place) ?? "").split(":");
    const found = given.kinds.find((one) => one.kind === asked) ?? given.kinds.find((one) => one.kind === given.first) ?? given.kinds[0];
    const at = Number(strength);
    [kind, draw] = [found.kind, Math.max(Math.floor(Number(number)) || 0, 0)];
    level = found.kind === asked && strength !== "" && Number.isFinite(at) ? clamp(at, found.low, found.high) : found.usual;
    if (found.step >= 1) level = Math.round(level); // pixels, whatever the link says
  }

  const settings = () => /** @type {RestorerKind} */ (data?.kinds.find((one) => one.kind === kind));
  const written = () => place.moved(`${kind}:${text(level)}${draw ? `:${draw}` : ""}`);
  /** @param {number} value */
  const text = (value) => String(Number(value.toFixed(3)));

  // ---- layout -------------------------------------------------------------------------------

  // Tiles and random numbers anew, the slider for its kind, the curve, then the strength.
  function lay() {
    stopWork(); // its images are no longer there
    working = again = false;
    if (!data || !width) return;
    const now = data, size = sizeOf(now.shape), bytes = fromBase64(now.images), all = Float32Array.from(bytes, (value) => value / 255);
    const side = sizes(), { shape, numbers } = now;
    items = now.names.map((name, i) => createTile(name, shape, all.subarray(i * size, (i + 1) * size), drawOf(shape, numbers[i], draw), side));
    part("tiles").style.setProperty("--across", String(side.across));
    part("tiles").replaceChildren(...items.map(({ node }) => node));
    part("note").textContent = now.note;
    showKind();
  }

  /** The side of a picture, and whether an image has its four in a row or two over two: in a row where two such fit side
   * by side, and on a phone. */
  function sizes() {
    const pixels = data?.shape[2] ?? 28, fourth = (width - 3 * CELL_GAP) / 4;
    const tile = wholeWidth(pixels, TILE), row = 4 * tile + 3 * CELL_GAP, block = 2 * tile + CELL_GAP;
    if (pixels <= TILE && 2 * row + FIGURE_GAP > width && 2 * block + FIGURE_GAP <= width) return { tile, across: 2 };
    return { tile: wholeWidth(pixels, Math.min(Math.max(TILE, pixels), fourth)), across: 4 };
  }

  function showKind() {
    const { low, high, step, name } = settings();
    kinds.value = kind;
    [slider.min, slider.max, slider.step] = [low, high, step].map(String);
    part("name").textContent = name;
    const trained = trainedAt();
    part("mark").hidden = trained === null;
    const share = trained === null ? 0 : (trained - low) / (high - low);
    part("track").style.setProperty("--trained", String(share));
    const words = element("span", "", data?.trained_words ?? "");
    if (trained !== null) {
      // Under the mark, to its left where there is no room to its right.
      Object.assign(words.style, { position: "absolute", [share < 0.6 ? "left" : "right"]: `calc(9px + (100% - 18px) * ${share < 0.6 ? share : 1 - share})` });
    }
    part("trained").replaceChildren(words);
    drawCurve();
    show();
  }

  const trainedAt = () => (data?.trained && data.trained.kind === kind ? data.trained.level : null);

  // ---- the strength ---------------------------------------------------------------------------

  function show() {
    slider.value = String(level);
    part("value").textContent = text(level);
    slider.setAttribute("aria-valuetext", `${settings().name} ${text(level)}`);
    render();
  }

  const render = perFrame(() => {
    if (!data || !networks) return;
    if (working) {
      again = true; // what is on its way ends first: so something is always seen, however fast the hand
      return;
    }
    const now = data, at = { kind, level }, begun = performance.now();
    working = true;
    for (const { clean, noisy, draw: own } of items) corrupt(clean, noisy, own, setting(now, at));
    /** @type {Scored[]} */
    const scored = [];
    let seen = -1; // images whose output is on the screen; -1 before any noise is
    // All at once where that is soon: a frame for every few images would take longer than the images.
    const paint = () => {
      if (seen < 0) for (const { paintNoisy } of items) paintNoisy();
      const look = { mayWin: now.may_win, scale: now.error_scale, color: errorColor(root) };
      for (seen = Math.max(seen, 0); seen < scored.length; seen += 1) items[seen].paintOutput(scored[seen], look);
    };
    const work = (/** @type {number} */ i) => {
      scored.push(restored(now, i, at));
      if (performance.now() - begun > PATIENCE_MS) paint();
    };
    stopWork = inSlices(items.length, work, () => {
      working = false;
      paint();
      if (at.kind === kind) finish(now, scored, at);
      if (again) {
        again = false;
        render();
      }
    });
  });

  /** @type {(now: RestorerData, at: Strength) => Parameters<typeof corrupt>[3]} */
  const setting = ({ span, clamp: cut, shape }, at) => ({ ...at, span, clamp: cut, shape });

  /**
   * The output for an image's noisy version.
   * @param {RestorerData} now
   * @param {Float32Array} noisy
   * @param {number} i
   * @param {Strength} at
   */
  function through({ labels, span }, noisy, i, at) {
    const { encode, decode } = /** @type {Networks} */ (networks);
    const told = at.kind === "gaussian" ? at.level / span : 0;
    return decode(encode(noisy, labels[i]), labels[i], told);
  }

  /** @type {(now: RestorerData, i: number, at: Strength) => Scored} */
  function restored(now, i, at) {
    const { clean, noisy, output } = items[i], { read } = /** @type {Networks} */ (networks);
    output.set(through(now, noisy, i, at));
    const [input, model] = [noisy, output].map((image) => ({
      mse: meanSquare(clean, image),
      ssim: similarity(clean, image, now.shape),
      wrong: read ? Number(readScores(read(image)).digit !== now.labels[i]) : null,
    }));
    return { input, model };
  }

  /** @type {(now: RestorerData, scored: Scored[], at: Strength) => void} */
  function finish(now, scored, at) {
    drawMeans(/** @type {HTMLTableElement} */ (part("means")), scored, now);
    const whole = ofWholeSet(), power = powerOf(at.kind);
    if (whole) {
      const [model, input, tv] = /** @type {const} */ (["model", "input", "tv"]).map((side) => between(whole, side, at.level, power));
      mark = () => curve.mark(at.level, { model, input, tv }, true);
    } else { // the dots are of the images that the line is of
      const { model, input } = meansOf(scored.slice(0, MOST_ON_CURVE));
      mark = () => curve.mark(at.level, { model: model.psnr, input: input.psnr }, false);
    }
    mark();
    root.dataset.ready = `${at.kind}:${text(at.level)}:${draw}`;
  }

  // ---- the curve ------------------------------------------------------------------------------

  const ofWholeSet = () => (kind === "gaussian" && data?.strengths ? data.strengths.points : null);

  function drawCurve() {
    stopCurve();
    mark = () => {};
    if (!data || !networks) return;
    const now = data, { low, high, step, name } = settings(), count = Math.min(items.length, MOST_ON_CURVE);
    const levels = Array.from({ length: STEPS + 1 }, (_, i) => low + (i * (high - low)) / STEPS).map((value) => (step >= 1 ? Math.round(value) : value));
    /** @type {CurvePoint[]} */
    const points = [];
    const about = { low, high, power: powerOf(kind), trained: trainedAt(), name }, whole = ofWholeSet();
    if (whole && now.strengths) {
      const { images, beside } = now.strengths;
      return curve.draw(whole, { ...about, of: `all ${plural(images, "test image")}`, beside: beside ? ` (${plural(beside, "image")})` : "" });
    }
    const shown = `the ${plural(items.length, "image")} shown`;
    const axis = { ...about, of: count < items.length ? `the first ${count} of ${shown}` : shown };
    curve.draw(points, axis);
    const room = new Float32Array(sizeOf(now.shape));
    let sums = [0, 0];
    stopCurve = inSlices(levels.length * count, (k) => {
      const i = k % count, at = { kind, level: levels[Math.floor(k / count)] }, { clean, draw: own } = items[i];
      corrupt(clean, room, own, setting(now, at));
      const output = through(now, room, i, at);
      sums = [sums[0] + decibels(meanSquare(clean, room)), sums[1] + decibels(meanSquare(clean, output))];
      if (i + 1 < count) return;
      points.push({ level: at.level, input: sums[0] / count, model: sums[1] / count });
      sums = [0, 0];
      curve.draw(points, axis);
      mark(); // the scale may be another
    });
  }

  // ---- the hand -------------------------------------------------------------------------------

  kinds.onchange = () => {
    kind = /** @type {LossKind} */ (kinds.value);
    level = settings().usual;
    written();
    showKind();
  };
  slider.oninput = () => {
    level = slider.valueAsNumber;
    written();
    show();
  };
  part("again").onclick = () => {
    draw += 1;
    written();
    lay();
  };
  const stopWatching = watchWidth(root, (now) => {
    width = now;
    lay();
  });

  return {
    update,
    destroy() {
      stopWork();
      stopCurve();
      stopWatching();
      place.release();
    },
  };
}
