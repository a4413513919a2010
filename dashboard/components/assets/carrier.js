// The carrier shows nothing and stores what it receives. The head has the parts' names, and the offsets of binary parts
// in the body; or it has the name alone, of what was sent before. What is not here, it asks for.

/** @import { Bytes } from "../../../aecore/viewer/js/types.js" */
/** @import { ComponentArguments } from "../types.js" */

import { readMessage } from "../../../aecore/viewer/js/bytes.js";
import { assets } from "../../../aecore/viewer/components/assets/asset.js";

/** @param {ComponentArguments<Bytes>} mount */
export default function ({ data, parentElement, setTriggerValue }) {
  const { head, body } = readMessage(data);
  /** @type {{ name: string, parts: Record<string, unknown> | null, blobs: Record<string, [number, number]> }} */
  const { name, parts, blobs } = head;
  const release = assets.hold(name, parentElement);
  if (!assets.has(name)) {
    if (parts) for (const [part, [from, to]] of Object.entries(blobs)) parts[part] = body.subarray(from, to);
    if (parts) assets.put(name, parts);
    else setTriggerValue("missing", name);
  }
  return release;
}
