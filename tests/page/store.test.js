import assert from "node:assert/strict";
import test from "node:test";

import { EVENTS_KEPT, Store } from "../../ast_notebook/panel/js/store.js";

/**
 * @import { Delta, EventRow, FromKernel, FromPage, LiveRows,
 *   Snapshot } from "../../ast_notebook/panel/js/messages.d.ts"
 *
 * @typedef {(message: FromKernel) => void} Listener
 * @typedef {{[Name in keyof LiveRows]?: Record<string, Partial<NonNullable<LiveRows[Name]>[string]>>}} Tables rows with
 *   the fields that a test looks at
 */

/** A model as anywidget gives it, and what was sent by it. */
class Model {
  constructor(picture = {}) {
    this.picture = picture;
    /** @type {FromPage[]} */
    this.sent = [];
    /** @type {Listener | null} */
    this.listener = null;
  }

  /** @param {string} name */
  get(name) {
    return name === "picture" ? this.picture : undefined;
  }

  /**
   * @param {"msg:custom"} _
   * @param {Listener} listener
   */
  on(_, listener) {
    this.listener = listener;
  }

  /**
   * @param {"msg:custom"} _
   * @param {Listener} listener
   */
  off(_, listener) {
    if (this.listener === listener) this.listener = null;
  }

  /**
   * Have the page hear a message.
   * @param {FromKernel} message
   */
  tell(message) {
    assert.ok(this.listener);
    this.listener(message);
  }

  /** @param {FromPage} message */
  send(message) {
    this.sent.push(message);
  }

  kinds() {
    return this.sent.map((message) => message.t);
  }
}

const NOW = 1_700_000_000;

/**
 * @param {Omit<Partial<Snapshot>, "tables"> & {tables?: Tables}} [more]
 * @returns {Snapshot}
 */
function snapshot({ tables, ...more } = {}) {
  /** @type {Tables} */
  const up = {
    channels: { 1: { channel: "SIP/1-1", linkedid: "a" }, 2: { channel: "SIP/2-1", linkedid: "a" } },
  };
  return {
    t: "snapshot",
    to: ["*"],
    seq: 7,
    now: NOW,
    taken: NOW,
    readonly: false,
    wall: false,
    several: false,
    may: ["hangup"],
    silent: {},
    tables: /** @type {LiveRows} */ (tables ?? up),
    items: {},
    events: [],
    concurrency: [],
    connection: { state: "connected", name: "ast" },
    ...more,
  };
}

/**
 * @param {number} seq
 * @param {Partial<Delta>} [more]
 * @returns {Delta}
 */
const delta = (seq, more = {}) => ({ t: "delta", seq, now: NOW, ...more });

/**
 * @param {number} n
 * @returns {EventRow}
 */
const event = (n) => ({ n, time: NOW, name: "X", headers: {} });

/**
 * A store that heard a snapshot, and the model that it is of.
 * @param {Parameters<typeof snapshot>[0]} [more]
 */
function live(more) {
  const model = new Model();
  const store = new Store(model);
  model.tell(snapshot(more));
  return { store, model };
}

test("a picture is shown, and is not taken for what is now", () => {
  const store = new Store(new Model(snapshot()));
  assert.equal(store.tables.channels.size, 2);
  assert.equal(store.live, false);
  assert.equal(store.can("hangup"), false);
  assert.equal(store.stands(), NOW);
});

test("a delta changes the fields that it names, and the rest stays", () => {
  const { store, model } = live();
  const row = store.tables.channels.get("1");
  model.tell(
    delta(8, {
      set: { channels: { 1: { state: "Up" }, 3: { channel: "SIP/3-1" } } },
      gone: { channels: ["2"] },
    }),
  );
  assert.deepEqual(row, { channel: "SIP/1-1", linkedid: "a", state: "Up" });
  assert.deepEqual([...store.tables.channels.keys()], ["1", "3"]);
});

test("views are told the names of what changed", () => {
  const { store, model } = live();
  /** @type {(string[] | null)[]} */
  const told = [];
  store.views.add({ visible: false, tick() {}, mark: (changed) => told.push(changed && [...changed]) });
  model.tell(delta(8, { set: { devices: {} }, gone: { queues: [] }, items: {}, silent: { queues: "no" } }));
  model.tell(snapshot());
  assert.deepEqual(told, [["devices", "queues", "items", "silent"], null]);
  assert.equal(store.silent.queues, undefined);
});

test("a view that is told of a snapshot may show buttons at once", () => {
  const model = new Model();
  const store = new Store(model);
  /** @type {boolean[]} */
  const can = [];
  store.views.add({ visible: false, tick() {}, mark: () => can.push(store.can("hangup")) });
  model.tell(snapshot());
  assert.deepEqual(can, [true]);
});

test("after a missed delta nothing is taken in until a snapshot comes, which is asked for", () => {
  const { store, model } = live();
  model.tell(delta(9, { gone: { channels: ["1", "2"] } }));
  model.tell(delta(10, { gone: { channels: ["1", "2"] } }));
  assert.equal(store.tables.channels.size, 2);
  assert.deepEqual(model.kinds(), ["hello"]);
  model.tell(snapshot({ seq: 10, tables: {} }));
  model.tell(delta(11, { set: { channels: { 4: {} } } }));
  assert.deepEqual([...store.tables.channels.keys()], ["4"]);
});

test("a delta that came before is not taken in twice", () => {
  const { store, model } = live();
  model.tell(delta(8, { events: [event(1)] }));
  model.tell(delta(8, { events: [event(1)] }));
  assert.equal(store.events.length, 1);
  assert.deepEqual(model.kinds(), []);
});

