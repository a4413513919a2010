// The letters by which runs beside each other are told apart.

export const LETTERS = "ABCDEF";
