/** What the kernel told, kept for all views of one model in this page. */

/**
 * @import { ConnectionRow, Delta, Do, Done, EventRow, FromKernel, FromPage, Hello, ItemRow, LiveRows,
 *   Picture, ReplayRow, Scalar, Snapshot, Visible } from "./messages.d.ts"
 * @import { Absence, Kernel } from "./kernel.js"
 * @import { Holder } from "./still.js"
 */

import { KernelClock } from "./clock.js";
import { watchKernel } from "./kernel.js";
import { renewStill } from "./still.js";
/**
 * @typedef {Object} Model the used part of anywidget's model
 * @property {(name: string) => any} get
 * @property {(event: "msg:custom", listener: (message: FromKernel) => void) => void} on
 * @property {(event: "msg:custom", listener: (message: FromKernel) => void) => void} off
 * @property {(message: FromPage) => void} send
 * @property {{kernel?: Kernel | null} & Holder} [widget_manager]
 *
 * @typedef {Object} Watcher a view of the store
 * @property {boolean} visible
 * @property {() => void} tick
 * @property {(changed: Set<string> | null) => void} mark what changed; null for everything
 *
 * @typedef {Omit<Hello, "view"> | Omit<Visible, "view"> | Omit<Do, "view">} Unsigned without sender
 * @typedef {keyof LiveRows} StateTable
 * @typedef {{[Name in StateTable]-?: Map<string, NonNullable<LiveRows[Name]>[string]>}} TableMaps
 */

export const EVENTS_KEPT = 200;
export const HOUR = 3600; // seconds of the line of calls
const RENEW = 30_000; // ms between two messages which say that the page is still visible
const QUIET = 12_000; // ms without a message from the kernel, after which people are told
const ASK_AGAIN = 5_000; // ms that a snapshot may take to come
/** @type {StateTable[]} */
const TABLES = [
  "pbxs",
  "channels",
  "unreturned",
  "devices",
  "mailboxes",
  "registrations",
  "queues",
  "members",
  "absent",
  "callers",
  "conferences",
  "participants",
  "parked",
];

