// How things move.

/** Whether the person has asked for less movement. */
export const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * Quick at first, then slower.
 * @param {number} share 0 to 1
 */
export const ease = (share) => 1 - (1 - share) ** 3;