test("a snapshot for somebody else is taken in only by who has none", () => {
  const model = new Model();
  const store = new Store(model);
  model.tell(snapshot({ to: ["other"] }));
  assert.equal(store.live, false);
  model.tell(snapshot({ to: ["?"] }));
  assert.equal(store.live, true);
  model.tell(snapshot({ to: ["?", "other"], tables: {} }));
  assert.equal(store.tables.channels.size, 2);
  model.tell(snapshot({ to: [store.id], tables: {} }));
  assert.equal(store.tables.channels.size, 0);
});

test("of the events the last are kept, and those left out are counted", () => {
  const { store, model } = live();
  const many = Array.from({ length: EVENTS_KEPT + 5 }, (_, n) => event(n));
  model.tell(delta(8, { events: many, dropped_events: 3 }));
  model.tell(delta(9, { events: [event(9999)], dropped_events: 2 }));
  assert.equal(store.events.length, EVENTS_KEPT);
  assert.equal(store.events.at(-1)?.n, 9999);
  assert.equal(store.leftOut, 5);
});

test("points of the line that come anew take the place of those there, and old ones go", () => {
  const { store, model } = live({
    concurrency: [
      [NOW - 4000, 9],
      [NOW - 20, 1],
      [NOW - 10, 1],
    ],
  });
  model.tell(
    delta(8, {
      concurrency: [
        [NOW - 10, 4],
        [NOW, 2],
      ],
    }),
  );
  assert.deepEqual(store.points, [
    [NOW - 20, 1],
    [NOW - 10, 4],
    [NOW, 2],
  ]);
});

test("channels that share a linkedid are one call", () => {
  const { store, model } = live();
  assert.equal(store.calls(), 1);
  model.tell(delta(8, { set: { channels: { 3: { linkedid: "" }, 4: { linkedid: "" } } } }));
  assert.equal(store.calls(), 3);
});

test("a button is there only when all is well and the login may", () => {
  const { store, model } = live();
  assert.equal(store.can("hangup"), true);
  assert.equal(store.can("kick"), false);
  model.tell(delta(8, { connection: { state: "lost" } }));
  assert.equal(store.can("hangup"), false);
  assert.equal(live({ readonly: true }).store.can("hangup"), false);
});

test("an order carries the kernel's clock, and its answer comes to who gave it, once", () => {
  const { store, model } = live({ now: Date.now() / 1000 + 3600 });
  /** @type {string[]} */
  const done = [];
  store.order("hangup", { channel: "SIP/1-1" }, (answer) => done.push(answer.text));
  const [order] = model.sent;
  assert.ok(order.t === "do");
  assert.equal(order.view, store.id);
  assert.ok(Math.abs(order.at - Date.now() - 3_600_000) < 60_000);
  model.tell({ t: "done", id: "of another", ok: true, text: "no" });
  model.tell({ t: "done", id: order.id, ok: true, text: "yes" });
  model.tell({ t: "done", id: order.id, ok: true, text: "again" });
  assert.deepEqual(done, ["yes"]);
});

test("ages stand still at the moment that the connection was lost", () => {
  const { store, model } = live();
  model.tell(delta(8, { connection: { state: "lost", lost_since: NOW - 30 } }));
  assert.equal(store.stands(), NOW - 30);
  assert.equal(store.since(NOW - 90), 60);
  assert.equal(store.since(null), 0);
});

test("ages stand still when the kernel is not heard of", () => {
  const { store } = live();
  store.heard -= 60_000;
  assert.equal(store.isQuiet(), true);
  assert.equal(store.stands(), NOW);
});

test("a page asks when it comes into sight, and says when it goes", () => {
  const model = new Model();
  const store = new Store(model);
  const view = { visible: true, tick() {}, mark() {} };
  store.views.add(view);
  store.look();
  store.look();
  view.visible = false;
  store.look();
  assert.deepEqual(model.kinds(), ["hello", "visible"]);
  const last = model.sent[1];
  assert.ok(last.t === "visible");
  assert.equal(last.on, false);
  assert.equal(store.live, false);
});

test("a panel that is closed asks for nothing and stays as it was", () => {
  const { store, model } = live();
  model.tell({ t: "closed" });
  store.order("hangup", {}, () => {});
  assert.deepEqual(model.kinds(), []);
  assert.equal(store.connection.state, "closed");
  assert.equal(store.stands(), NOW);
  store.close();
  assert.equal(model.listener, null);
});

test("a replay has a present of its own, which goes on at its speed, and back at a seek", (context) => {
  let clock = 1_000_000;
  context.mock.method(Date, "now", () => clock);
  const replay = { since: 100, until: 5000, at: 200, speed: 0, gaps: [] };
  const { model, store } = live({ seq: 1, now: 1000, taken: 200, replay });
  assert.equal(store.now(), 200_000);
  assert.equal(store.kernelNow(), 1_000_000);
  clock += 3000;
  assert.equal(store.now(), 200_000, "it stands still");
  model.tell(delta(2, { now: 1003, replay: { at: 200, speed: 60 } }));
  clock += 2000;
  assert.equal(store.now(), 320_000);
  assert.equal(store.since(300), 20);
  model.tell(delta(3, { now: 1005, replay: { at: 150, speed: 60 } }));
  assert.equal(store.now(), 150_000);
  model.tell(delta(4, { now: 1005, replay: { at: 4999, speed: 600 } }));
  clock += 1000;
  assert.equal(store.now(), 5_000_000, "and no further than its end");
  assert.equal(store.taken, 4999);
});
