// Scheduling: once per frame, and in slices between frames.

const SLICE_MS = 8;

/**
 * A function that schedules `draw` for the next frame, once, however often it is called.
 * @param {() => void} draw
 */
export function perFrame(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}

/**
 * Work in slices of a few milliseconds, so that the page stays responsive. Returns a function that stops it.
 * @param {number} count
 * @param {(step: number) => void} work
 * @param {() => void} [done]
 */
export function inSlices(count, work, done = () => {}) {
  let next = 0, stopped = false;
  const slice = () => {
    if (stopped) return;
    const begun = performance.now();
    while (next < count && performance.now() - begun < SLICE_MS) work(next++);
    if (next < count) timer = setTimeout(slice, 0);
    else done();
  };
  let timer = setTimeout(slice, 0);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
