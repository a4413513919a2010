// What a classifier's scores say.

/** @import { Numbers } from "./types.js" */

/**
 * The class with the highest score, and its probability under a softmax.
 * @param {Numbers} scores
 */
export function readScores(scores) {
  let best = 0;
  for (let i = 1; i < scores.length; i += 1) if (scores[i] > scores[best]) best = i;
  let sum = 0;
  for (const score of scores) sum += Math.exp(score - scores[best]); // the highest taken off: no overflow
  return { digit: best, sure: 1 / sum };
}
