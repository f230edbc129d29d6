/** Which rows a table has, in which order, and which of them have to be in the page. */

/** @import { Column, Entry } from "./types.d.ts" */

import { compare, NATURAL } from "./text.js";

export const WINDOW_FROM = 100; // rows: a longer table has only those in view in the page
export const ROW_HEIGHT = 24; // px, until one was measured
const OVERSCAN = 6; // rows beyond the edges of what is in view

/**
 * Put entries in order: entries of a group stay together, by age, and groups are sorted by their first entry.
 * @template Row
 * @param {Entry<Row>[]} entries
 * @param {Column<Row>} column
 * @param {boolean} down
 * @param {((row: Row) => boolean) | null} matches one row of a group has to fulfil it
 * @returns {Entry<Row>[]}
 */
export function arrange(entries, column, down, matches) {
  let groups = grouped(entries);
  for (const group of groups) if (group.length > 1) group.sort(byAge);
  if (matches) groups = groups.filter((group) => group.some((entry) => matches(entry.row)));
  const order = column.order || column.text;
  const ranked = groups.map((group) => ({ rank: order(group[0].row), group }));
  ranked.sort(
    (one, other) =>
      compare(one.rank, other.rank, down ? -1 : 1) || compare(one.group[0].key, other.group[0].key),
  );
  return ranked.flatMap(({ group }) => placed(group));
}

/**
 * @template Row
 * @param {Entry<Row>[]} entries
 */
function grouped(entries) {
  /** @type {Map<string, Entry<Row>[]>} */
  const groups = new Map();
  for (const entry of entries) {
    const name = entry.group ?? entry.key;
    const group = groups.get(name);
    if (group) group.push(entry);
    else groups.set(name, [entry]);
  }
  return [...groups.values()];
}

/**
 * Tell the entries of a group where they stand in it.
 * @template Row
 * @param {Entry<Row>[]} group
 */
function placed(group) {
  const last = group.length - 1;
  group.forEach((entry, place) => {
    entry.place = last === 0 ? "" : place === 0 ? "first" : place === last ? "last" : "mid";
  });
  return group;
}

/**
 * Order two entries by age, since one leg of a call comes after the other.
 * @param {Entry<any>} one
 * @param {Entry<any>} other
 */
const byAge = (one, other) => compare(one.row.since, other.row.since) || NATURAL.compare(one.key, other.key);

/**
 * The places in view, and a few beyond.
 * @param {number} total of rows
 * @param {number} top how far it is scrolled, in rows
 * @param {number} height of what is in view, in rows
 * @returns {[number, number]} the first place, and the one after the last
 */
export function inView(total, top, height) {
  const first = Math.max(0, Math.min(Math.floor(top) - OVERSCAN, total - 1));
  return [first, Math.min(total, Math.ceil(top + height) + OVERSCAN)];
}

/**
 * The places of the rows that have to be in the page: those in view, and the current one.
 * @param {[number, number]} range
 * @param {number | undefined} current
 */
export function places([first, last], current) {
  const found = [];
  for (let place = first; place < last; place++) found.push(place);
  if (current !== undefined && current < first) found.unshift(current);
  if (current !== undefined && current >= last) found.push(current);
  return found;
}
