/** Who speaks with whom on a channel. */

/** @import { ChannelRow } from "./messages.d.ts" */

import { known, party } from "./text.js";

/**
 * Whether the PBX called this leg; then the leg's own number is the called one.
 * @param {ChannelRow} row
 */
const isCalled = (row) =>
  /^App(Dial|Queue)$/.test(row.application) || (row.uniqueid !== row.linkedid && !row.exten);

/** @param {ChannelRow} row */
const own = (row) => party(row.caller, row.caller_name);

/** @param {ChannelRow} row */
const other = (row) => party(row.connected, row.connected_name);

/**
 * Who called.
 * @param {ChannelRow} row
 */
export const callerOf = (row) => (isCalled(row) ? other(row) : own(row));

/**
 * Who was called, or the extension if nobody has been reached yet.
 * @param {ChannelRow} row
 */
export const calleeOf = (row) => (isCalled(row) ? own(row) : other(row)) || known(row.exten);
