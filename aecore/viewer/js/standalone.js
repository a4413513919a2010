// A page of its own: the payloads stand in the page, in base64.

import { fromBase64 } from "./bytes.js";
import { createCloud } from "./cloud.js";
import { found } from "./dom.js";

/** @type {{ data: import("./types.js").CloudData, parts: Record<string, Record<string, any>> }} */
const content = JSON.parse(found(document, "#content").textContent ?? "");
const parts = Object.fromEntries(Object.entries(content.parts).map(([name, fields]) => [
  name,
  Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, value?.base64 === undefined ? value : fromBase64(value.base64)])),
]));
const cloud = createCloud(found(document, ".cl"), { asset: async (name) => parts[name] });
const fit = () => cloud.update({ ...content.data, height: Math.max(window.innerHeight - found(document, "header").offsetHeight - 56, 420) });
window.addEventListener("resize", fit);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", fit);
fit();
