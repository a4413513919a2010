// A page without a server: puts the app's components into it, each when it comes near the window.

/** @import { PageContent, PageView, ViewMaker } from "../types.js" */

import { element, found } from "../../js/dom.js";
import { assets } from "../assets/asset.js";
import { showGenerator } from "./generate.js";
import { showInterpolator } from "./interpolate.js";
import { showLoss } from "./loss.js";
import { createPayloads } from "./payloads.js";
import { showRestorer } from "./restore.js";
import { showCloud, showReplay } from "./whole.js";

/** @type {Record<PageView["kind"], ViewMaker>} */
const MAKERS = {
  loss: showLoss,
  replay: showReplay,
  denoise: showRestorer,
  interpolate: showInterpolator,
  generate: showGenerator,
  latent: showCloud,
};
const NEAR = "600px";

const page = /** @type {{ aecoreViews: Record<string, { html: string, css: string }> }} */ (/** @type {unknown} */ (globalThis));
/** @type {PageContent} */
const content = JSON.parse(found(document, "#content").textContent ?? "");
const payloads = createPayloads(content.folder), dark = matchMedia("(prefers-color-scheme: dark)");

/**
 * @param {HTMLElement} place
 * @param {PageView} view
 */
async function begin(place, view) {
  const { html, css } = page.aecoreViews[view.kind], root = place.attachShadow({ mode: "open" });
  const [data] = await Promise.all([
    payloads.get(view.data),
    ...view.assets.map(async (name) => assets.has(name) || assets.put(name, await payloads.get(name))),
  ]);
  root.append(element("style", "", css), ...new DOMParser().parseFromString(html, "text/html").body.childNodes);
  const restyle = MAKERS[view.kind](root, data, new URLSearchParams(location.search));
  dark.addEventListener("change", restyle);
  place.dataset.shown = "true";
}

/**
 * @param {HTMLElement} place
 * @param {unknown} error
 */
function failed(place, error) {
  place.dataset.shown = "failed";
  found(place.parentElement ?? document, "[data-failed]").hidden = false;
  console.error(error);
}

const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    const place = /** @type {HTMLElement} */ (target), view = content.views.find(({ kind }) => kind === place.dataset.view);
    if (view) begin(place, view).catch((error) => failed(place, error));
  }
}, { rootMargin: NEAR });
for (const place of document.querySelectorAll("[data-view]")) near.observe(place);
