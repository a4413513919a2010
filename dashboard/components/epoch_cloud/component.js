// A cloud over the epochs as a Streamlit component.

/** @import { ComponentArguments, EpochCloudData } from "../types.js" */

import { mounted } from "../../../aecore/viewer/components/mount.js";
import { createEpochCloud } from "./epoch_cloud.js";

/** @param {ComponentArguments<EpochCloudData>} mount */
export default function ({ data, parentElement }) {
  const [cloud, cleanup] = mounted(parentElement, ".ep", createEpochCloud);
  cloud.update(data);
  return cleanup;
}
