/** What the headers of an event say, in short. */

import { known } from "./text.js";

/** The headers that say most about an event, the most telling first. */
const TELLING = [
  "UserEvent",
  "Device",
  "Endpoint",
  "Queue",
  "Conference",
  "Mailbox",
  "Application",
  "AppData",
  "State",
  "Hint",
  "StatusText",
  "DialString",
  "DialStatus",
  "MemberName",
  "Cause-txt",
  "Variable",
  "Value",
  "Disposition",
  "Reason",
  "Result",
  "ChannelStateDesc",
];
const MOST = 4;

/**
 * The channel that an event is about: the first one, if several take part in it.
 * @param {Record<string, string>} headers
 */
export function channelOf(headers) {
  if (Object.hasOwn(headers, "Channel")) return headers.Channel;
  const name = Object.keys(headers).find((one) => one.endsWith("Channel"));
  return name === undefined ? "" : known(headers[name]);
}

/**
 * What an event is about.
 * @param {Record<string, string>} headers
 */
export const says = (headers) =>
  TELLING.map((name) => headers[name])
    .filter((value) => value && value !== "<unknown>")
    .slice(0, MOST)
    .join("  ");
