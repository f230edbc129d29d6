/** Asterisk's states of devices and channels: in words, and which lamp shows them. */

import shared from "../tables.json" with { type: "json" };
import { known } from "./text.js";

/** @type {Record<string, string>} */
const DEVICE_WORDS = shared.device_states;
/** @type {Record<string, string>} */
const CHANNEL_WORDS = shared.channel_states;
/** @type {Record<string, string>} a channel's state, as a device's */
const CHANNEL_LAMPS = { Up: "INUSE", Ring: "RINGING", Ringing: "RINGING", Busy: "BUSY", Down: "NOT_INUSE" };
/** How a connection is, as a device's state. @type {Record<string, string>} */
export const CONNECTION_LAMPS = { connected: "INUSE", lost: "RINGING", closed: "UNAVAILABLE" };
/**
 * The number of a version of Asterisk, without what a distribution adds to it.
 * @param {string | undefined} version
 */
export const versionNumber = (version) => known(version).match(/^\d+(\.\d+)*/)?.[0] || known(version);
const IN_USE = new Set(["INUSE", "RINGING", "RINGINUSE", "BUSY", "ONHOLD"]);

/**
 * A device's state that there is a lamp for.
 * @param {string} state
 */
export const lampOf = (state) => (Object.hasOwn(DEVICE_WORDS, state) ? state : "UNKNOWN");

/**
 * A device's state in words.
 * @param {string} state
 */
export const stateWords = (state) =>
  Object.hasOwn(DEVICE_WORDS, state) ? DEVICE_WORDS[state] : known(state).toLowerCase();

/**
 * Whether a device in that state has a call.
 * @param {string} state
 */
export const isInUse = (state) => IN_USE.has(state);

/**
 * A channel's state in words.
 * @param {{state: string, held: boolean, recorded: boolean, bad?: string}} row
 */
export function channelWords(row) {
  const words = Object.hasOwn(CHANNEL_WORDS, row.state)
    ? CHANNEL_WORDS[row.state]
    : known(row.state).toLowerCase();
  const marks = [row.recorded ? "rec" : "", row.bad ? `⚠ sounds bad: ${row.bad}` : ""];
  return [row.held ? "on hold" : words, ...marks.filter(Boolean)].join(" · ");
}

/**
 * The lamp of a channel: a device's state.
 * @param {{state: string, held: boolean}} row
 */
export function channelLamp(row) {
  if (row.held) return "ONHOLD";
  return Object.hasOwn(CHANNEL_LAMPS, row.state) ? CHANNEL_LAMPS[row.state] : "UNKNOWN";
}

/**
 * @typedef {{absent: true}
 *   | {absent?: false, state: string, paused: boolean, reason: string, in_call: boolean}} Agent
 */

/**
 * An agent's state in words.
 * @param {Agent} row
 */
export function memberWords(row) {
  if (row.absent) return "logged out";
  const state = row.in_call && row.state === "NOT_INUSE" ? "in a call" : stateWords(row.state);
  return row.paused ? `paused${row.reason ? `: ${row.reason}` : ""}, ${state}` : state;
}

/**
 * The lamp of an agent: a device's state.
 * @param {Agent} row
 */
export function memberLamp(row) {
  if (row.absent) return "UNAVAILABLE";
  return row.paused ? "ONHOLD" : row.state;
}

/**
 * What a participant of a conference does.
 * @param {{muted: boolean, talking: boolean, admin: boolean}} row
 */
export const participantWords = (row) =>
  [row.muted ? "muted" : row.talking ? "talking" : "listening", row.admin ? "admin" : ""]
    .filter(Boolean)
    .join(", ");

/**
 * An item's value in words.
 * @param {{value: string | boolean, stale: boolean}} row
 */
export function itemWords(row) {
  const value = typeof row.value === "boolean" ? (row.value ? "on" : "off") : known(row.value);
  return row.stale ? `${value} (stale)` : value;
}
