/** The columns of the tables: as `tables.json` has them for the page and for the saved picture. */

/** @import { Column } from "./types.d.ts" */

import shared from "../tables.json" with { type: "json" };
import { age, duration, known, party, pbxWords } from "./text.js";

/** @typedef {keyof typeof shared.tables} TableName */

/**
 * @typedef {Object} Described a column as `tables.json` describes it
 * @property {string} id
 * @property {string} label
 * @property {string} [kind] without one, the page itself says how the column reads a row
 * @property {string[]} [fields] of a row that it shows; a text is the first known one
 * @property {boolean} [near]
 * @property {string} [only] the one place that has it
 */

/**
 * What a table is called.
 * @param {TableName} name
 */
export const labelOf = (name) => shared.tables[name].label;

/**
 * The columns of a table on the page.
 * @template Row
 * @param {TableName} name
 * @param {(moment: number | null) => number} since gives the seconds since a moment
 * @param {Record<string, Partial<Column<Row>>>} own what the page alone knows of columns, by id
 * @param {boolean} several whether there are rows of several PBXs
 * @returns {Column<Row>[]}
 */
export function columnsOf(name, since, own = {}, several = false) {
  /** @type {Described[]} */
  const described = shared.tables[name].columns;
  /** @type {Column<Row>[]} */
  const columns = described
    .filter(({ only }) => only !== "picture")
    .map(({ id, label, near, kind, fields = [] }) => {
      const read = kind ? readAs(kind, fields, since) : {};
      const column = { id, label, near, ...read, ...own[id] };
      if (!column.text) throw new Error(`the column ${id} of ${name} has no text`);
      return { ...column, text: column.text };
    });
  if (several && name !== "pbxs") columns.splice(1, 0, PBX);
  return columns;
}

/** The column of the PBX that a row is of. @type {Column<any>} */
export const PBX = { id: "pbx", label: "PBX", text: pbxWords, title: joinedWords };

/** @param {{joined?: string}} row */
function joinedWords({ joined }) {
  if (joined === "surely") return "one call with another PBX's: the same Call-ID of SIP";
  if (joined === "probably")
    return "probably one call with another PBX's: caller, number, time and trunks fit, and nothing else does";
  return "";
}

/**
 * How a column of a kind reads a row.
 * @param {string} kind
 * @param {string[]} fields
 * @param {(moment: number | null) => number} since
 */
export const readAs = (kind, fields, since) => KINDS[kind](fields, since);

/**
 * @typedef {(fields: string[], since: (moment: number | null) => number) => Partial<Column<any>> &
 *   {text: (row: any) => string}} Kind
 */

const NUMBER_CLASS = "ast-number";

/**
 * How each kind of column reads a row: its text, and the value to sort by, if that is another.
 * @type {Record<string, Kind>}
 */
const KINDS = {
  text: (fields) => ({ text: (row) => known(fields.map((name) => row[name]).find(Boolean)) }),
  number: ([name]) => ({
    className: NUMBER_CLASS,
    text: (row) => known(row[name]),
    order: (row) => row[name],
  }),
  party: ([number, name]) => ({ text: (row) => party(row[number], row[name]) || known(row.channel) }),
  lasts: ([name], since) => ({
    className: NUMBER_CLASS,
    text: (row) => (row[name] ? duration(since(row[name])) : ""),
    order: (row) => row[name],
  }),
  ago: ([name], since) => ({
    className: NUMBER_CLASS,
    text: (row) => (row[name] ? `${age(since(row[name]))} ago` : ""),
    order: (row) => row[name],
  }),
  until: ([name], since) => ({
    className: NUMBER_CLASS,
    text: (row) => (row[name] ? duration(-since(row[name])) : ""),
    order: (row) => row[name],
  }),
  seconds: ([name]) => ({
    className: NUMBER_CLASS,
    text: (row) => (known(row[name]) ? duration(row[name]) : ""),
    order: (row) => row[name],
  }),
};
