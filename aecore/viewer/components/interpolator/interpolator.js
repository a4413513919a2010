// Interpolating between images: the networks run in the browser, so scrubbing needs no server.

/** @import { DirectionData, Interpolation, InterpolationData } from "../types.js" */

import { floats, fromBase64 } from "../../js/bytes.js";
import { found, partsOf } from "../../js/dom.js";
import { paintImage } from "../../js/images.js";
import { clamp, shortNumber } from "../../js/numbers.js";
import { createPlace } from "../address/place.js";
import { assets } from "../assets/asset.js";
import { watchWidth } from "../mount.js";
import { networkOf, reading, realCodesOf, rowsOf, sizeOf } from "../networks.js";
import { perFrame } from "../pace.js";
import { showPlaying } from "../play_button.js";
import { amountAt, amountText, imageWords } from "./amounts.js";
import { captioned } from "./caption.js";
import { createCheck } from "./check.js";
import { nearestLabel, onPlane } from "./path.js";
import { createPlane } from "./plane.js";
import { createImages, decodeAt, mixAt, whereOn } from "./images.js";

const PLAY_S = 4;

/** @param {number} share */
const inAddress = (share) => share.toFixed(3);

/**
 * The address has three decimals: on a way through several images, the place of one of them is meant.
 * @param {number} share
 * @param {number} stops
 */
const toStop = (share, stops) => {
  const nearest = Math.round(share * (stops - 1)) / (stops - 1);
  return stops > 2 && Math.abs(nearest - share) < 6e-4 ? nearest : share;
};

