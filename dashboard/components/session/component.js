// Shows nothing: asks for the whole page when the connection to the server is there again, and keeps the run in the address.

/** @import { ComponentArguments } from "../types.js" */

const STATE = "data-test-connection-state";
const CONNECTED = "CONNECTED";

/** @type {WeakMap<object, () => void>} */
const watching = new WeakMap();

/** @param {ComponentArguments<{ page: string, run: string }>} mount */
export default function ({ data, parentElement, setTriggerValue }) {
  if (data.run) nameRun(data.run);
  if (!watching.has(parentElement)) watching.set(parentElement, watch(() => setTriggerValue("back", Date.now())));
  return () => {
    watching.get(parentElement)?.();
    watching.delete(parentElement);
  };
}

/** @param {string} run */
function nameRun(run) {
  const address = new URL(location.href);
  if (address.searchParams.has("run")) return;
  address.searchParams.set("run", run);
  history.replaceState(history.state, "", address);
}

/**
 * Call `back` whenever a lost connection is there again; returns a function that ends it.
 * @param {() => void} back
 */
function watch(back) {
  const app = document.querySelector(`[${STATE}]`);
  if (!app) return () => {};
  let lost = false;
  const observer = new MutationObserver(() => {
    const connected = app.getAttribute(STATE) === CONNECTED;
    if (connected && lost) back();
    lost = !connected;
  });
  observer.observe(app, { attributes: true, attributeFilter: [STATE] });
  return () => observer.disconnect();
}
