// Scheduling: once per frame, in slices between frames, and when the user has stopped moving.

const REST_MS = 400;
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

/**
 * Reports the position when the user stops moving, for the address: nothing during a movement, and nothing twice.
 * @param {() => string} place
 * @param {(place: string) => void} onChange
 * @param {() => boolean} [moving] whether it is playing
 */
export function createRest(place, onChange, moving = () => false) {
  let sent = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  return {
    /** It moved. */
    moved() {
      clearTimeout(timer);
      timer = setTimeout(() => {
        const now = place();
        if (moving() || now === sent) return;
        sent = now;
        onChange(now);
      }, REST_MS);
    },
    /** The position is already known on the other side. */
    known() {
      sent = place();
    },
    stop: () => clearTimeout(timer),
  };
}