/** @param {HTMLElement} root */
export function createInterpolator(root) {
  const part = partsOf(root, "ip");
  /** @type {HTMLInputElement} */
  const slider = part("slider");
  const play = part("play"), track = part("track"), decodedFigure = part("decoded"), pixelsFigure = part("pixels");
  /** @type {Interpolation | null} */
  let shown = null;
  /** @type {InterpolationData | null} */
  let next = null; // latest request
  let print = "", names = "";
  /** @type {[number, number]} */
  let at = [0.5, 0.5]; // position across, and down on a plane
  let width = 0, playing = false, stop = () => {};
  const place = createPlace("at");

  // ---- data ---------------------------------------------------------------------------------

  /** @param {InterpolationData} data */
  async function update(data) {
    const asked = JSON.stringify(data);
    if (asked === print) return layOut(); // only the theme changed, or nothing
    [print, next] = [asked, data];
    const wanted = [data.encoder, data.decoder, data.reader, data.codes];
    const [encoder, decoder, reader, codes] = await Promise.all(wanted.map((name) => (name ? assets.get(name) : null)));
    if (next !== data) return;
    const same = shown && JSON.stringify(wanted) === names ? shown : null;
    names = JSON.stringify(wanted);
    const networks = same ?? {
      encode: networkOf(encoder),
      decode: networkOf(decoder),
      read: reader && networkOf(reader),
      real: codes && realCodesOf(codes),
    };
    adopt(data, networks);
  }

  /**
   * @param {InterpolationData} data
   * @param {Pick<Interpolation, "encode" | "decode" | "read" | "real" | "usual">} networks
   */
  function adopt(data, { encode, decode, read, real, usual }) {
    const asked = shown === null || data.visit !== shown.data.visit;
    const images = rowsOf(data.ends, sizeOf(data.shape)), codes = images.map((image, i) => encode(image, data.labels[i]).slice());
    const code = new Float32Array(codes[0].length), mixed = new Float32Array(images[0].length);
    const vector = data.direction && floats(fromBase64(data.direction.vector));
    shown = { data, encode, decode, read, real, usual, images, codes, code, mixed, vector };
    if (asked) {
      const [share = 0.5, down = 0.5] = place.arrive(data.visit, data.place?.map(inAddress).join() ?? null)?.split(",").map(Number) ?? [];
      at = [data.plane ? share : toStop(share, images.length), down];
    }
    part("stage").hidden = part("scrub").hidden = track.hidden = data.plane;
    part("plane").hidden = !data.plane;
    root.toggleAttribute("data-along", data.direction !== null);
    slider.setAttribute("aria-label", data.direction ? "Amount along the direction" : `Position between the ${images.length === 2 ? "two" : images.length} images`);
    part("help").textContent = data.plane
      ? "Drag over the plane, or use the arrow keys. The corners are the reconstructions of the four images."
      : `Drag the slider, the strip${data.direction ? "" : "s"} or the plot. ← → step, Home and End jump${images.length > 2 ? ", Page up and Page down go to the next image and back" : ""}, space plays.`;
    layOut();
  }

  const written = () => at.slice(0, shown?.data.plane ? 2 : 1).map(inAddress).join();

  // ---- drawing ------------------------------------------------------------------------------

  // Everything that depends on the width, the data or the theme; then the position.
  function layOut() {
    if (!shown || !width) return;
    stop();
    const stops = [shown.data.plane ? plane.draw(shown) : way.draw(shown, width)];
    if (shown.data.direction) stops.push(check.draw(shown, width));
    else check.hide();
    stop = () => stops.forEach((one) => one());
    render();
    root.dataset.ready = "true";
  }

  function render() {
    if (!shown) return;
    const { data, read } = shown, [share, down] = at;
    if (data.plane) {
      const image = shown.decode(onPlane(shown.codes, share, down, shown.code), nearestLabel(data.labels, share, down));
      plane.mark(shown, at, image);
      readOut("");
    } else if (data.direction) {
      renderMoved(shown, data.direction, share);
    } else {
      const image = decodeAt(shown, share);
      paintImage(found(decodedFigure, "canvas"), image, data.shape);
      captioned(decodedFigure, "decoded from the code", reading(read, image, data.classes));
      const mixed = mixAt(shown, share);
      paintImage(found(pixelsFigure, "canvas"), mixed, data.shape);
      captioned(pixelsFigure, "pixel cross-fade", reading(read, mixed, data.classes));
      slider.value = String(share);
      slider.setAttribute("aria-valuetext", whereOn(shown, share));
      way.mark(share, width);
      readOut(whereOn(shown, share));
    }
    root.dataset.at = written();
    root.dataset.frames = String(Number(root.dataset.frames ?? 0) + 1);
  }

  /**
   * The image moved along the direction, beside its reconstruction, from which it is moved.
   * @param {Interpolation} shown
   * @param {DirectionData} direction
   * @param {number} share
   */
  function renderMoved(shown, direction, share) {
    const { data } = shown, amount = amountText(direction, amountAt(direction, share));
    const unmoved = decodeAt(shown, 0.5); // copied to its canvas before the network runs again
    paintImage(found(pixelsFigure, "canvas"), unmoved, data.shape);
    captioned(pixelsFigure, "reconstruction", imageWords(shown, unmoved));
    const image = decodeAt(shown, share);
    paintImage(found(decodedFigure, "canvas"), image, data.shape);
    captioned(decodedFigure, `moved by ${amount}`, imageWords(shown, image));
    slider.value = String(share);
    slider.setAttribute("aria-valuetext", amount);
    way.mark(share, width);
    check.say(shown, share);
    readOut(amount);
  }

  /** @param {string} where */
  function readOut(where) {
    if (!shown) return;
    const { real, usual, code, data } = shown, parts = where ? [where] : [];
    if (real) {
      const far = usual === undefined ? "" : `; typical between real codes: ${shortNumber(usual)}`;
      parts.push(`nearest real code: ${real.describe(code, data.classes)}${far}`);
    }
    part("readout").textContent = parts.join(" — ");
  }

  // ---- moving -------------------------------------------------------------------------------

  const renderSoon = perFrame(render);

  function go(/** @type {number} */ share, down = at[1]) {
    at = [clamp(share, 0, 1), clamp(down, 0, 1)];
    renderSoon();
    if (!playing) place.moved(written());
  }

  function start() {
    playing = true;
    let since = performance.now(), share = at[0] >= 1 ? 0 : at[0], direction = 1;
    /** @param {number} time */
    const tick = (time) => {
      if (!playing) return;
      share += (direction * Math.min(time - since, 100)) / (1000 * PLAY_S * Math.max(1, (shown?.images.length ?? 2) - 1));
      since = time;
      if (share >= 1 || share <= 0) direction = share >= 1 ? -1 : 1;
      go(share);
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
    showPlaying(play, playing);
  }

  function halt() {
    if (!playing) return;
    playing = false;
    showPlaying(play, playing);
    place.moved(written());
  }

  // ---- touch, mouse, keyboard ---------------------------------------------------------------

  const way = createImages(root, jump, () => render());
  const plane = createPlane(root), check = createCheck(root, () => render());
  slider.oninput = () => {
    halt();
    go(Number(slider.value));
  };
  play.onclick = () => (playing ? halt() : start());

  /** @param {number} share */
  function jump(share) {
    halt();
    go(share);
    slider.focus({ preventScroll: true }); // the arrow keys continue from here
  }

  /**
   * @param {HTMLElement} node
   * @param {(event: PointerEvent) => void} move
   */
  function dragged(node, move) {
    node.onpointerdown = (event) => {
      if (!shown || event.button > 0) return;
      halt();
      node.setPointerCapture(event.pointerId);
      move(event);
    };
    node.onpointermove = (event) => {
      if (node.hasPointerCapture(event.pointerId)) move(event);
    };
  }

  dragged(track, (event) => {
    go(way.shareAt(event));
    slider.focus({ preventScroll: true }); // the arrow keys continue from here
  });
  dragged(part("field"), (event) => {
    if (shown) go(...plane.sharesAt(event, shown.data.side));
  });

  root.onkeydown = (event) => {
    if (!shown || event.altKey || event.ctrlKey || event.metaKey) return;
    const { plane: flat, shares, side } = shown.data, [share, down] = at, legs = shown.images.length - 1;
    const whole = flat ? 1 / (side - 1) : 1 / Math.max(shares.length - 1, 1), step = whole * (event.shiftKey ? 0.2 : 1);
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowLeft: () => go(share - step),
      ArrowRight: () => go(share + step),
      ArrowUp: () => (flat ? go(share, down - step) : go(share + step)),
      ArrowDown: () => (flat ? go(share, down + step) : go(share - step)),
      Home: () => go(0, 0),
      End: () => go(1, 1),
    };
    if (!flat && legs > 1) { // up is forwards, as with the arrow keys and on every slider
      keys.PageUp = () => go((Math.floor(share * legs + 1e-6) + 1) / legs);
      keys.PageDown = () => go((Math.ceil(share * legs - 1e-6) - 1) / legs);
    }
    if (!flat && !(/** @type {Element} */ (event.target).matches("button"))) keys[" "] = () => play.click();
    if (!keys[event.key]) return;
    event.preventDefault();
    if (event.key !== " ") halt();
    keys[event.key]();
  };

  const stopWatching = watchWidth(root, (now) => {
    width = now;
    layOut();
  });
  showPlaying(play, playing);

  function destroy() {
    stopWatching();
    place.release();
    stop();
    playing = false;
  }

  return { update, destroy };
}
