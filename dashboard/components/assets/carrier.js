// The carrier shows nothing and stores what it receives. The head has the parts' names, and the offsets of binary parts
// in the body; or it has the name alone, of what was sent before, or where to fetch it. What it cannot get, it asks for.

/** @import { Bytes } from "../../../aecore/viewer/js/types.js" */
/** @import { ComponentArguments } from "../types.js" */

import { readMessage } from "../../../aecore/viewer/js/bytes.js";
import { assets } from "../../../aecore/viewer/components/assets/asset.js";

/** @typedef {{ name: string, parts: Record<string, unknown> | null, blobs: Record<string, [number, number]>, at?: string }} Head */

/** @param {{ head: Head, body: Uint8Array }} message */
function put({ head: { name, parts, blobs }, body }) {
  if (!parts) return false;
  for (const [part, [from, to]] of Object.entries(blobs)) parts[part] = body.subarray(from, to);
  assets.put(name, parts);
  return true;
}

/** @param {string} address relative to the app */
async function fetched(address) {
  const answer = await fetch(new URL(address, document.baseURI));
  if (!answer.ok) throw new Error(`${answer.status}`);
  return readMessage(await answer.arrayBuffer());
}

/** @param {ComponentArguments<Bytes>} mount */
export default function ({ data, parentElement, setTriggerValue }) {
  const message = readMessage(data), { name, at } = /** @type {Head} */ (message.head);
  const release = assets.hold(name, parentElement);
  const ask = () => setTriggerValue("missing", name);
  if (!assets.has(name) && !put(message)) {
    // A proxy may answer with a page of its own, which cannot be read either.
    if (at) fetched(at).then((message) => message.head.name === name && put(message) ? undefined : ask(), ask);
    else ask();
  }
  return release;
}
