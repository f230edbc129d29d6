/** What the page says of a kernel that is gone, or that it cannot reach. */

import assert from "node:assert/strict";
import test from "node:test";

import { Store } from "../../ast_notebook/panel/js/store.js";

/** A signal as JupyterLab's objects have them. */
class Signal {
  constructor() {
    /** @type {Set<() => void>} */
    this.slots = new Set();
  }

  /** @param {() => void} slot */
  connect(slot) {
    this.slots.add(slot);
  }

  /** @param {() => void} slot */
  disconnect(slot) {
    this.slots.delete(slot);
  }

  emit() {
    for (const slot of this.slots) slot();
  }
}

/** A connection with a kernel as JupyterLab has it, and a store of a page that is looked at. */
function connected() {
  const kernel = {
    status: "idle",
    connectionStatus: "connected",
    isDisposed: false,
    statusChanged: new Signal(),
    connectionStatusChanged: new Signal(),
    disposed: new Signal(),
  };
  /** @type {any[]} */
  const sent = [];
  const picture = {
    ...{ tables: {}, items: {}, silent: {}, events: [], concurrency: [], may: ["hangup"], seq: 0 },
    ...{ connection: { state: "connected" }, to: ["*"], readonly: false, several: false, taken: 1 },
  };
  const model = {
    widget_manager: { kernel },
    get: () => picture,
    on() {},
    off() {},
    send: (/** @type {any} */ message) => sent.push(message),
  };
  const store = new Store(/** @type {any} */ (model));
  store.takeSnapshot(/** @type {any} */ (picture));
  store.visible = true;
  return { kernel, store, sent };
}

for (const status of ["restarting", "autorestarting", "terminating", "dead"]) {
  test(`a kernel that is ${status} is gone for good, and no button is there`, () => {
    const { kernel, store, sent } = connected();
    kernel.status = "busy";
    kernel.statusChanged.emit();
    assert.equal(store.can("hangup"), true);
    kernel.status = status;
    kernel.statusChanged.emit();
    kernel.status = "idle"; // of the process that took its place
    kernel.statusChanged.emit();
    assert.match(store.absence?.why ?? "", /kernel has died, or was restarted/);
    assert.equal(store.can("hangup"), false);
    assert.equal(store.stands(), 1);
    store.ask();
    assert.deepEqual(sent, []);
  });
}

test("what waits for a kernel that died is told that nobody knows, and what comes later that nothing was done", () => {
  const { kernel, store } = connected();
  /** @type {string[]} */
  const told = [];
  store.order("hangup", {}, (done) => told.push(`${done.ok} ${done.text}`));
  kernel.status = "dead";
  kernel.statusChanged.emit();
  store.order("hangup", {}, (done) => told.push(`${done.ok} ${done.text}`));
  assert.match(told[0], /^false .*Whether it was done is not known\.$/);
  assert.match(told[1], /^false .*Nothing was done\.$/);
  assert.equal(store.waiting.size, 0);
});

test("a page that is cut off says so, and asks again when it is back", () => {
  const { kernel, store, sent } = connected();
  kernel.connectionStatus = "connecting";
  kernel.connectionStatusChanged.emit();
  assert.match(store.absence?.why ?? "", /lost its connection/);
  assert.equal(store.can("hangup"), false);
  kernel.connectionStatus = "connected";
  kernel.connectionStatusChanged.emit();
  assert.equal(store.absence, null);
  assert.deepEqual(
    sent.map((message) => message.t),
    ["hello"],
  );
});

test("a kernel that was shut down is gone, and a store that is closed hears no more of it", () => {
  const { kernel, store } = connected();
  kernel.isDisposed = true;
  kernel.disposed.emit();
  assert.equal(store.absence?.forGood, true);
  store.close();
  assert.equal(kernel.statusChanged.slots.size + kernel.disposed.slots.size, 0);
});