export class Store {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.name = String(model.get("name"));
    this.id = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
    /** @type {Set<Watcher>} */
    this.views = new Set();
    this.tables = /** @type {TableMaps} */ (Object.fromEntries(TABLES.map((name) => [name, new Map()])));
    /** @type {Map<string, ItemRow>} */
    this.items = new Map();
    /** @type {Record<string, string>} */
    this.silent = {};
    /** @type {Partial<ConnectionRow>} */
    this.connection = {};
    /** @type {EventRow[]} */
    this.events = [];
    this.leftOut = 0;
    /** @type {[number, number][]} */
    this.points = [];
    /** @type {Set<string>} */
    this.may = new Set();
    this.readonly = true;
    this.wall = false;
    this.several = false;
    this.sequence = 0;
    this.live = false; // whether a snapshot came, so that deltas make sense
    this.closed = false;
    /** @type {Absence | null} */
    this.absence = null; // why the kernel does not hear
    this.taken = 0;
    this.heard = Date.now();
    /** @type {ReplayRow | null} */
    this.replay = null;
    this.replayed = 0; // when the kernel told the present of the replay, by this page's clock
    this.clock = new KernelClock();
    this.asked = 0;
    this.orders = 0;
    /** @type {Map<string, (done: Done) => void>} */
    this.waiting = new Map();
    this.visible = false;
    /** @type {ReturnType<typeof setInterval>[]} */
    this.timers = [];
    this.receive = this.receive.bind(this);
    model.on("msg:custom", this.receive);
    /** @type {Picture | undefined} */
    const picture = model.get("picture");
    if (picture?.tables) this.adopt(picture);
    this.unwatch = watchKernel(model, (absence) => this.takeAbsence(absence));
  }

  /** The kernel's clock, in ms since 1970. */
  kernelNow() {
    return this.clock.now();
  }

  /** The present of the PBX, in ms since 1970: by the kernel's clock, or that of a replay. */
  now() {
    if (!this.replay) return this.kernelNow();
    const { at, speed, until } = this.replay;
    const moves = this.live && !this.closed && !this.absence && !this.isQuiet() && at < until;
    const passed = moves ? ((Date.now() - this.replayed) / 1000) * (speed ?? 0) : 0;
    return 1000 * (moves ? Math.min(at + passed, until) : at);
  }

  /** The moment of the state, in seconds: now or, while the kernel is silent, the last known one. */
  stands() {
    if (!this.live || this.closed || this.absence || this.isQuiet()) return this.taken;
    const { state, lost_since: lost } = this.connection;
    return state === "lost" && lost ? lost : this.now() / 1000;
  }

  /**
   * Seconds since a moment; while the kernel is silent, up to the last moment that is known.
   * @param {number | null | undefined} moment
   */
  since(moment) {
    return moment === null || moment === undefined ? 0 : this.stands() - moment;
  }

  close() {
    this.model.off("msg:custom", this.receive);
    this.unwatch();
    this.timers.forEach(clearInterval);
    if (this.visible) this.send({ t: "visible", on: false });
  }

  /** @param {Unsigned} message */
  send(message) {
    if (!this.closed && !this.absence) this.model.send({ view: this.id, ...message });
  }

  /** Ask for a snapshot; `tick` asks again until it comes. */
  ask() {
    this.asked = Date.now();
    this.send({ t: "hello" });
  }

  // --- who looks

  /** Take note that a view came into sight or went out of it. */
  look() {
    const visible = [...this.views].some((view) => view.visible);
    if (visible === this.visible) return;
    this.visible = visible;
    this.timers.forEach(clearInterval);
    this.timers = [];
    if (visible) {
      this.heard = Date.now();
      this.ask();
      this.timers = [
        setInterval(() => this.tick(), 1000),
        setInterval(() => this.send({ t: "visible", on: true }), RENEW),
      ];
    } else {
      this.live = false;
      this.send({ t: "visible", on: false });
    }
  }

  tick() {
    if (!this.live && !this.closed && Date.now() - this.asked > ASK_AGAIN) this.ask();
    for (const view of this.views) view.tick();
  }

  /** Whether no message has come from the kernel for long. */
  isQuiet() {
    return Date.now() - this.heard > QUIET;
  }

  // --- what comes

  /** @param {FromKernel} message */
  receive(message) {
    this.heard = Date.now();
    if ("now" in message) this.clock.take(message.now * 1000);
    if (message.t === "snapshot") this.takeSnapshot(message);
    else if (message.t === "delta") this.takeDelta(message);
    else if (message.t === "done") this.takeDone(message);
    else if (message.t === "still") renewStill(this.model, this.name, message.html);
    else if (message.t === "closed") this.takeClosed();
  }

  /** @param {Snapshot} message */
  takeSnapshot(message) {
    const mine = message.to.includes("*") || message.to.includes(this.id);
    if (!mine && !(message.to.includes("?") && !this.live)) return;
    this.live = true; // views are told afterwards, since they show buttons only if this is true
    this.adopt(message);
  }

  /** @param {Picture} message */
  adopt(message) {
    const tables = TABLES.map((name) => [name, new Map(Object.entries(message.tables[name] || {}))]);
    this.tables = /** @type {TableMaps} */ (Object.fromEntries(tables));
    this.items = new Map(Object.entries(message.items));
    this.silent = message.silent;
    this.connection = message.connection;
    this.events = message.events;
    this.points = message.concurrency;
    this.replay = message.replay ?? null;
    this.replayed = Date.now();
    this.may = new Set(message.may);
    this.readonly = message.readonly;
    this.wall = message.wall;
    this.several = message.several;
    this.sequence = message.seq;
    this.taken = message.taken;
    this.mark(null);
  }

  /** @param {Delta} message */
  takeDelta(message) {
    if (!this.live) return;
    if (message.seq !== this.sequence + 1) {
      if (message.seq > this.sequence) {
        this.live = false;
        this.ask();
      }
      return;
    }
    this.sequence = message.seq;
    const changed = this.apply(message);
    this.taken = this.replay ? this.replay.at : message.now;
    this.mark(changed);
  }

  /**
   * Take a delta in, and return the names of what changed.
   * @param {Delta} message
   */
  apply(message) {
    /** @type {Set<string>} */
    const changed = new Set();
    for (const [name, rows] of Object.entries(message.set || {})) {
      changed.add(name);
      merge(this.tables[/** @type {StateTable} */ (name)], rows);
    }
    for (const [name, keys] of Object.entries(message.gone || {})) {
      changed.add(name);
      for (const key of keys) this.tables[/** @type {StateTable} */ (name)].delete(key);
    }
    if (message.items) merge(this.items, message.items);
    for (const path of message.items_gone || []) this.items.delete(path);
    if (message.items || message.items_gone) changed.add("items");
    for (const name of /** @type {const} */ (["silent", "connection"])) {
      if (!message[name]) continue;
      Object.assign(this[name], message[name]);
      changed.add(name);
    }
    if (message.replay && this.replay) {
      Object.assign(this.replay, message.replay);
      this.replayed = Date.now();
      changed.add("replay");
    }
    if (message.events) {
      this.events.push(...message.events);
      this.events.splice(0, this.events.length - EVENTS_KEPT);
      this.leftOut += message.dropped_events ?? 0;
      changed.add("events");
    }
    if (message.concurrency) {
      this.addPoints(message.concurrency);
      changed.add("concurrency");
    }
    return changed;
  }

  /** @param {[number, number][]} points */
  addPoints(points) {
    const first = points.length ? points[0][0] : Number.POSITIVE_INFINITY;
    const since = this.now() / 1000 - HOUR;
    this.points = [...this.points.filter(([at]) => at < first && at >= since), ...points];
  }

  /** @param {Done} message */
  takeDone(message) {
    const id = String(message.id);
    const done = this.waiting.get(id);
    this.waiting.delete(id);
    if (done) done(message);
  }

  takeClosed() {
    this.closed = true;
    this.connection = { ...this.connection, state: "closed" };
    this.mark(null);
  }

  /** @param {Absence | null} absence */
  takeAbsence(absence) {
    if (absence === this.absence) return;
    this.absence = absence;
    if (!absence) {
      this.heard = Date.now();
      if (this.visible) this.ask();
    } else if (absence.forGood) {
      const text = `${absence.why} Whether it was done is not known.`;
      for (const id of [...this.waiting.keys()]) this.takeDone({ t: "done", id, ok: false, text });
    }
    this.mark(null);
  }

  /** @param {Set<string> | null} changed */
  mark(changed) {
    for (const view of this.views) view.mark(changed);
  }

  /** How many calls there are: channels that share a Linkedid, or a call of joined PBXs, are one. */
  calls() {
    const calls = new Set();
    for (const [key, row] of this.tables.channels) calls.add(callOf(row, key));
    return calls.size;
  }

  // --- what is to be done

  /**
   * Whether a button may be shown.
   * @param {string} what
   * @param {string} [pbx] the PBX that it is for, if there are several
   */
  can(what, pbx) {
    if (this.readonly || !this.live || this.closed || this.absence) return false;
    if (!this.several) return this.connection.state === "connected" && this.may.has(what);
    return this.tables.pbxs.get(pbx ?? "")?.state === "connected" && this.may.has(`${pbx}/${what}`);
  }

  /** The names of the PBXs that are shown; none if it is only one. */
  names() {
    return [...this.tables.pbxs.keys()];
  }

  /** What may be done now, as a text that shows whether this has changed. */
  powers() {
    return [
      ...(this.several ? this.names() : [undefined]).map((pbx) => this.can("hangup", pbx)),
      this.live && !this.absence,
      ...this.may,
    ].join();
  }

  /**
   * Ask the kernel to do something; `done` is called with the result.
   * @param {string} what
   * @param {Record<string, Scalar>} args
   * @param {(done: Done) => void} done
   */
  order(what, args, done) {
    const id = `${this.id}:${++this.orders}`;
    if (this.absence || this.closed) {
      const text = `${this.absence?.why ?? "The panel is closed."} Nothing was done.`;
      done({ t: "done", id, ok: false, text });
      return;
    }
    this.waiting.set(id, done);
    this.send({ t: "do", id, what, args, at: this.kernelNow() });
  }
}

/**
 * The call that a channel is of.
 * @param {{call?: string, linkedid: string}} row
 * @param {string} key
 */
export const callOf = (row, key) => row.call || row.linkedid || key;

/**
 * Put rows, or only their changed fields, into a map.
 * @param {Map<string, any>} rows
 * @param {Record<string, object>} changes
 */
export function merge(rows, changes) {
  for (const [key, fields] of Object.entries(changes)) {
    const row = rows.get(key);
    if (row) Object.assign(row, fields);
    else rows.set(key, { ...fields });
  }
}
