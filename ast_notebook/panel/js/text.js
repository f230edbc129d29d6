/** Values as people read them, and the order that people expect. */

export const NATURAL = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
export const NUMBER = new Intl.NumberFormat();
export const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
export const DATE = new Intl.DateTimeFormat(undefined, {
  dateStyle: "medium",
  timeStyle: "medium",
  hourCycle: "h23",
});

/**
 * The text of a value; empty if the value is not known.
 * @param {unknown} value
 */
export const known = (value) => (value === null || value === undefined ? "" : String(value));

/**
 * Number and name of a party.
 * @param {string | undefined} number
 * @param {string | undefined} name
 */
export const party = (number, name) => [number, name].filter(Boolean).join("  ");

/**
 * The PBX of a row; "probably" means that its call seems to be on another PBX, too.
 * @param {{pbx?: string, joined?: string}} row
 */
export const pbxWords = (row) => `${known(row.pbx)}${row.joined === "probably" ? " (probably)" : ""}`;

/**
 * A duration as 0:07, 12:34 or 1:02:03.
 * @param {number} seconds
 */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/**
 * How long ago, roughly: 12 s, 3 min, 2 h, 5 d.
 * @param {number} seconds
 */
export function age(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole}\u00a0s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}\u00a0min`;
  return whole < 172800 ? `${Math.floor(whole / 3600)}\u00a0h` : `${Math.floor(whole / 86400)}\u00a0d`;
}

/**
 * A text, and what else is known about it, unless that contains the text already.
 * @param {string} text
 * @param {string | undefined} more
 */
export function whole(text, more) {
  const told = known(more);
  return told.includes(text) ? told : [text, told].filter(Boolean).join(" · ");
}

/**
 * A text that begins as a sentence does.
 * @param {string} text
 */
export const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/**
 * How many of something: 1 call, 2 calls.
 * @param {number} number
 * @param {string} word
 */
export const count = (number, word) => `${NUMBER.format(number)} ${word}${number === 1 ? "" : "s"}`;

/**
 * @typedef {string | number | boolean | null | undefined} Value what a column is ordered by
 */

/** @param {Value} value */
const isMissing = (value) => value === null || value === undefined || value === "";

/**
 * Order two values: numbers by size, text as people sort it, unknown values last.
 * @param {Value} one
 * @param {Value} other
 * @param {1 | -1} [sign] -1 for the reverse order, in which unknown values are last, too
 * @returns {number}
 */
export function compare(one, other, sign = 1) {
  const [without, too] = [isMissing(one), isMissing(other)];
  if (without || too) return Number(without) - Number(too);
  const order = typeof one === "string" ? NATURAL.compare(one, String(other)) : Number(one) - Number(other);
  return sign * order;
}
