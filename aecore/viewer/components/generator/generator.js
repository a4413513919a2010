// Editing a code: sliders, random codes, traversals and drawing, all decoded in the browser.

/** @import { Network, Numbers } from "../../js/types.js" */
/** @import { GenerateData, RealCodes } from "../types.js" */

import { found, partsOf } from "../../js/dom.js";
import { paintImage } from "../../js/images.js";
import { createPlace } from "../address/place.js";
import { assets } from "../assets/asset.js";
import { networkOf, reading, realCodesOf, rowsOf, sizeOf } from "../networks.js";
import { perFrame } from "../pace.js";
import { createClasses } from "./classes.js";
import { drawFilters } from "./filters.js";
import { createPad } from "./pad.js";
import { createPlaces } from "./places.js";
import { drawRandom, drawTraversal } from "./sheets.js";
import { createSliders } from "./sliders.js";
import { asText, idleWords } from "./words.js";

/**
 * @typedef {object} Networks
 * @property {Network} encode
 * @property {Network} decode
 * @property {Network | null} read
 * @property {RealCodes | null} real
 */
/**
 * What is shown. `code` is that of the image; if the code is a map, the vector has a gain for every channel, else the
 * vector is the code itself. `start` is the vector of the image.
 * @typedef {Networks & { data: GenerateData, code: Float32Array, start: Float32Array, vector: Float32Array }} Made
 */

const VIEWS = /** @type {const} */ (["units", "random", "traversal", "filters", "draw"]);
const EDITED = /** @type {const} */ (["sliders", "places"]);

