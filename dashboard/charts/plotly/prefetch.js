// Shows nothing: fetches Plotly's script, at once if the page has a chart, else when the page is idle.

import { loadPlotly, prefetchPlotly } from "./library.js";

/** @param {{ data: { url: string, now: boolean } }} arguments */
export default function ({ data }) {
  if (data.now) loadPlotly(data.url).catch(() => {}); // the chart itself reports the error
  else prefetchPlotly(data.url);
}
