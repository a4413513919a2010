// Plotly's script, which comes from the installed Python package and is fetched once per visit.

/** @type {Promise<any> | undefined} */
let loading;

/**
 * Plotly, loaded from `url` unless already loaded; for an empty URL, waits until the page defines it. Rejects if that
 * fails; the next call tries again.
 * @param {string} url relative to the app
 * @returns {Promise<any>}
 */
export function loadPlotly(url) {
  const shared = /** @type {any} */ (globalThis);
  if (shared.Plotly) return Promise.resolve(shared.Plotly);
  if (!url) return arrival();
  // Every component is a module of its own, so the pending load is stored globally, where all of them find it.
  loading = shared.aecorePlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = resolveUrl(url);
    script.async = true;
    script.onload = () => (shared.Plotly ? resolve(shared.Plotly) : reject(new Error("the script defines no Plotly")));
    script.onerror = () => {
      delete shared.aecorePlotly;
      script.remove();
      reject(new Error("the chart library could not be loaded"));
    };
    document.head.append(script);
  });
  return /** @type {Promise<any>} */ (loading);
}

/** If the app cannot serve the script as a file, it arrives with the page and defines Plotly at some point. */
async function arrival() {
  const shared = /** @type {any} */ (globalThis), latest = performance.now() + 60_000;
  while (!shared.Plotly) {
    if (performance.now() > latest) throw new Error("the chart library could not be loaded in time");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return shared.Plotly;
}

/**
 * Fetch the script when the page is idle, without running it.
 * @param {string} url
 */
export function prefetchPlotly(url) {
  const shared = /** @type {any} */ (globalThis), connection = /** @type {any} */ (navigator).connection;
  if (shared.Plotly || shared.aecorePlotly || shared.aecorePrefetch || connection?.saveData) return;
  shared.aecorePrefetch = true;
  const idle = shared.requestIdleCallback ?? ((/** @type {() => void} */ work) => setTimeout(work, 1));
  setTimeout(() => idle(() => {
    if (shared.Plotly || shared.aecorePlotly) return;
    const link = document.createElement("link");
    [link.rel, link.as, link.href] = ["prefetch", "script", resolveUrl(url)];
    document.head.append(link);
  }), CALM_MS);
}

/** By then the page has drawn its first content. */
const CALM_MS = 2500;

/** @param {string} url */
export function resolveUrl(url) {
  return new URL(url, document.baseURI).href;
}
