// The carrier shows nothing and stores what it receives. The head has the parts' names, and the offsets of binary parts
// in the body.

/** @import { Bytes } from "../../../aecore/viewer/js/types.js" */
/** @import { ComponentArguments } from "../types.js" */

import { readMessage } from "../../../aecore/viewer/js/bytes.js";
import { assets } from "../../../aecore/viewer/components/assets/asset.js";

/** @param {ComponentArguments<Bytes>} mount */
export default function ({ data }) {
  const { head, body } = readMessage(data);
  /** @type {{ name: string, parts: Record<string, unknown>, blobs: Record<string, [number, number]> }} */
  const { name, parts, blobs } = head;
  if (assets.has(name)) return;
  for (const [part, [from, to]] of Object.entries(blobs)) parts[part] = body.subarray(from, to);
  assets.put(name, parts);
}
