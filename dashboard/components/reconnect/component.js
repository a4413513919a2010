// Shows nothing: asks for the whole page when the connection to the server is there again.

/** @import { ComponentArguments } from "../types.js" */

const STATE = "data-test-connection-state";
const CONNECTED = "CONNECTED";

/** @param {ComponentArguments<null>} mount */
export default function ({ setTriggerValue }) {
  const app = document.querySelector(`[${STATE}]`);
  if (!app) return;
  let lost = false;
  const observer = new MutationObserver(() => {
    const connected = app.getAttribute(STATE) === CONNECTED;
    if (connected && lost) setTriggerValue("back", Date.now());
    lost = !connected;
  });
  observer.observe(app, { attributes: true, attributeFilter: [STATE] });
  return () => observer.disconnect();
}
