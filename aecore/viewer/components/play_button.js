// The button that plays and pauses.

const ICONS = { play: "M8 5v14l11-7z", pause: "M7 5h4v14H7zM13 5h4v14h-4z" };

/**
 * @param {HTMLElement} button
 * @param {boolean} playing
 */
export function showPlaying(button, playing) {
  button.setAttribute("aria-label", playing ? "Pause" : "Play");
  button.querySelector("path")?.setAttribute("d", playing ? ICONS.pause : ICONS.play);
}
