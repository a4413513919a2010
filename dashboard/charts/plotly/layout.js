// The layout of a figure as the page shows it.

/** Space above the plots, in pixels, where the page shows the title: with the heading of a first panel, and without. */
const UNDER_HEADING = 30, TOP = 12;

/**
 * A layout without its title, which the page shows instead.
 * @param {any} layout
 */
export function shownLayout(layout) {
  const headed = layout.annotations?.some((/** @type {any} */ note) => note.y > 0.99);
  const top = layout.scene ? 0 : layout.margin.t > 90 && !layout.xaxis ? 60 : headed ? UNDER_HEADING : TOP;
  return { ...layout, title: undefined, margin: { ...layout.margin, t: top }, height: layout.height - (layout.margin.t - top) };
}

/** @param {any} axis @param {boolean} log */
export function rescaled(axis, log) {
  const type = log ? "log" : "linear";
  if (axis.type === type) return axis;
  return { ...axis, type, uirevision: type, dtick: log ? "D2" : undefined, tickformat: "~g", rangemode: log ? "normal" : "tozero" };
}
