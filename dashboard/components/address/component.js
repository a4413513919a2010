// Shows nothing: takes the page's whole address from Python, for the button that copies it.

/** @import { ComponentArguments } from "../types.js" */

import { address } from "../../../aecore/viewer/components/address/address.js";

/** @param {ComponentArguments<Record<string, string>>} mount */
export default function ({ data }) {
  address.know(data);
}
