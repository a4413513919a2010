// What the components of a page without a server are given: data and assets by name. Each is a script, in the page or in
// a folder beside it, because a page that is opened as a file may load scripts and nothing else.

import { fromBase64 } from "../../js/bytes.js";
import { element } from "../../js/dom.js";

const page = /** @type {{ aecorePayloads?: Record<string, Record<string, any>> }} */ (/** @type {unknown} */ (globalThis));

/** @param {string} folder of the scripts, with a slash at its end */
export function createPayloads(folder) {
  /** @type {Map<string, Promise<any>>} */
  const asked = new Map();

  /** @param {string} name */
  async function load(name) {
    const loaded = (page.aecorePayloads ??= {});
    if (!loaded[name]) {
      await new Promise((resolve, reject) => {
        const script = element("script");
        script.src = `${folder}${name}.js`;
        script.onload = resolve;
        script.onerror = () => reject(new Error(`${script.src} could not be loaded`));
        document.head.append(script);
      });
    }
    const fields = Object.entries(loaded[name]);
    delete loaded[name]; // the text of what is kept as bytes
    return Object.fromEntries(fields.map(([key, value]) => [key, value?.base64 === undefined ? value : fromBase64(value.base64)]));
  }

  return {
    /** @param {string} name */
    get(name) {
      const known = asked.get(name) ?? load(name);
      asked.set(name, known);
      return known;
    },
  };
}
