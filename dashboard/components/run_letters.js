// The letters that identify runs shown side by side.

export const LETTERS = "ABCDEF";
