// Shows nothing: has Plotly's script fetched, at once where the page has a chart, else when the page is idle.

import { loadPlotly, prefetchPlotly } from "./library.js";

/** @param {{ data: { url: string, now: boolean } }} arguments */
export default function ({ data }) {
  if (data.now) loadPlotly(data.url).catch(() => {}); // the chart itself says what went wrong
  else prefetchPlotly(data.url);
}
