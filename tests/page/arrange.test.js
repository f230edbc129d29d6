import assert from "node:assert/strict";
import test from "node:test";

import { arrange, inView, places } from "../../ast_notebook/panel/js/arrange.js";

/**
 * @import { Column, Entry } from "../../ast_notebook/panel/js/types.d.ts"
 *
 * @typedef {{name: string, since: number | null}} Row
 */

/** @type {Column<Row>} */
const NAME = { id: "name", label: "Name", text: (row) => row.name };
/** @type {Column<Row>} */
const SINCE = { id: "since", label: "For", text: () => "", order: (row) => row.since };

/**
 * Entries named by their keys; `group:key@since` where they have those.
 * @param {string[]} written
 * @returns {Entry<Row>[]}
 */
function entries(...written) {
  return written.map((one) => {
    const parts = /^(?:(\w+):)?(\w+)(?:@(\d+))?$/.exec(one);
    assert.ok(parts, one);
    const [, group, key, since] = parts;
    return { key, group, row: { name: key, since: since ? Number(since) : null } };
  });
}

/** @param {Entry<Row>[]} found */
const keys = (found) => found.map((entry) => entry.key).join(" ");

test("rows are ordered by a column, and those alike by their keys", () => {
  assert.equal(keys(arrange(entries("b", "a10", "a9"), NAME, false, null)), "a9 a10 b");
  assert.equal(keys(arrange(entries("b", "a10", "a9"), NAME, true, null)), "b a10 a9");
  assert.equal(keys(arrange(entries("b@5", "a@5", "c@1"), SINCE, false, null)), "c a b");
});

test("a row of which the column knows nothing stands last in either order", () => {
  assert.equal(keys(arrange(entries("a", "b@2", "c@1"), SINCE, false, null)), "c b a");
  assert.equal(keys(arrange(entries("a", "b@2", "c@1"), SINCE, true, null)), "b c a");
});

test("the rows of a group stand together by age, where its oldest belongs", () => {
  const found = arrange(entries("x:b@9", "y:c@5", "x:a@1", "x:d@3"), SINCE, false, null);
  assert.equal(keys(found), "a d b c");
  assert.deepEqual(
    found.map((entry) => entry.place),
    ["first", "mid", "last", ""],
  );
});

test("a group stays whole when one of its rows matches", () => {
  const found = arrange(entries("x:a@1", "x:b@2", "c"), NAME, false, (row) => row.name === "b");
  assert.equal(keys(found), "a b");
});

test("a row that lost its group has no place in one any more", () => {
  const [one, other] = entries("x:a@1", "x:b@2");
  arrange([one, other], NAME, false, null);
  assert.equal(arrange([one], NAME, false, null)[0].place, "");
});

test("the rows in view are in the page, with a few beyond, and none that is not there", () => {
  assert.deepEqual(inView(1000, 0, 10), [0, 16]);
  assert.deepEqual(inView(1000, 500, 10), [494, 516]);
  assert.deepEqual(inView(1000, 990, 10), [984, 1000]);
  assert.deepEqual(inView(1, 50, 10), [0, 1]); // it was scrolled, and then most rows went
});

test("the row that the keyboard is at stays in the page", () => {
  assert.deepEqual(places([3, 6], undefined), [3, 4, 5]);
  assert.deepEqual(places([3, 6], 4), [3, 4, 5]);
  assert.deepEqual(places([3, 6], 0), [0, 3, 4, 5]);
  assert.deepEqual(places([3, 6], 6), [3, 4, 5, 6]);
});
