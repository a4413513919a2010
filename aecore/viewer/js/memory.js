// The view in the address, behind the #, so that a link, Back and reload bring it back; and in memory, for a page that was
// left and is come back to. Nothing of it goes through the server.

/** @import { Cloud } from "./types.js" */

import { DIMS, cameraFromText, cameraText } from "./camera.js";
import { registry } from "./registry.js";

/**
 * @param {Cloud} owner
 * @param {HTMLElement} root
 */
export function addMemory(owner, root) {
  const { state } = owner;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  // Soon, as browsers allow only so many changes of the address; a hand that lets go asks for it at once.
  owner.remember = (soon = 200) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const shown = new Set(owner.stages.map(({ view }) => view?.dims)), fields = new URLSearchParams();
      for (const dims of DIMS) if (shown.has(dims) && !owner.tweens[dims]) fields.append("camera", cameraText(owner.cameras[dims], dims));
      if (state.color !== "label") fields.set("color", state.color);
      if (state.pinned !== null) fields.set("point", String(state.pinned));
      if (state.hidden.size) fields.set("off", [...state.hidden].join("."));
      const text = fields.toString().replaceAll("%2C", ",");
      registry.kept.set(owner.data.key ?? "", text);
      if (owner.data.address) history.replaceState(history.state, "", `${location.pathname}${location.search}#${text}`);
    }, soon);
  };

  // For the end: by then the address may be another page's.
  owner.stopRemembering = () => clearTimeout(timer);

  // Take the view from a text as the address holds it. Anything in it that makes no sense is passed over.
  owner.recall = (text) => {
    const fields = new URLSearchParams(text);
    for (const one of fields.getAll("camera")) {
      const found = cameraFromText(one);
      if (found) [owner.cameras[found.dims], owner.tweens[found.dims]] = [found.camera, null];
    }
    const color = fields.get("color") ?? "label", point = fields.get("point") ?? "";
    if (/^(label|error|unit\d{1,4})$/.test(color)) state.color = color;
    if (color.startsWith("unit")) state.unit = Number(color.slice(4)) || 0;
    state.pinned = /^\d{1,9}$/.test(point) ? Number(point) : null;
    state.hidden = new Set((fields.get("off") ?? "").split(".").filter((one) => /^\d{1,3}$/.test(one)).map(Number));
    root.dataset.pinned = String(state.pinned ?? "");
  };

  owner.arrive = () => {
    if (!owner.data.address || !location.hash.includes("camera=")) return;
    owner.recall(location.hash.slice(1));
    owner.stages.forEach((stage) => stage.recolor());
    owner.refresh();
  };
}