/** @param {HTMLElement} root */
export function createGenerator(root) {
  const part = partsOf(root, "ge"), canvas = /** @type {HTMLCanvasElement} */ (found(root, ".ge-result canvas"));
  /** @type {HTMLButtonElement} */
  const reset = part("reset");
  /** @type {Made | null} */
  let made = null;
  let print = "", names = "", stop = () => {};
  /** The unit whose slider is to be shown once there are sliders. */
  let sought = /** @type {number | null} */ (null);
  const generator = {
    update,
    destroy,
    /** The vector that the server should know, empty for that of the image. */
    onChange: /** @type {(vector: string) => void} */ (() => {}),
    pick: /** @type {(vector: string) => void} */ (() => {}),
    /** A class was chosen, of which to decode. */
    ask: /** @type {(label: number) => void} */ (() => {}),
    /** A unit's filter was clicked. */
    open: /** @type {(unit: number) => void} */ (() => {}),
  };
  const place = createPlace("code");
  const written = () => (made && asText(made.vector) !== asText(made.start) ? asText(made.vector) : null);
  const sliders = createSliders(part("sliders"), changed), places = createPlaces(part("places"), changed);
  const everyClass = createClasses(part("classes"), (label) => generator.ask(label));

  /** @param {GenerateData} data */
  async function update(data) {
    const wanted = JSON.stringify(data);
    if (wanted === print) return;
    print = wanted;
    const asked = [data.encoder, data.decoder, data.reader, data.codes];
    const [encoder, decoder, reader, codes] = await Promise.all(asked.map((name) => (name ? assets.get(name) : null)));
    if (print !== wanted) return;
    const same = made && JSON.stringify(asked) === names ? made : null;
    names = JSON.stringify(asked);
    /** @type {Networks} */
    const { encode, decode, read, real } = same ?? {
      encode: networkOf(encoder),
      decode: networkOf(decoder),
      read: reader && networkOf(reader),
      real: codes && realCodesOf(codes),
    };
    const anew = !made || data.visit !== made.data.visit || data.image !== made.data.image;
    const code = encode(rowsOf(data.image, sizeOf(data.shape))[0], data.label).slice();
    const start = data.map ? new Float32Array(data.map[0]).fill(1) : code.slice();
    const text = anew ? place.arrive(data.visit, data.vector && asText(data.vector)) : null;
    const given = text ? Float32Array.from(text.split(","), Number) : start;
    const vector = anew || !made ? (given.length === start.length ? given : start).slice() : made.vector;
    made = { encode, decode, read, real, data, code, start, vector };
    // Its file of the traversal begins with the vector.
    if (data.view === "traversal" && (written() ?? "") !== (data.vector ? asText(data.vector) : "")) generator.onChange(written() ?? "");
    for (const view of VIEWS) part(view).hidden = view !== data.view;
    arrange(made);
    root.dataset.ready = "true";
  }

  /** @param {GenerateData} data */
  const nounOf = (data) => (data.map ? "channel" : "unit");

  /**
   * The code for a vector.
   * @param {Made} shown
   * @param {Float32Array} vector
   */
  function codeOf({ data, code }, vector) {
    if (!data.map) return vector;
    const [channels, height, width] = data.map, area = height * width, scaled = new Float32Array(code.length);
    for (let c = 0; c < channels; c += 1) {
      for (let i = c * area; i < (c + 1) * area; i += 1) scaled[i] = code[i] * vector[c];
    }
    return scaled;
  }

  /** @param {Made} shown */
  function arrange(shown) {
    stop();
    stop = () => {};
    const { data, start, encode, read } = shown, { units, shape, view, classes } = data;
    /** @param {string} vector */
    const pick = (vector) => generator.pick(vector);
    /** @param {Numbers} image */
    const say = (image) => reading(read, image, classes);
    /** @param {Float32Array} vector */
    const decode = (vector) => shown.decode(codeOf(shown, vector), data.asked);
    delete part(view).dataset.done;
    if (view === "random") {
      const vectors = rowsOf(data.random, start.length);
      stop = drawRandom(part("random"), { vectors, decode, shape, say, pick });
    } else if (view === "filters") {
      const open = (/** @type {number} */ unit) => generator.open((sought = unit));
      if (data.filters) drawFilters(part("filters"), data.filters, units, shape, open);
    } else if (view === "draw") {
      const near = (/** @type {Float32Array} */ code) => nearWords(shown, code);
      const asked = (/** @type {Network} */ network) => (/** @type {Numbers} */ input) => network(input, data.asked);
      createPad(part("draw"), { encode: asked(encode), decode: asked(shown.decode), shape, colors: data.inks, say, near, pick });
    } else if (view === "traversal") {
      stop = drawTraversal(part("traversal"), { base: shown.vector, units, decode, shape, pick, noun: nounOf(data) });
    } else {
      for (const edited of EDITED) part(edited).hidden = (edited === "places") !== (data.places !== null);
      if (data.places) places.build(data.places, shown.vector);
      else sliders.build(units, nounOf(data), shown.vector, shown.start);
      part("dead").textContent = data.places ? "" : idleWords(units, nounOf(data));
      everyClass.build(data.told ? data.classes : [], data.asked);
      render();
      if (sought !== null) sliders.seek(sought);
      sought = null;
    }
  }

  const renderSoon = perFrame(render);

  function changed() {
    renderSoon();
    place.moved(written());
  }

  function render() {
    if (!made) return;
    const { data, vector, start, read } = made, code = codeOf(made, vector);
    if (data.told) everyClass.show((label) => made?.decode(code, label) ?? new Float32Array(0), data.shape);
    const image = made.decode(code, data.asked);
    paintImage(canvas, image, data.shape);
    const said = reading(read, image, data.classes);
    part("says").textContent = said;
    canvas.setAttribute("aria-label", `Decoded image${said ? `, ${said}` : ""}`);
    if (data.places) places.show(vector);
    else sliders.show(vector);
    part("near").textContent = nearWords(made, code);
    reset.disabled = asText(vector) === asText(start);
    root.dataset.vector = asText(vector);
  }

  /**
   * @param {Made} shown
   * @param {Float32Array} code
   */
  function nearWords({ real, data }, code) {
    return real ? `Nearest real code: ${real.describe(code, data.classes)}` : "";
  }

  reset.onclick = () => {
    made?.vector.set(made.start);
    changed();
  };

  function destroy() {
    stop();
    place.release();
  }

  return generator;
}
