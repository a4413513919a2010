// Point clouds as a Streamlit component.

/** @import { CloudData } from "../../../aecore/viewer/js/types.js" */
/** @import { ComponentArguments } from "../types.js" */

import { createCloud } from "../../../aecore/viewer/js/cloud.js";
import { assets } from "../assets/asset.js";
import { mounted } from "../mount.js";

const STEP_MS = 300; // someone may step through points quickly

/** @param {ComponentArguments<CloudData>} mount */
export default function ({ data, parentElement, setStateValue }) {
  const [cloud, cleanup] = mounted(parentElement, ".cl", createToldCloud);
  cloud.tell = (pinned) => setStateValue("pinned", pinned);
  cloud.update(data);
  return cleanup;
}

/** @param {HTMLElement} root */
function createToldCloud(root) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const cloud = createCloud(root, {
    asset: (name) => assets.get(name),
    told: ({ pinned }) => {
      clearTimeout(timer);
      timer = setTimeout(() => told.tell(pinned), STEP_MS);
    },
  });
  const told = {
    /** @type {(pinned: number | null) => void} */
    tell: () => {},
    update: cloud.update,
    destroy() {
      clearTimeout(timer);
      cloud.destroy();
    },
  };
  return told;
}
