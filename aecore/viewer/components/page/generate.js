// The generator with a choice of its view and of the image to start from. What it asks of the app's server is done here.

/** @import { Choices, GenerateData } from "../types.js" */

import { button, element, found } from "../../js/dom.js";
import { createPlace } from "../address/place.js";
import { createGenerator } from "../generator/generator.js";
import { sizeOf } from "../networks.js";
import { chosen, createChoice, imagesOf, toBase64 } from "./choice.js";

/**
 * @param {ShadowRoot} root
 * @param {GenerateData & { choices: Choices, first: number, views: [GenerateData["view"], string, string][] }} data
 * @param {URLSearchParams} given
 */
export function showGenerator(root, { choices, first, views, ...data }, given) {
  const generator = createGenerator(found(root, ".ge")), host = found(root, ".pg-choices"), note = found(root, ".pg-note");
  const images = imagesOf(choices, sizeOf(data.shape)), place = createPlace("from");
  let from = chosen(given.get("from"), images.length, first);
  place.arrive(data.visit, given.has("from") ? String(from) : null);
  /** @type {GenerateData} */
  let shown = { ...data, vector: vectorOf(given.get("code")), ...started() };

  const buttons = views.map(([view, title]) => button("pg-view", title, () => show({ view })));
  const line = createChoice(host, "Start from", choices, images, (index) => {
    from = index;
    place.moved(String(index));
    show({ ...started(), vector: null, visit: shown.visit + 1 });
  });
  if (views.length > 1) {
    const group = element("div", "pg-views", ...buttons);
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", "Show");
    host.append(group);
  }

  /** The image with which to start, and the class as which it is decoded. */
  function started() {
    const label = data.told ? choices.labels[from] : -1;
    return { image: toBase64([images[from]]), label, asked: label };
  }

  /** @param {Partial<GenerateData>} change */
  function show(change) {
    shown = { ...shown, ...change };
    line.show(from);
    views.forEach(([view, , words], i) => {
      buttons[i].setAttribute("aria-pressed", String(view === shown.view));
      if (view === shown.view) note.textContent = words;
    });
    generator.update(shown);
  }

  generator.pick = (vector) => show({ view: "units", vector: vectorOf(vector), visit: shown.visit + 1 });
  generator.ask = (label) => show({ asked: label });
  show({});
  return () => {}; // its colours are all from the page's style
}

/** @param {string | null} text */
function vectorOf(text) {
  const values = text ? text.split(",").map(Number) : [];
  return values.length && values.every(Number.isFinite) ? values : null;
}
