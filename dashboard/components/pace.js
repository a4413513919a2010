// When things happen: once a frame, in slices between frames, and when a hand has come to rest.

const REST_MS = 400;
const SLICE_MS = 8;

/**
 * A function that has `draw` called in the next frame, once however often it is called before.
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
 * Work in slices of a few milliseconds, so that a hand on a slider never waits. Returns a function that stops it.
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
 * Tells where a hand has come to rest, for the address: nothing is sent while it moves, and nothing twice.
 * @param {() => string} place
 * @param {(place: string) => void} tell
 * @param {() => boolean} [moving] whether it moves by itself
 */
export function createRest(place, tell, moving = () => false) {
  let told = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  return {
    /** It moved. */
    moved() {
      clearTimeout(timer);
      timer = setTimeout(() => {
        const now = place();
        if (moving() || now === told) return;
        told = now;
        tell(now);
      }, REST_MS);
    },
    /** Whoever would be told knows where it is. */
    known() {
      told = place();
    },
    stop: () => clearTimeout(timer),
  };
}
