// Passes a frame on to the clouds that show its channel.

/** @import { Bytes } from "../../../aecore/viewer/js/types.js" */
/** @import { ComponentArguments } from "../types.js" */

import { readMessage } from "../../../aecore/viewer/js/bytes.js";
import { tellFrame } from "../../../aecore/viewer/js/live.js";

/** @param {ComponentArguments<Bytes>} mount */
export default function ({ data }) {
  const { head: { channel, ...frame }, body } = readMessage(data);
  tellFrame(channel, frame.low ? { ...frame, coordinates: body } : frame);
}
