// Two versions of the same images over one another. One divider moves in all of them.

/** @import { WiperData, WiperLayer } from "../types.js" */
/** @import { Choice } from "./choice.js" */

import { fromBase64 } from "../../../aecore/viewer/js/bytes.js";
import { element, partsOf } from "../../../aecore/viewer/js/dom.js";
import { paintImage, wholeWidth } from "../../../aecore/viewer/js/images.js";
import { clamp } from "../../../aecore/viewer/js/numbers.js";
import { createPlace } from "../../../aecore/viewer/components/address/place.js";
import { assets } from "../../../aecore/viewer/components/assets/asset.js";
import { watchWidth } from "../../../aecore/viewer/components/mount.js";
import { networkOf, rowsOf, sizeOf } from "../../../aecore/viewer/components/networks.js";
import { letter } from "../../../aecore/viewer/components/run_letters.js";
import { choiceOf, textOf } from "./choice.js";

const TILE = 168, NARROW_TILE = 140, ALONE = 420; // sides in pixels that images are enlarged to, by whole factors

/** @typedef {{ images: Float32Array[], marks: string[] }} Version */
/** @typedef {{ figure: HTMLElement, stage: HTMLElement, under: HTMLCanvasElement, over: HTMLCanvasElement, scores: HTMLElement }} Tile */

/** @param {HTMLElement} root */
export function createWiper(root) {
  const part = partsOf(root, "wp"), place = createPlace("wipe");
  const left = /** @type {HTMLSelectElement} */ (part("left")), right = /** @type {HTMLSelectElement} */ (part("right"));
  const slider = /** @type {HTMLInputElement} */ (part("slider"));
  /** @type {WiperData | null} */
  let data = null;
  /** @type {Map<string, Promise<Version>>} */
  let versions = new Map();
  /** @type {Choice} */
  let choice = { left: "", right: "", at: 0.5 };
  /** @type {Tile[]} */
  let tiles = [];
  let print = "", visit = -1, width = 0, drawn = 0;

  /** @param {WiperData} now */
  function update(now) {
    const asked = JSON.stringify(now);
    if (asked === print) return;
    print = asked;
    const keys = now.layers.map(({ key }) => key);
    if (visit === now.visit) choice = choiceOf(textOf(choice), keys, now.usual);
    else choice = choiceOf(place.arrive(now.visit, now.place), keys, now.usual);
    [data, visit, versions] = [now, now.visit, new Map()];
    for (const select of [left, right]) select.replaceChildren(...now.layers.map(optionOf));
    tiles = now.names.map(tileOf);
    part("tiles").replaceChildren(...tiles.map(({ figure }) => figure));
    arrange();
    show();
  }

  /** @param {WiperLayer} layer */
  function optionOf({ key, name, number }) {
    const option = element("option", "", number === null ? name : `${letter(number)} ${name}`);
    option.value = key;
    return option;
  }

  /** @param {string} name */
  function tileOf(name) {
    const under = element("canvas"), over = element("canvas", "wp-over"), scores = element("div", "wp-scores");
    const stage = element("div", "wp-stage", under, over, element("div", "wp-line"));
    stage.setAttribute("role", "img");
    stage.onpointerdown = (event) => {
      stage.setPointerCapture(event.pointerId);
      follow(stage, event);
    };
    stage.onpointermove = (event) => {
      if (stage.hasPointerCapture(event.pointerId)) follow(stage, event);
    };
    const figure = element("figure", "", stage, element("figcaption", "", name, scores));
    return { figure, stage, under, over, scores };
  }

  /** Images are enlarged by whole factors, of the screen's own pixels. */
  function arrange() {
    if (!data || !width) return;
    const wanted = data.names.length === 1 ? Math.min(ALONE, width) : width < 480 ? NARROW_TILE : TILE;
    for (const { figure } of tiles) figure.style.width = `${wholeWidth(data.shape[2], wanted)}px`;
  }

  /**
   * @param {HTMLElement} stage
   * @param {PointerEvent} event
   */
  function follow(stage, event) {
    const box = stage.getBoundingClientRect();
    move(clamp((event.clientX - box.left) / box.width, 0, 1));
  }

  /** @param {number} at */
  function move(at) {
    choice = { ...choice, at };
    divide();
    place.moved(textOf(choice));
  }

  function divide() {
    root.style.setProperty("--at", String(choice.at));
    slider.value = String(choice.at);
  }

  /** @param {Partial<Choice>} change */
  function choose(change) {
    choice = { ...choice, ...change };
    place.moved(textOf(choice));
    show();
  }

  async function show() {
    if (!data) return;
    [left.value, right.value] = [choice.left, choice.right];
    divide();
    const now = data, number = (drawn += 1), sides = [choice.left, choice.right];
    const [over, under] = await Promise.all(sides.map((key) => version(now, key)));
    if (number !== drawn) return; // something else was chosen meanwhile
    const names = sides.map((key) => now.layers.find((layer) => layer.key === key)?.name ?? "");
    tiles.forEach((tile, i) => {
      paintImage(tile.over, over.images[i], now.shape);
      paintImage(tile.under, under.images[i], now.shape);
      tile.scores.replaceChildren(element("span", "", over.marks[i] ?? ""), element("span", "", under.marks[i] ?? ""));
      tile.stage.setAttribute("aria-label", `${now.names[i]}: ${names[0]} on the left, ${names[1]} on the right`);
    });
    root.dataset.ready = sides.join();
  }

  /**
   * @param {WiperData} given
   * @param {string} key
   */
  function version(given, key) {
    const made = versions.get(key) ?? makeVersion(given, key);
    versions.set(key, made);
    return made;
  }

  function swap() {
    choose({ left: choice.right, right: choice.left });
  }

  left.onchange = () => choose({ left: left.value });
  right.onchange = () => choose({ right: right.value });
  part("swap").onclick = swap;
  slider.oninput = () => move(slider.valueAsNumber);
  const stopWatching = watchWidth(root, (now) => {
    width = now;
    arrange();
  });
  return {
    update,
    destroy() {
      stopWatching();
      place.release();
    },
  };
}

/**
 * The images of a layer, with what is said of each.
 * @param {WiperData} data
 * @param {string} key
 * @returns {Promise<Version>}
 */
async function makeVersion({ layers, shape, clean, shown, labels }, key) {
  const layer = /** @type {WiperLayer} */ (layers.find((one) => one.key === key)), size = sizeOf(shape);
  if (!layer.encoder || !layer.decoder) return { images: fromBytes(layer.images ?? "", size), marks: layer.marks };
  const [encode, decode] = (await Promise.all([layer.encoder, layer.decoder].map((name) => assets.get(name)))).map(networkOf);
  const wanted = fromBytes(clean, size);
  const images = rowsOf(shown, size).map((image, i) => decode(encode(image, labels[i]), labels[i]).slice());
  const marks = images.map((image, i) => {
    const sum = image.reduce((total, value, k) => total + (value - wanted[i][k]) ** 2, 0);
    return `MSE ${(sum / size).toFixed(4)}`;
  });
  return { images, marks };
}

/**
 * Images of `size` numbers on the [0, 1] scale from base64 of bytes.
 * @param {string} base64
 * @param {number} size
 */
function fromBytes(base64, size) {
  const all = Float32Array.from(fromBase64(base64), (value) => value / 255);
  return Array.from({ length: all.length / size }, (_, i) => all.subarray(i * size, (i + 1) * size));
}
