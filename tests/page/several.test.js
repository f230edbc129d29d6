/** What the page makes of the rows of several PBXs. */

import assert from "node:assert/strict";
import test from "node:test";

import { columnsOf } from "../../ast_notebook/panel/js/columns.js";
import { Store } from "../../ast_notebook/panel/js/store.js";
import { whole } from "../../ast_notebook/panel/js/text.js";

const NOW = 1_700_000_000;

/**
 * A store of two PBXs that have a channel of the same name each, and the states of the PBXs.
 * @param {Record<string, string>} states
 * @param {object} calls what the kernel says of the calls of the channels, by PBX
 */
function two(states, calls = {}) {
  const rows = Object.entries(states).map(([pbx, state]) => [pbx, { pbx, state }]);
  const channels = Object.keys(states).map((pbx) => {
    const row = { pbx, channel: "PJSIP/200-1", uniqueid: "1.1", linkedid: "1.1", call: `${pbx} 1.1` };
    return [`${pbx} 1.1`, { ...row, .../** @type {any} */ (calls)[pbx] }];
  });
  const picture = {
    t: "snapshot",
    to: ["*"],
    seq: 1,
    now: NOW,
    taken: NOW,
    readonly: false,
    wall: false,
    several: true,
    may: ["ast/hangup", "berlin/hangup", "berlin/park"],
    silent: {},
    tables: { pbxs: Object.fromEntries(rows), channels: Object.fromEntries(channels) },
    items: {},
    events: [],
    concurrency: [],
    connection: { state: "connected", name: "ast, berlin" },
  };
  const store = new Store(/** @type {any} */ ({ get: () => picture, on() {}, off() {}, send() {} }));
  store.takeSnapshot(/** @type {any} */ (picture));
  return store;
}

test("a button of a row is there if the login of its PBX may, and that PBX is connected", () => {
  const store = two({ ast: "connected", berlin: "connected" });
  assert.equal(store.can("hangup", "ast"), true);
  assert.equal(store.can("park", "ast"), false);
  assert.equal(store.can("park", "berlin"), true);
  assert.equal(store.can("hangup"), false); // it has to say on which
  assert.equal(store.can("hangup", "elsewhere"), false);
  const half = two({ ast: "connected", berlin: "lost" });
  assert.equal(half.can("hangup", "ast"), true);
  assert.equal(half.can("hangup", "berlin"), false);
  assert.notEqual(half.powers(), store.powers());
});

test("calls of the same Linkedid on two PBXs are two, unless the kernel joins them", () => {
  const apart = two({ ast: "connected", berlin: "connected" });
  assert.equal(apart.calls(), 2);
  const one = { call: "ast 1.1", joined: "surely" };
  assert.equal(two({ ast: "connected", berlin: "connected" }, { ast: one, berlin: one }).calls(), 1);
});

test("each table but that of the PBXs has a column for the PBX, behind its first", () => {
  const ids = (/** @type {any} */ name, /** @type {any} */ own) =>
    columnsOf(name, () => 0, own, true).map((column) => column.id);
  assert.deepEqual(ids("registrations", {}), ["trunk", "pbx", "server", "state"]);
  assert.equal(ids("pbxs", { state: { text: () => "" } }).filter((id) => id === "pbx").length, 1);
});

test("a title tells all of a text that may be cut, and what else there is", () => {
  assert.equal(whole("Dial", "600@phones"), "Dial · 600@phones");
  assert.equal(whole("PJSIP/200", "PJSIP/200-0000002a"), "PJSIP/200-0000002a");
  assert.equal(whole("Dial", ""), "Dial");
});
