// Point clouds as a Streamlit component.

/** @import { CloudData } from "../../../aecore/viewer/js/types.js" */
/** @import { ComponentArguments } from "../types.js" */

import { createCloud } from "../../../aecore/viewer/js/cloud.js";
import { assets } from "../../../aecore/viewer/components/assets/asset.js";
import { mounted } from "../../../aecore/viewer/components/mount.js";

const STEP_MS = 300; // someone may step through points quickly

/** @param {ComponentArguments<CloudData>} mount */
export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const [cloud, cleanup] = mounted(parentElement, ".cl", createToldCloud);
  cloud.onChange = (pinned) => setStateValue("pinned", pinned);
  cloud.onDirection = (start, end) => setTriggerValue("direction", { start, end });
  cloud.update(data);
  return cleanup;
}

/** @param {HTMLElement} root */
function createToldCloud(root) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const cloud = createCloud(root, {
    asset: (name) => assets.get(name),
    onDirection: (start, end) => held.onDirection(start, end),
    onChange: ({ pinned }) => {
      clearTimeout(timer);
      timer = setTimeout(() => held.onChange(pinned), STEP_MS);
    },
  });
  const held = {
    /** @type {(pinned: number | null) => void} */
    onChange: () => {},
    /** @type {(start: string, end: string) => void} */
    onDirection: () => {},
    update: cloud.update,
    destroy() {
      clearTimeout(timer);
      cloud.destroy();
    },
  };
  return held;
}
