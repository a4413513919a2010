// Reading and moving a chart with the keyboard.

/** @typedef {{ move: (step: number) => void, turn: (right: number, up: number) => void, zoom: (factor: number) => void, reset: () => void, deep: () => boolean }} Moves */

/**
 * Arrow keys move from point to point, or rotate a 3D plot; + and − zoom, Escape resets.
 * @param {HTMLElement} plot
 * @param {Moves} moves
 */
export function listenToKeys(plot, moves) {
  plot.addEventListener("keydown", (event) => {
    if (event.target !== plot || event.ctrlKey || event.metaKey || event.altKey) return;
    const turn = 12 * (Math.PI / 180), step = event.shiftKey ? 10 : 1;
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowLeft: () => (moves.deep() ? moves.turn(-turn, 0) : moves.move(-step)),
      ArrowRight: () => (moves.deep() ? moves.turn(turn, 0) : moves.move(step)),
      "+": () => moves.zoom(0.7),
      "=": () => moves.zoom(0.7),
      "-": () => moves.zoom(1 / 0.7),
      Escape: moves.reset,
    };
    if (moves.deep()) {
      keys.ArrowUp = () => moves.turn(0, turn);
      keys.ArrowDown = () => moves.turn(0, -turn);
    }
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
}

/**
 * A camera rotated around the centre of its scene.
 * @param {{ x: number, y: number, z: number }} eye
 * @param {number} right in radians
 * @param {number} up in radians
 */
export function turnedEye({ x, y, z }, right, up) {
  const distance = Math.hypot(x, y, z), turn = Math.atan2(y, x) - right;
  const height = Math.min(Math.max(Math.asin(z / distance) + up, -1.5), 1.5);
  const flat = distance * Math.cos(height);
  return { x: flat * Math.cos(turn), y: flat * Math.sin(turn), z: distance * Math.sin(height) };
}
