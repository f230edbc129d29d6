/** What the page says of a row is what the saved picture says of it: `words.json` holds both. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { columnsOf, readAs } from "../../ast_notebook/panel/js/columns.js";
import { calleeOf, callerOf } from "../../ast_notebook/panel/js/parties.js";
import {
  channelWords,
  itemWords,
  memberWords,
  participantWords,
  stateWords,
} from "../../ast_notebook/panel/js/states.js";
import { age, duration, pbxWords } from "../../ast_notebook/panel/js/text.js";

/**
 * @import { ChannelRow } from "../../ast_notebook/panel/js/messages.d.ts"
 *
 * @typedef {Object} Said what each kind of word is said of
 * @property {{kind: string, fields: string[], row: object}} column
 * @property {number} duration
 * @property {number} age
 * @property {{state: string}} device_state
 * @property {Parameters<typeof channelWords>[0]} channel_state
 * @property {Parameters<typeof memberWords>[0]} member_state
 * @property {Parameters<typeof participantWords>[0]} participant_state
 * @property {Parameters<typeof itemWords>[0]} item_value
 * @property {ChannelRow} caller
 * @property {ChannelRow} callee
 * @property {{pbx?: string, joined?: string}} pbx
 */

/** @type {{[Kind in keyof Said]: [Said[Kind], string][]}} */
const CASES = JSON.parse(readFileSync(new URL("words.json", import.meta.url), "utf8"));
const TAKEN = 1000; // the moment of the rows in the examples of columns
/** @type {{[Kind in keyof Said]: (value: Said[Kind]) => string}} */
const SAYS = {
  column: ({ kind, fields, row }) => readAs(kind, fields, (moment) => TAKEN - (moment ?? 0)).text(row),
  duration,
  age,
  device_state: (row) => stateWords(row.state),
  channel_state: channelWords,
  member_state: memberWords,
  participant_state: participantWords,
  item_value: itemWords,
  caller: callerOf,
  callee: calleeOf,
  pbx: pbxWords,
};

test("every kind of word that has examples is said here", () => {
  assert.deepEqual(Object.keys(SAYS), Object.keys(CASES));
});

/**
 * @template {keyof Said} Kind
 * @param {Kind} kind
 */
function checkWords(kind) {
  const say = SAYS[kind];
  for (const [value, words] of CASES[kind]) assert.equal(say(value), words, JSON.stringify(value));
}

for (const kind of /** @type {(keyof Said)[]} */ (Object.keys(SAYS))) {
  test(`the page says ${kind} as the picture does`, () => checkWords(kind));
}

test("who logged out is said to be, whatever he did before", () => {
  assert.equal(memberWords({ absent: true }), "logged out");
});

test("the page has the columns that are described for it, in their order", () => {
  const own = { value: { text: (/** @type {{value: string}} */ row) => row.value }, age: { text: () => "" } };
  const ids = columnsOf("items", () => 0, own).map((column) => column.id);
  assert.deepEqual(ids, ["path", "value", "age"]); // who set an item is for the picture
  assert.throws(() => columnsOf("items", () => 0, {}), /the column value of items has no text/);
});

test("a column of a number is ordered by it, and what a section knows goes before", () => {
  const [, , fresh] = columnsOf("mailboxes", () => 0, { name: { text: () => "" }, new: { className: "x" } });
  assert.equal(fresh.order?.({ new: 10 }), 10);
  assert.equal(fresh.text({ new: 10 }), "10");
  assert.equal(fresh.className, "x");
});
