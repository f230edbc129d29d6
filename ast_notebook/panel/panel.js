/**
 * The live panel in the browser: one store for each model, which takes in what the kernel sends,
 * and any number of views of it. All text from the wire is set as text, never as markup.
 *
 * A view draws in an animation frame, only the sections that are on the screen, and touches only
 * the cells whose text changed. Long tables keep only the rows in view in the page.
 *
 * @typedef {Object<string, string | number | boolean | null>} Row
 * @typedef {{key: string, row: Row, group?: string}} Entry
 * @typedef {{name: string, label: string, list?: string, value?: string, optional?: boolean}} Field
 * @typedef {{what: string, label: string, args: Object, ask?: string, fields?: Field[]}} Action
 * @typedef {{id: string, label: string, text: (row: Row) => string, order?: (row: Row) => any,
 *            title?: (row: Row) => string, draw?: (cell: HTMLElement, row: Row) => void,
 *            className?: string, near?: boolean}} Column a `near` one is not for a wall
 */

const WINDOW_FROM = 100; // rows: a longer table has only those in view in the page
const DENSE_FROM = 24; // devices: on a wall, more than that are a lamp and a name each
const OVERSCAN = 6; // rows beyond the edges of what is in view
const EVENTS_KEPT = 200;
const HOUR = 3600;
const RENEW = 30_000; // ms between two words of a page that it is still looked at
const QUIET = 12_000; // ms without a word from the kernel that are worth a word
const ANSWER_PATIENCE = 1_500;
const TOLD = 8_000; // ms that the result of a button stands
const DOUBLE_CLICK = 250; // ms in which a second click is no answer to a question
const PARTS = [
  "channels",
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

/** Asterisk's device states: in words, and as a shape that tells them apart without colour. */
const STATES = {
  NOT_INUSE: ["idle", "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2Zm0 2a4 4 0 1 1 0 8a4 4 0 0 1 0-8Z"],
  INUSE: ["in use", "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2Z"],
  RINGING: ["ringing", "M8 1 15 14H1Z"],
  RINGINUSE: ["ringing in use", "M8 1 15 14H1ZM8 6.5a3 3 0 1 0 0 6a3 3 0 0 0 0-6Z"],
  BUSY: ["busy", "M2 2h12v12H2ZM4 7v2h8V7Z"],
  ONHOLD: ["on hold", "M3 2h4v12H3ZM9 2h4v12H9Z"],
  UNAVAILABLE: ["unavailable", "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM5 7.2h6v1.6H5Z"],
  INVALID: ["invalid", "M3.4 2 8 6.6 12.6 2 14 3.4 9.4 8 14 12.6 12.6 14 8 9.4 3.4 14 2 12.6 6.6 8 2 3.4Z"],
  UNKNOWN: ["unknown", "M4.5 6a3.5 3.5 0 1 1 4.6 3.3V11H7V8h1a1.5 1.5 0 1 0-1.5-2ZM7 12.2h2.1v2.1H7Z"],
};
const IN_USE = new Set(["INUSE", "RINGING", "RINGINUSE", "BUSY", "ONHOLD"]);
/** A channel's state, as a device's. */
const CHANNEL_LAMPS = { Up: "INUSE", Ring: "RINGING", Ringing: "RINGING", Busy: "BUSY", Down: "NOT_INUSE" };
const CHANNEL_WORDS = { Up: "up", Ring: "calling", Ringing: "ringing", Busy: "busy", Down: "down" };
const CONNECTION_LAMPS = { connected: "INUSE", lost: "RINGING", closed: "UNAVAILABLE" };

const NATURAL = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
const NUMBER = new Intl.NumberFormat();
const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });

let counter = 0;

// --- small helpers -------------------------------------------------------------------------------

/**
 * Make an element.
 * @param {string} tag
 * @param {Object} [attributes] `text` is its text; functions are listeners; false is left out.
 * @param {...(Node | null)} children
 */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") element.textContent = value;
    else if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter(Boolean));
  return element;
}

/** Set the text of an element, if it is another one. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Set an attribute, or remove it for null, if it is another one. */
function setAttribute(element, name, value) {
  if (value === null) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
  } else if (element.getAttribute(name) !== value) {
    element.setAttribute(name, value);
  }
}

/** A lamp: a shape that `setLamp` gives a state. */
function makeLamp() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "ast-lamp");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("fill-rule", "evenodd");
  svg.append(path);
  return svg;
}

function setLamp(svg, state) {
  const known = STATES[state] ? state : "UNKNOWN";
  if (svg.dataset.state !== known) {
    svg.dataset.state = known;
    svg.firstChild.setAttribute("d", STATES[known][1]);
  }
}

/** A state in words. */
const stateWords = (state) => (STATES[state] ? STATES[state][0] : String(state).toLowerCase());

/** Text of what may not be known. */
const known = (value) => (value === null || value === undefined ? "" : String(value));

/** Number and name of a party. */
const party = (number, name) => [number, name].filter(Boolean).join("  ");

/** Whether the PBX called this leg, whose own number then is the one that was called. */
const isCalled = (row) =>
  /^App(Dial|Queue)$/.test(row.application) || (row.uniqueid !== row.linkedid && !row.exten);

/** Set a text in which `words` are code, if it is another one. */
function setProse(element, text) {
  if (element.dataset.prose === text) return;
  element.dataset.prose = text;
  const parts = text.split("`").map((part, place) => (place % 2 ? make("code", { text: part }) : part));
  element.replaceChildren(...parts);
}

/** A duration as 0:07, 12:34 or 1:02:03. */
function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** How long ago, roughly: 12 s, 3 min, 2 h, 5 d. */
function age(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole}\u00a0s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}\u00a0min`;
  return whole < 172800 ? `${Math.floor(whole / 3600)}\u00a0h` : `${Math.floor(whole / 86400)}\u00a0d`;
}

/** Order two values: numbers by size, text as people sort it, what is not known last. */
function compare(one, other) {
  const [without, too] = [one, other].map((value) => value == null || value === "");
  if (without || too) return without - too;
  return typeof one === "string" ? NATURAL.compare(one, other) : one - other;
}

/** Order two entries by age, as one leg of a call comes after the other. */
const byAge = (one, other) =>
  compare(one.row.since ?? null, other.row.since ?? null) || NATURAL.compare(one.key, other.key);

/** A text that begins as a sentence does. */
const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** How many of something: 1 call, 2 calls. */
const count = (number, word) => `${NUMBER.format(number)} ${word}${number === 1 ? "" : "s"}`;

// --- the store -----------------------------------------------------------------------------------

/** What the kernel told, for all views of one model in this page. */
class Store {
  constructor(model) {
    this.model = model;
    this.id = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
    this.views = new Set();
    this.parts = Object.fromEntries(PARTS.map((name) => [name, new Map()]));
    this.items = new Map();
    this.silent = {};
    this.connection = {};
    this.events = [];
    this.leftOut = 0;
    this.points = [];
    this.may = new Set();
    this.readonly = true;
    this.wall = false;
    this.sequence = 0;
    this.live = false; // whether a snapshot came, so that deltas make sense
    this.closed = false;
    this.taken = 0;
    this.heard = Date.now();
    this.offset = null; // from this page's clock to the kernel's, in ms
    this.asked = 0;
    this.waiting = new Map();
    this.visible = false;
    this.timers = [];
    this.receive = this.receive.bind(this);
    model.on("msg:custom", this.receive);
    const picture = model.get("picture");
    if (picture && picture.parts) this.adopt(picture);
  }

  /** The kernel's clock, in ms since 1970. */
  now() {
    return Date.now() + (this.offset ?? 0);
  }

  /** The moment that the state is of, in seconds: now, unless nothing is heard. */
  stands() {
    if (!this.live || this.closed || this.isQuiet()) return this.taken;
    const { state, lost_since: lost } = this.connection;
    return state === "lost" && lost ? lost : this.now() / 1000;
  }

  close() {
    this.model.off("msg:custom", this.receive);
    this.timers.forEach(clearInterval);
    if (this.visible) this.send({ t: "visible", on: false });
  }

  send(message) {
    if (!this.closed) this.model.send({ view: this.id, ...message });
  }

  /** Ask for a snapshot, once in a while until it comes. */
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
    if (!this.live && !this.closed && Date.now() - this.asked > 5000) this.ask();
    for (const view of this.views) view.tick();
  }

  /** Whether the kernel has not been heard of for long. */
  isQuiet() {
    return Date.now() - this.heard > QUIET;
  }

  // --- what comes

  receive(message) {
    this.heard = Date.now();
    if (message.now) this.setClock(message.now * 1000);
    if (message.t === "snapshot") this.takeSnapshot(message);
    else if (message.t === "delta") this.takeDelta(message);
    else if (message.t === "done") this.takeDone(message);
    else if (message.t === "closed") this.takeClosed();
  }

  /** The message that travelled fastest tells the clocks' difference best. */
  setClock(now) {
    const difference = now - Date.now();
    this.offset = this.offset === null ? difference : Math.max(difference, this.offset - 20);
  }

  takeSnapshot(message) {
    const mine = message.to.includes("*") || message.to.includes(this.id);
    if (!mine && !(message.to.includes("?") && !this.live)) return;
    this.adopt(message);
    this.live = true;
  }

  adopt(message) {
    for (const name of PARTS) this.parts[name] = new Map(Object.entries(message.parts[name] || {}));
    this.items = new Map(Object.entries(message.items));
    this.silent = message.silent;
    this.connection = message.connection;
    this.events = message.events;
    this.points = message.concurrency;
    this.may = new Set(message.may);
    this.readonly = message.readonly;
    this.wall = message.wall;
    this.sequence = message.seq;
    this.taken = message.taken;
    this.mark(null);
  }

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
    this.taken = message.now;
    this.mark(this.apply(message));
  }

  /** Take a delta in, and return the names of what changed. */
  apply(message) {
    const changed = new Set();
    for (const [name, rows] of Object.entries(message.set || {})) {
      changed.add(name);
      merge(this.parts[name], rows);
    }
    for (const [name, keys] of Object.entries(message.gone || {})) {
      changed.add(name);
      for (const key of keys) this.parts[name].delete(key);
    }
    if (message.items) merge(this.items, message.items);
    for (const path of message.items_gone || []) this.items.delete(path);
    if (message.items || message.items_gone) changed.add("items");
    for (const name of ["silent", "connection"]) {
      if (message[name]) Object.assign(this[name], message[name]);
      if (message[name]) changed.add(name);
    }
    if (message.events) {
      this.events.push(...message.events);
      this.events.splice(0, this.events.length - EVENTS_KEPT);
      this.leftOut += message.dropped_events;
      changed.add("events");
    }
    if (message.concurrency) {
      this.addPoints(message.concurrency);
      changed.add("concurrency");
    }
    return changed;
  }

  addPoints(points) {
    const first = points.length ? points[0][0] : Infinity;
    const since = this.now() / 1000 - HOUR;
    this.points = [...this.points.filter(([at]) => at < first && at >= since), ...points];
  }

  takeDone(message) {
    const done = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    if (done) done(message);
  }

  takeClosed() {
    this.closed = true;
    this.connection = { ...this.connection, state: "closed" };
    this.mark(null);
  }

  mark(changed) {
    for (const view of this.views) view.mark(changed);
  }

  /** How many calls there are: channels that share a Linkedid are one. */
  calls() {
    const calls = new Set();
    for (const [key, row] of this.parts.channels) calls.add(row.linkedid || key);
    return calls.size;
  }

  // --- what is to be done

  /** Whether a button may be shown. */
  can(what) {
    return !this.readonly && this.live && this.connection.state === "connected" && this.may.has(what);
  }

  /** Have the kernel do something; `done` is told what became of it. */
  order(what, args, done) {
    const id = `${this.id}:${++counter}`;
    this.waiting.set(id, done);
    this.send({ t: "do", id, what, args, at: this.now() });
    return id;
  }
}

/** Put rows, or the fields of them that changed, into a map. */
function merge(rows, changes) {
  for (const [key, fields] of Object.entries(changes)) {
    const row = rows.get(key);
    if (row) Object.assign(row, fields);
    else rows.set(key, { ...fields });
  }
}

// --- a table -------------------------------------------------------------------------------------

/** A table whose rows are kept by key, sorted, filtered, walked with the arrow keys. */
class DataTable {
  /**
   * @param {View} view
   * @param {Object} options
   * @param {string} options.label
   * @param {Column[]} options.columns
   * @param {() => Entry[]} options.rows entries of one `group` stand together
   * @param {string} options.sort the id of a column; "-id" for the other way round
   * @param {(row: Row) => Action[]} [options.actions]
   * @param {(row: Row) => Action | null} [options.quick] the action that has a button of its own
   * @param {string} [options.empty] what to say when there are no rows
   * @param {string} [options.className]
   */
  constructor(view, options) {
    this.view = view;
    this.options = options;
    this.columns = options.columns.filter((column) => !(column.near && view.store.wall));
    this.sort = options.sort.replace("-", "");
    this.down = options.sort.startsWith("-");
    this.filter = "";
    this.entries = [];
    this.index = new Map();
    this.shown = new Map();
    this.current = null;
    this.rowHeight = 0;
    this.gaps = [];
    this.build();
  }

  build() {
    const heads = this.columns.map((column) => this.makeHead(column));
    const acts = this.options.actions || this.options.quick;
    this.actionsHead =
      acts && !this.view.store.readonly
        ? make(
            "th",
            { scope: "col", role: "columnheader", class: "ast-actions" },
            make("span", { class: "ast-sr", text: "Actions" }),
          )
        : null;
    this.body = make("tbody", {
      role: "rowgroup",
      click: (event) => this.clicked(event),
      keydown: (event) => this.pressed(event),
      focusin: (event) => this.focused(event),
      pointerover: (event) => this.hovered(event),
    });
    this.table = make(
      "table",
      { role: "table", "aria-label": this.options.label, class: this.options.className },
      make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...heads, this.actionsHead)),
      this.body,
    );
    this.empty = make("p", { class: "ast-quiet", hidden: true });
    this.scroller = make("div", { class: "ast-scroll" }, this.table);
    this.scroller.addEventListener("scroll", () => this.view.redraw(this.section), { passive: true });
    this.element = make("div", {}, this.scroller, this.empty);
    this.showSort();
  }

  /** The head of a column, which sorts by it: a button in it does, or itself where there is none. */
  makeHead(column) {
    const { readonly } = this.view.store;
    const sort = () => this.sortBy(column.id);
    const pressed = (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault(); // Space would scroll the page
      sort();
    };
    return make(
      "th",
      {
        scope: "col",
        role: "columnheader",
        class: column.className,
        "data-column": column.id,
        tabindex: readonly && "0",
        click: sort,
        keydown: readonly && pressed,
      },
      make(readonly ? "span" : "button", {
        class: "ast-sort",
        type: !readonly && "button",
        text: column.label,
      }),
    );
  }

  sortBy(id) {
    this.down = this.sort === id && !this.down;
    this.sort = id;
    this.showSort();
    this.arrange();
    this.view.redraw(this.section);
  }

  showSort() {
    for (const head of this.table.tHead.rows[0].cells) {
      const sorted = head.dataset.column === this.sort;
      setAttribute(head, "aria-sort", sorted ? (this.down ? "descending" : "ascending") : null);
    }
  }

  setFilter(text) {
    this.filter = text.trim().toLowerCase();
    this.arrange();
    this.view.redraw(this.section);
  }

  // --- the order of the rows

  /** Put the rows in order; after a change of the data, the filter or the sorting. */
  arrange() {
    const anchor = this.anchor();
    const groups = new Map();
    for (const entry of this.options.rows()) {
      const name = entry.group ?? entry.key;
      const group = groups.get(name);
      if (group) group.push(entry);
      else groups.set(name, [entry]);
    }
    let list = [...groups.values()];
    for (const group of list) if (group.length > 1) group.sort(byAge);
    if (this.filter) list = list.filter((group) => group.some((entry) => this.matches(entry.row)));
    const column = this.columns.find((one) => one.id === this.sort);
    const order = column.order || column.text;
    const sign = this.down ? -1 : 1;
    const ranked = list.map((group) => [order(group[0].row), group]);
    ranked.sort((one, other) => sign * compare(one[0], other[0]) || compare(one[1][0].key, other[1][0].key));
    this.entries = [];
    this.index.clear();
    for (const [, group] of ranked) {
      group.forEach((entry, place) => {
        entry.place =
          group.length === 1 ? "" : place === 0 ? "first" : place === group.length - 1 ? "last" : "mid";
        this.index.set(entry.key, this.entries.length);
        this.entries.push(entry);
      });
    }
    if (this.current !== null && !this.index.has(this.current)) this.current = null;
    this.hold(anchor);
  }

  matches(row) {
    return (
      this.columns.some((column) => column.text(row).toLowerCase().includes(this.filter)) ||
      known(row.channel).toLowerCase().includes(this.filter)
    );
  }

  get isWindowed() {
    return this.entries.length > WINDOW_FROM;
  }

  /** The row at the upper edge, to stay there. */
  anchor() {
    const top = this.scroller.scrollTop;
    if (!this.isWindowed || !this.rowHeight || !top) return null;
    const place = Math.min(this.entries.length - 1, Math.floor(top / this.rowHeight));
    return { key: this.entries[place].key, rest: top - place * this.rowHeight };
  }

  hold(anchor) {
    if (!anchor || !this.isWindowed || !this.index.has(anchor.key)) return;
    this.wantedTop = this.index.get(anchor.key) * this.rowHeight + anchor.rest;
  }

  // --- drawing

  draw() {
    const total = this.entries.length;
    this.drawEmpty(total);
    setAttribute(this.table, "aria-rowcount", this.isWindowed ? String(total + 1) : null);
    setAttribute(this.table, "data-windowed", this.isWindowed ? "yes" : null);
    if (this.current === null && total) this.current = this.entries[0].key;
    const places = this.places(total);
    const wanted = new Set(places.map((place) => this.entries[place].key));
    const focus = this.view.activeElement();
    for (const [key, shown] of this.shown) {
      if (wanted.has(key)) continue;
      shown.element.remove();
      this.shown.delete(key);
    }
    this.putRows(places, total);
    this.restoreFocus(focus);
    if (this.wantedTop !== undefined) {
      if (Math.abs(this.scroller.scrollTop - this.wantedTop) >= 1) this.scroller.scrollTop = this.wantedTop;
      this.wantedTop = undefined;
    }
    if (!this.rowHeight && this.isWindowed) this.measure();
  }

  drawEmpty(total) {
    const text = this.filter ? "Nothing matches the filter." : this.options.empty || "";
    this.empty.hidden = total > 0 || !text;
    this.scroller.hidden = total === 0;
    setText(this.empty, text);
  }

  /** The places of the rows that have to be in the page: those in view, and the one in focus. */
  places(total) {
    if (!this.isWindowed) return [...Array(total).keys()];
    const height = this.rowHeight || 24;
    const top = this.wantedTop ?? this.scroller.scrollTop;
    const first = Math.max(0, Math.min(Math.floor(top / height) - OVERSCAN, total - 1));
    const last = Math.min(total, Math.ceil((top + (this.scroller.clientHeight || 400)) / height) + OVERSCAN);
    const places = [];
    for (let place = first; place < last; place++) places.push(place);
    const current = this.index.get(this.current);
    if (current !== undefined && current < first) places.unshift(current);
    if (current !== undefined && current >= last) places.push(current);
    return places;
  }

  /** Put rows in their order; one that stands right is not touched, so that focus and selection stay. */
  putRows(places, total) {
    for (const gap of this.gaps) gap.remove();
    let next = this.body.firstChild;
    let expected = 0;
    let gaps = 0;
    const fill = (rows) => rows > 0 && this.body.insertBefore(this.gap(gaps++, rows), next);
    for (const place of places) {
      fill(place - expected);
      const element = this.row(place);
      if (element === next) next = next.nextSibling;
      else this.body.insertBefore(element, next);
      expected = place + 1;
    }
    fill(total - expected);
  }

  /** An empty row that stands for those out of view. */
  gap(number, rows) {
    const gap = (this.gaps[number] ||= make(
      "tr",
      { "aria-hidden": "true", class: "ast-gap" },
      make("td", { colspan: this.columns.length + (this.actionsHead ? 1 : 0) }),
    ));
    gap.firstChild.style.height = `${rows * (this.rowHeight || 24)}px`;
    return gap;
  }

  row(place) {
    const { key, row, place: inGroup } = this.entries[place];
    let shown = this.shown.get(key);
    if (!shown) this.shown.set(key, (shown = this.makeRow(key)));
    setAttribute(shown.element, "tabindex", key === this.current ? "0" : "-1");
    setAttribute(shown.element, "data-place", inGroup || null);
    setAttribute(shown.element, "aria-rowindex", this.isWindowed ? String(place + 2) : null);
    this.columns.forEach((column, number) => this.drawCell(shown, number, column, row));
    if (shown.quick) this.drawQuick(shown.quick, row);
    return shown.element;
  }

  makeRow(key) {
    const cells = this.columns.map((column, number) =>
      number === 0
        ? make("th", { scope: "row", role: "rowheader", class: column.className, "data-label": column.label })
        : make("td", { role: "cell", class: column.className, "data-label": column.label }),
    );
    const acting = Boolean(this.actionsHead);
    const quick =
      acting && this.options.quick
        ? make("button", { type: "button", "data-act": "quick", tabindex: "-1" })
        : null;
    const more =
      acting && this.options.actions
        ? make("button", {
            type: "button",
            "data-act": "menu",
            tabindex: "-1",
            "aria-haspopup": "menu",
            text: "⋯",
            title: "More actions",
            "aria-label": "More actions",
          })
        : null;
    const acts = acting ? make("td", { role: "cell", class: "ast-actions" }, quick, more) : null;
    const element = make("tr", { role: "row", tabindex: "-1" }, ...cells, acts);
    element.dataset.key = key;
    return { element, cells, texts: [], titles: [], quick, more };
  }

  drawCell(shown, number, column, row) {
    const text = column.text(row);
    if (column.draw) {
      column.draw(shown.cells[number], row);
    } else if (shown.texts[number] !== text) {
      shown.texts[number] = text;
      shown.cells[number].textContent = text;
    }
    const title = column.title ? column.title(row) : shown.cells[number].title && text;
    if ((shown.titles[number] || "") !== title) {
      shown.titles[number] = title;
      shown.cells[number].title = title;
    }
  }

  drawQuick(button, row) {
    const action = this.options.quick(row);
    button.hidden = !action;
    if (action) {
      setText(button, action.label);
      setAttribute(button, "aria-label", action.name || action.label);
    }
  }

  measure() {
    const row = this.body.querySelector("tr:not(.ast-gap)");
    const height = row ? row.getBoundingClientRect().height : 0;
    if (height && Math.abs(height - this.rowHeight) > 0.5) {
      this.rowHeight = height;
      this.view.redraw(this.section);
    }
  }

  /** The rows may have another height now. */
  resized() {
    if (this.isWindowed && this.rowHeight) this.measure();
  }

  restoreFocus(element) {
    if (element && element !== this.view.activeElement() && this.body.contains(element)) {
      element.focus({ preventScroll: true });
    }
  }

  // --- the keyboard and the mouse

  /** Show all of a text that is cut off. */
  hovered(event) {
    const cell = event.target.closest("tbody > tr > *");
    const column = cell && this.columns[cell.cellIndex];
    if (!column || column.title) return;
    setAttribute(cell, "title", cell.scrollWidth > cell.clientWidth ? cell.textContent : null);
  }

  focused(event) {
    const row = event.target.closest("tr[data-key]");
    if (!row || row.dataset.key === this.current) return;
    const before = this.shown.get(this.current);
    if (before) setAttribute(before.element, "tabindex", "-1");
    this.current = row.dataset.key;
    setAttribute(row, "tabindex", "0");
  }

  pressed(event) {
    const row = event.target.closest("tr[data-key]");
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / (row.offsetHeight || 24)) - 1);
    const steps = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -Infinity,
      End: Infinity,
    };
    if (event.key in steps && event.target.tagName !== "INPUT") {
      event.preventDefault();
      this.move(this.index.get(row.dataset.key) + steps[event.key]);
    } else if (event.key === "Enter" && event.target === row) {
      event.preventDefault();
      this.open(row.dataset.key, row);
    }
  }

  move(place) {
    const bounded = Math.max(0, Math.min(place, this.entries.length - 1));
    const { key } = this.entries[bounded];
    if (!this.shown.has(key)) {
      this.current = key;
      this.scroller.scrollTop = Math.max(0, bounded * this.rowHeight - this.scroller.clientHeight / 2);
      this.draw();
    }
    const { element } = this.shown.get(key);
    element.focus({ preventScroll: true });
    element.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  clicked(event) {
    const row = event.target.closest("tr[data-key]");
    const button = event.target.closest("button[data-act]");
    if (!row) return;
    if (!button) {
      if (this.options.open && !String(document.getSelection())) this.open(row.dataset.key, row);
      return;
    }
    const entry = this.entries[this.index.get(row.dataset.key)];
    if (!entry) return;
    if (button.dataset.act === "quick")
      this.view.perform(this.options.quick(entry.row), this.target(entry, button));
    else this.open(entry.key, button);
  }

  /** Open what a row has to offer. */
  open(key, anchor) {
    const entry = this.entries[this.index.get(key)];
    if (!entry) return;
    const actions = this.options.actions ? this.options.actions(entry.row) : [];
    const target = this.target(entry, anchor);
    if (this.options.open) this.options.open(entry.row, target);
    else if (actions.length > 0) this.view.popup.menu(actions, target);
    else this.view.popup.details(target.title, Object.entries(entry.row), target);
  }

  /** What a popup is about, where it stands, and whether that is still there. */
  target(entry, anchor) {
    return {
      anchor,
      title: this.columns[0].text(entry.row),
      row: entry.row,
      alive: () => this.index.has(entry.key),
      back: () => this.index.has(entry.key) && this.move(this.index.get(entry.key)),
    };
  }
}

// --- what opens above the rest -------------------------------------------------------------------

/** A menu, a question, a form or a list of details, beside what it is about. */
class Popup {
  constructor(view) {
    this.view = view;
    this.element = make("div", {
      class: "ast-popup",
      popover: "manual",
      keydown: (event) => this.pressed(event),
    });
    this.outside = (event) => {
      if (!event.composedPath().includes(this.element)) this.close(false);
    };
  }

  get isOpen() {
    return Boolean(this.target);
  }

  show(target, role, label, ...content) {
    this.close(false);
    this.target = target;
    this.opened = Date.now();
    this.row = target.anchor.closest("tr");
    if (this.row) this.row.dataset.open = "yes";
    setAttribute(this.element, "role", role);
    setAttribute(this.element, "aria-label", label);
    this.element.replaceChildren(...content);
    this.element.showPopover();
    this.place();
    const first = this.element.querySelector("[autofocus], input, button, [tabindex]");
    if (first) first.focus({ preventScroll: true });
    document.addEventListener("pointerdown", this.outside, true);
  }

  /** Stand below what it is about, or above where there is no room. */
  place() {
    this.element.style.top = this.element.style.left = "0"; // where it has the room that it wants
    const anchor = this.target.anchor.getBoundingClientRect();
    const { width, height } = this.element.getBoundingClientRect();
    const below = anchor.bottom + 4;
    const top = below + height > innerHeight ? Math.max(4, anchor.top - height - 4) : below;
    const left = Math.min(Math.max(4, anchor.right - width), Math.max(4, innerWidth - width - 4));
    this.element.style.top = `${top}px`;
    this.element.style.left = `${left}px`;
  }

  close(back = true) {
    if (!this.target) return;
    const { target } = this;
    this.target = null;
    if (this.row) delete this.row.dataset.open;
    document.removeEventListener("pointerdown", this.outside, true);
    this.element.hidePopover();
    this.element.replaceChildren();
    if (!back) return;
    if (target.back) target.back();
    else target.anchor.focus();
  }

  /** Close it when what it is about is gone. */
  check() {
    if (!this.target || this.target.alive()) return;
    this.view.tell(`${this.target.title} is gone.`);
    this.close(false);
  }

  pressed(event) {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    } else if (this.element.getAttribute("role") === "menu") {
      this.walk(event);
    }
  }

  walk(event) {
    const items = [...this.element.querySelectorAll("[role=menuitem]")];
    const place = items.indexOf(this.view.activeElement());
    const steps = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: items.length - 1 };
    if (event.key === "Tab") this.close();
    if (!(event.key in steps)) return;
    event.preventDefault();
    items[(steps[event.key] + items.length) % items.length].focus();
  }

  menu(actions, target) {
    const items = actions.map((action) =>
      make("button", {
        type: "button",
        role: "menuitem",
        tabindex: "-1",
        text: action.ask || action.fields ? `${action.label}…` : action.label,
        click: () => this.view.perform(action, target),
      }),
    );
    items.push(
      make("button", {
        type: "button",
        role: "menuitem",
        tabindex: "-1",
        text: "Details",
        click: () => this.details(target.title, Object.entries(target.row), target),
      }),
    );
    this.show(target, "menu", `Actions for ${target.title}`, ...items);
  }

  /** Ask once whether something is meant. */
  question(action, target) {
    const yes = make("button", {
      type: "button",
      class: "ast-danger",
      text: action.label,
      autofocus: true,
      click: () => Date.now() - this.opened > DOUBLE_CLICK && this.finish(action, {}),
    });
    const no = make("button", { type: "button", text: "Cancel", click: () => this.close() });
    this.show(
      target,
      "dialog",
      action.ask,
      make("p", { text: action.ask }),
      make("div", { class: "ast-buttons" }, yes, no),
    );
  }

  /** Ask for what an action needs to know. */
  form(action, target) {
    this.view.fillLists();
    const form = makeForm(this.view, action.fields, action.label, (values) => this.finish(action, values));
    form.lastChild.append(make("button", { type: "button", text: "Cancel", click: () => this.close() }));
    const title = `${action.label}: ${target.title}`;
    this.show(target, "dialog", title, make("p", { text: title }), form);
  }

  finish(action, values) {
    this.close();
    this.view.order(action, values);
  }

  /** Show names and values. */
  details(title, pairs, target) {
    const list = make("dl", { tabindex: "0", "aria-label": title });
    for (const [name, value] of pairs) {
      if (value === null || value === "") continue;
      list.append(make("dt", { text: name }), make("dd", { text: String(value) }));
    }
    const close = () => make("button", { type: "button", text: "Close", click: () => this.close() });
    const buttons = this.view.store.readonly ? [] : [make("div", { class: "ast-buttons" }, close())];
    this.show(target, "dialog", title, make("p", { text: title }), list, ...buttons);
  }
}

/** A form with labelled fields; `done` gets their values. */
function makeForm(view, fields, label, done) {
  const inputs = fields.map((field) =>
    make("input", {
      name: field.name,
      list: field.list ? view.listId(field.list) : false,
      value: field.value || false,
      required: !field.optional,
      autocomplete: "off",
      spellcheck: "false",
    }),
  );
  const labels = fields.map((field, number) =>
    make("label", {}, make("span", { text: field.label }), inputs[number]),
  );
  return make(
    "form",
    {
      class: "ast-form",
      submit: (event) => {
        event.preventDefault();
        done(Object.fromEntries(inputs.map((input) => [input.name, input.value.trim()])));
      },
    },
    ...labels,
    make("div", { class: "ast-buttons" }, make("button", { type: "submit", class: "ast-main", text: label })),
  );
}

// --- the sections --------------------------------------------------------------------------------

/** A part of the panel: there only where the PBX has it, drawn only while it is on the screen. */
class Section {
  /**
   * @param {View} view
   * @param {string} id
   * @param {string} title
   * @param {string[]} needs the parts of the state that it shows
   * @param {boolean} ticks whether it shows ages
   */
  constructor(view, id, title, needs, ticks = false) {
    this.view = view;
    this.store = view.store;
    this.id = id;
    this.needs = needs;
    this.ticks = ticks;
    this.tables = [];
    this.dirty = this.changed = true;
    this.onScreen = false;
    const heading = `${view.uid}-${id}`;
    this.title = make("h3", { id: heading, text: title });
    this.note = make("span", { class: "ast-note" });
    this.tools = make("div", { class: "ast-tools" });
    this.silence = make("p", { class: "ast-quiet", hidden: true });
    this.element = make(
      "section",
      { class: `ast-section ast-${id}`, "aria-labelledby": heading },
      make("header", {}, this.title, this.note, this.tools),
      this.silence,
    );
    this.element.section = this;
  }

  add(...elements) {
    this.element.append(...elements);
  }

  addTable(options) {
    const table = new DataTable(this.view, options);
    table.section = this;
    this.tables.push(table);
    this.add(table.element);
    return table;
  }

  addFilter(label, changed) {
    const input = make("input", {
      type: "search",
      placeholder: label,
      "aria-label": label,
      input: () => changed(input.value),
    });
    this.tools.append(input);
    return input;
  }

  part(name) {
    return this.store.parts[name];
  }

  /** Entries of a part, as a table takes them. */
  entries(name, group = null) {
    return Array.from(this.part(name), ([key, row]) => ({
      key,
      row,
      group: group ? group(row, key) : undefined,
    }));
  }

  /** Whether the PBX has it. */
  exists() {
    return this.needs.some((name) => this.store.parts[name]?.size);
  }

  /** Why nothing can be known of it. */
  reason() {
    return [...new Set(this.needs.map((name) => this.store.silent[name]).filter(Boolean))].join(" ");
  }

  showExistence() {
    const reason = this.reason();
    this.element.hidden = !reason && !this.exists();
    this.silence.hidden = !reason;
    setProse(this.silence, sentence(reason));
  }

  draw() {
    if (this.changed) for (const table of this.tables) table.arrange();
    for (const table of this.tables) table.draw();
    this.drawMore();
    this.changed = this.dirty = false;
  }

  /** Draw what is no table. */
  drawMore() {}

  /** Seconds since a moment; while nothing is heard, until the last that was. */
  since(moment) {
    return moment === null || moment === undefined ? 0 : this.store.stands() - moment;
  }

  /** A column that says how long something has lasted. */
  lastsColumn(label = "For") {
    return {
      id: "since",
      label,
      className: "ast-number",
      text: (row) => (row.since ? duration(this.since(row.since)) : ""),
      order: (row) => row.since,
    };
  }

  callerColumn(label = "Caller") {
    return { id: "caller", label, text: (row) => party(row.caller, row.caller_name) || row.channel };
  }

  /** An action, if the login may do it. */
  action(what, label, args, more = {}) {
    return this.store.can(what) ? { what, label, args, ...more } : null;
  }

  hangUp(row, label = "Hang up") {
    const who = party(row.caller, row.caller_name) || row.device || row.channel;
    return this.action(
      "hangup",
      label,
      { channel: row.channel, uniqueid: row.uniqueid },
      {
        name: `Hang up ${row.channel}`,
        ask: `Hang up ${row.channel} (${who})?`,
      },
    );
  }
}

/** The connection, and what is counted. */
class Connection extends Section {
  constructor(view) {
    super(view, "connection", "", ["connection", "concurrency", "channels"], true);
    this.lamp = makeLamp();
    this.address = make("span", { class: "ast-note" });
    this.title.replaceWith(make("h2", { id: this.title.id }, this.lamp, (this.name = make("span"))));
    this.clock = make("span", { class: "ast-clock" });
    this.tools.replaceWith(this.clock);
    this.facts = make("dl", { class: "ast-facts" });
    this.values = {};
    for (const [name, label] of [
      ["calls", "calls"],
      ["channels", "channels"],
      ["rate", "events a second"],
      ["kept", "events kept"],
      ["dropped", "dropped"],
      ["waiting", "callbacks waiting"],
      ["failed", "failed"],
    ]) {
      this.values[name] = make("dd");
      this.facts.append(make("div", { "data-fact": name }, make("dt", { text: label }), this.values[name]));
    }
    this.line = new Line();
    this.banner = make("p", { class: "ast-banner", hidden: true });
    this.add(make("div", { class: "ast-strip" }, this.facts, this.line.element), this.banner);
  }

  exists() {
    return true;
  }

  reason() {
    return "";
  }

  drawMore() {
    const { connection } = this.store;
    setLamp(this.lamp, CONNECTION_LAMPS[connection.state] || "UNKNOWN");
    setText(this.name, known(connection.name) || "PBX");
    setText(this.note, this.about(connection));
    this.note.title = known(connection.version);
    if (this.store.wall) setText(this.clock, CLOCK.format(this.store.stands() * 1000));
    const counts = { ...connection, calls: this.store.calls(), channels: this.part("channels").size };
    for (const [name, cell] of Object.entries(this.values)) {
      setText(cell, NUMBER.format(counts[name] || 0));
      setAttribute(
        cell.parentNode,
        "data-bad",
        ["dropped", "failed"].includes(name) && connection[name] ? "yes" : null,
      );
    }
    this.drawBanner();
    this.line.draw(this.store.points, this.store.now() / 1000, counts.calls);
  }

  about(connection) {
    const parts = [connection.address];
    const [version] = known(connection.version).match(/^\d+(\.\d+)*/) || [connection.version];
    if (version) parts.push(`Asterisk ${version}`);
    if (connection.up_date) parts.push(`up since ${connection.up_date} ${connection.up_time}`);
    if (connection.since) parts.push(`connected for ${age(this.since(connection.since))}`);
    return parts.filter(Boolean).join(" · ");
  }

  drawBanner() {
    const text = this.trouble();
    const short = text.replace(/\d+\s(s|min|h|d)\b/g, "…");
    if (short !== this.said) {
      if (this.said !== undefined || text) this.view.announce(text || "The connection is back.");
      this.said = short;
    }
    this.banner.hidden = !text;
    setProse(this.banner, text);
    this.view.root.classList.toggle("ast-stale", Boolean(text));
  }

  /** What is wrong, in a line; empty if nothing is. */
  trouble() {
    const { store } = this;
    const { connection } = store;
    const at = DATE.format(store.taken * 1000);
    if (store.closed) return `Closed. This is the state of ${at}.`;
    if (store.isQuiet()) {
      return (
        `No word from the kernel for ${age((Date.now() - store.heard) / 1000)}: it is gone, or the page is offline. ` +
        `This is the state of ${at}.`
      );
    }
    if (!store.live) return `The state of ${at}: waiting for the kernel.`;
    if (connection.state === "closed") return `Disconnected. This is the state of ${at}.`;
    if (connection.state !== "lost") return connection.stale ? "Connected: asking how things stand." : "";
    const wait = connection.next_try ? connection.next_try - store.now() / 1000 : 0;
    const next = wait > 0 ? `Next try in ${age(wait + 0.99)}.` : "Trying now.";
    const lost = age(store.now() / 1000 - connection.lost_since);
    return `Connection lost ${lost} ago. ${next} ${sentence(connection.error)}`;
  }
}

/** A small line of how many calls there were at once over the last hour. */
class Line {
  constructor() {
    const draw = (tag, attributes) => {
      const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
      return element;
    };
    this.area = draw("path", { class: "ast-area" });
    this.path = draw("path", { class: "ast-path", "vector-effect": "non-scaling-stroke" });
    this.svg = draw("svg", { viewBox: "0 0 360 40", preserveAspectRatio: "none", role: "img" });
    this.svg.append(this.area, this.path);
    this.caption = make("figcaption");
    this.element = make("figure", { class: "ast-line" }, this.svg, this.caption);
  }

  /** Draw points, which come once in a while, and behind them what is now. */
  draw(known, now, current) {
    const step = Math.floor(now / 10);
    if (known === this.known && step === this.step && current === this.current) return;
    [this.known, this.step, this.current] = [known, step, current];
    const points = [...known, [now, current]];
    const most = Math.max(1, ...points.map(([, calls]) => calls));
    const x = (at) => Math.max(0, 360 - ((now - at) / HOUR) * 360).toFixed(1);
    const y = (calls) => (38 - (calls / most) * 36).toFixed(1);
    let path = "";
    for (const [at, calls] of points) path += path ? `H${x(at)}V${y(calls)}` : `M${x(at)} ${y(calls)}`;
    this.path.setAttribute("d", path);
    this.area.setAttribute("d", `${path}V40H${x(points[0][0])}Z`);
    const peak = Math.max(0, ...points.map(([, calls]) => calls));
    setText(this.caption, `calls in the last hour, at most ${NUMBER.format(peak)}`);
    this.svg.setAttribute("aria-label", `Concurrent calls over the last hour: at most ${peak}, now ${current}`);
  }
}

/** The channels, those of one call together. */
class Channels extends Section {
  constructor(view) {
    super(view, "channels", "Calls", ["channels"], true);
    this.bridges = new Map();
    this.table = this.addTable({
      label: "Channels, those of one call together",
      className: "ast-calls",
      sort: "since",
      empty: "No calls.",
      rows: () => this.rows(),
      columns: [
        {
          id: "device",
          label: "Device",
          text: (row) => row.device || row.channel,
          title: (row) => row.channel,
        },
        {
          id: "state",
          label: "State",
          text: (row) => this.state(row),
          draw: (cell, row) => this.drawState(cell, row),
        },
        { id: "caller", label: "Caller", text: (row) => this.caller(row) },
        { id: "callee", label: "Callee", text: (row) => this.callee(row) },
        {
          id: "application",
          label: "Application",
          near: true,
          text: (row) => known(row.application),
          title: (row) => (row.exten ? `${row.exten}@${row.context}` : ""),
        },
        { id: "with", label: "With", near: true, text: (row) => this.others(row) },
        this.lastsColumn(),
      ],
      quick: (row) => this.hangUp(row),
      actions: (row) => this.actions(row),
    });
    this.addFilter("Filter calls", (text) => this.table.setFilter(text));
  }

  exists() {
    return true;
  }

  rows() {
    this.bridges = new Map();
    for (const row of this.part("channels").values()) {
      if (!row.bridge) continue;
      const there = this.bridges.get(row.bridge);
      if (there) there.push(row);
      else this.bridges.set(row.bridge, [row]);
    }
    return this.entries("channels", (row, key) => row.linkedid || key);
  }

  caller(row) {
    return isCalled(row) ? party(row.connected, row.connected_name) : party(row.caller, row.caller_name);
  }

  callee(row) {
    const other = isCalled(row)
      ? party(row.caller, row.caller_name)
      : party(row.connected, row.connected_name);
    return other || known(row.exten);
  }

  state(row) {
    const state = row.held ? "on hold" : CHANNEL_WORDS[row.state] || known(row.state).toLowerCase();
    return row.recorded ? `${state} · rec` : state;
  }

  drawState(cell, row) {
    if (!cell.firstChild) cell.append(makeLamp(), make("span"));
    setLamp(cell.firstChild, row.held ? "ONHOLD" : CHANNEL_LAMPS[row.state] || "UNKNOWN");
    setText(cell.lastChild, this.state(row));
  }

  others(row) {
    const there = row.bridge ? this.bridges.get(row.bridge) || [] : [];
    return there
      .filter((one) => one !== row)
      .map((one) => one.device || one.channel)
      .join(", ");
  }

  drawMore() {
    setText(
      this.note,
      `${count(this.store.calls(), "call")}, ${count(this.part("channels").size, "channel")}`,
    );
  }

  actions(row) {
    const args = { channel: row.channel, uniqueid: row.uniqueid };
    const place = [
      { name: "exten", label: "To extension", list: "extensions" },
      { name: "context", label: "in context", list: "contexts", value: row.context },
    ];
    const by = [{ name: "by", label: "From telephone", list: "devices" }];
    const rings = row.state === "Ringing" || row.state === "Down"; // to move it would end the call
    return [
      this.hangUp(row),
      rings ? null : this.action("redirect", "Redirect", args, { fields: place }),
      row.bridge ? this.action("transfer", "Attended transfer", args, { fields: place }) : null,
      row.state === "Up" ? this.action("park", "Park", args, { ask: `Park ${row.channel}?` }) : null,
      this.action("record", "Record", args),
      this.action("stop_recording", "Stop recording", args),
      this.action("spy", "Listen", { ...args, mode: "listen" }, { fields: by }),
      this.action("spy", "Whisper", { ...args, mode: "whisper" }, { fields: by }),
      this.action("spy", "Barge in", { ...args, mode: "barge" }, { fields: by }),
    ].filter(Boolean);
  }
}

/** The devices as lamps, and the items that stand for devices; of many, those in view are in the page. */
class Devices extends Section {
  constructor(view) {
    super(view, "devices", "Devices", ["devices", "items"]);
    this.list = make("ul", { class: "ast-lamps", "aria-label": "Devices", tabindex: "0" });
    this.list.addEventListener("scroll", () => view.redraw(this), { passive: true });
    [this.above, this.below] = [0, 1].map(() => make("li", { class: "ast-gap", "aria-hidden": "true" }));
    this.list.append(this.above, this.below);
    this.lamps = new Map();
    this.rows = new Map();
    this.sorted = [];
    this.filter = "";
    this.input = this.addFilter("Filter devices", (text) => {
      this.filter = text.trim().toLowerCase();
      this.changed = true;
      view.redraw(this);
    });
    this.add(this.list);
  }

  exists() {
    return this.part("devices").size > 0 || this.itemsOfDevices().length > 0;
  }

  itemsOfDevices() {
    return [...this.store.items.values()].filter((item) => item.dev);
  }

  drawMore() {
    if (this.changed) this.collect();
    const [first, last, above, below] = this.inView();
    const wanted = this.sorted.slice(first, last);
    const kept = new Set(wanted);
    for (const [key, lamp] of this.lamps) {
      if (kept.has(key)) continue;
      lamp.element.remove();
      this.lamps.delete(key);
    }
    let next = this.above.nextSibling;
    wanted.forEach((key, place) => {
      const element = this.drawLamp(key, this.rows.get(key), first + place);
      if (element === next) next = next.nextSibling;
      else this.list.insertBefore(element, next);
    });
    setAttribute(this.above, "style", above ? `height: ${above}px` : "display: none");
    setAttribute(this.below, "style", below ? `height: ${below}px` : "display: none");
  }

  /** The lamps in view: the first, the one behind the last, and the pixels above and below them. */
  inView() {
    const total = this.sorted.length;
    const sample = this.above.nextElementSibling;
    if (total <= WINDOW_FROM || sample === this.below) return [0, Math.min(total, WINDOW_FROM), 0, 0];
    const columns = getComputedStyle(this.list).gridTemplateColumns.split(" ").length;
    const height = sample.offsetHeight + 1;
    const lines = Math.ceil(total / columns);
    const { scrollTop, clientHeight } = this.list;
    const from = Math.max(0, Math.min(Math.floor(scrollTop / height) - OVERSCAN, lines - 1));
    const to = Math.min(lines, Math.ceil((scrollTop + clientHeight) / height) + OVERSCAN);
    return [from * columns, Math.min(total, to * columns), from * height, (lines - to) * height];
  }

  /** Gather the devices, with the items tied to them; a device only an item knows, too. */
  collect() {
    const rows = new Map(this.part("devices"));
    const names = new Map(Array.from(rows.keys(), (device) => [device.split("/")[1], device]));
    this.tied = new Map();
    for (const item of this.itemsOfDevices()) {
      const device = rows.has(item.dev) ? item.dev : names.get(item.dev) || item.dev;
      if (!rows.has(device)) rows.set(device, { device, state: item.value ? "INUSE" : "UNKNOWN" });
      this.tied.set(device, [...(this.tied.get(device) || []), item.path]);
    }
    const same =
      rows.size === this.rows.size &&
      this.sortedFor === this.filter &&
      [...rows.keys()].every((key) => this.rows.has(key));
    this.rows = rows;
    if (!same || this.filter) {
      this.sortedFor = this.filter;
      this.sorted = [...rows.keys()].filter((key) => this.matches(rows.get(key))).sort(NATURAL.compare);
    }
    this.list.classList.toggle("ast-dense", this.store.wall && rows.size > DENSE_FROM);
    let up = 0;
    for (const row of rows.values()) up += IN_USE.has(row.state);
    this.input.hidden = rows.size < 25 && !this.filter;
    setText(this.note, `${count(rows.size, "device")}, ${NUMBER.format(up)} in use`);
  }

  matches(row) {
    const text = `${row.device} ${known(row.name)} ${known(row.extension)} ${this.tied.get(row.device) || ""} ${stateWords(row.state)}`;
    return text.toLowerCase().includes(this.filter);
  }

  drawLamp(key, row, place) {
    let lamp = this.lamps.get(key);
    if (!lamp) this.lamps.set(key, (lamp = this.makeLamp()));
    setAttribute(lamp.element, "aria-posinset", String(place + 1));
    setAttribute(lamp.element, "aria-setsize", String(this.sorted.length));
    setLamp(lamp.lamp, row.state);
    setAttribute(lamp.element, "data-state", STATES[row.state] ? row.state : "UNKNOWN");
    setAttribute(lamp.element, "data-device", row.device);
    const isDense = this.list.classList.contains("ast-dense");
    setText(lamp.name, row.name || (isDense && row.device.split("/")[1]) || row.device);
    setText(lamp.device, row.name ? row.device : "");
    setText(lamp.state, stateWords(row.state));
    setText(lamp.more, this.more(row));
    setAttribute(lamp.element, "title", `${row.device} ${this.more(row)}`);
    return lamp.element;
  }

  makeLamp() {
    const lamp = {
      lamp: makeLamp(),
      name: make("b"),
      device: make("span"),
      state: make("span"),
      more: make("small"),
    };
    lamp.element = make(
      "li",
      {},
      lamp.lamp,
      make("div", {}, make("div", {}, lamp.name, lamp.device), make("div", {}, lamp.state, lamp.more)),
    );
    return lamp;
  }

  more(row) {
    const reach = row.reachable && row.reachable !== "Reachable" ? row.reachable.toLowerCase() : "";
    const parts = [
      row.extension && row.extension !== row.device.split("/")[1] ? `ext. ${row.extension}` : "",
      reach,
      row.rtt_ms ? `${row.rtt_ms < 10 ? row.rtt_ms.toFixed(1) : Math.round(row.rtt_ms)} ms` : "",
      ...(this.tied.get(row.device) || []),
    ];
    return parts.filter(Boolean).join(" · ");
  }
}

/** The queues, who waits in them, and who works there. */
class Queues extends Section {
  constructor(view) {
    super(view, "queues", "Queues", ["queues", "members", "absent", "callers"], true);
    this.summary = this.addTable({
      label: "Queues",
      sort: "queue",
      rows: () => this.entries("queues"),
      columns: [
        { id: "queue", label: "Queue", text: (row) => row.queue, title: (row) => row.strategy },
        {
          id: "waiting",
          label: "Waiting",
          className: "ast-number",
          text: (row) => String(this.waiting(row).length),
          order: (row) => this.waiting(row).length,
        },
        {
          id: "longest",
          label: "Longest",
          className: "ast-number",
          text: (row) => (this.longest(row) === null ? "" : duration(this.longest(row))),
          order: (row) => this.longest(row),
        },
        {
          id: "completed",
          label: "Answered",
          className: "ast-number",
          text: (row) => known(row.completed),
          order: (row) => row.completed,
        },
        {
          id: "abandoned",
          label: "Given up",
          className: "ast-number",
          text: (row) => known(row.abandoned),
          order: (row) => row.abandoned,
        },
        {
          id: "holdtime",
          label: "Mean wait",
          near: true,
          className: "ast-number",
          text: (row) => duration(row.holdtime || 0),
          order: (row) => row.holdtime,
        },
        {
          id: "talktime",
          label: "Mean talk",
          near: true,
          className: "ast-number",
          text: (row) => duration(row.talktime || 0),
          order: (row) => row.talktime,
        },
      ],
      quick: (row) => this.adding(row),
    });
    this.addTable({
      label: "Callers waiting in queues",
      sort: "place",
      rows: () => this.entries("callers"),
      columns: [
        this.callerColumn("Waiting"),
        {
          id: "place",
          label: "Queue",
          text: (row) => `${row.queue} ${row.position}`,
          order: (row) => `${row.queue} ${row.position}`,
        },
        this.lastsColumn(),
      ],
      quick: (row) => this.hangUp(row),
    });
    this.addTable({
      label: "Agents",
      sort: "agent",
      rows: () => [...this.entries("members"), ...this.absent()],
      columns: [
        {
          id: "agent",
          label: "Agent",
          text: (row) => row.agent,
          title: (row) => `${row.interface} ${row.state_interface}`,
        },
        { id: "queue", label: "Queue", text: (row) => row.queue },
        {
          id: "state",
          label: "State",
          text: (row) => this.state(row),
          draw: (cell, row) => this.drawState(cell, row),
        },
        {
          id: "calls",
          label: "Calls",
          className: "ast-number",
          text: (row) => known(row.calls_taken),
          order: (row) => row.calls_taken,
        },
        {
          id: "last",
          label: "Last call",
          near: true,
          className: "ast-number",
          text: (row) => (row.last_call ? `${age(this.since(row.last_call))} ago` : ""),
          order: (row) => row.last_call,
        },
      ],
      quick: (row) => this.pausing(row),
      actions: (row) => [this.pausing(row), this.leaving(row)].filter(Boolean),
    });
  }

  /** Who worked in a queue and logged out of it, as rows that can log in again. */
  absent() {
    return this.entries("absent")
      .filter(({ row }) => this.part("queues").has(row.queue))
      .map(({ key, row }) => ({ key: `absent ${key}`, row: { ...row, absent: true } }));
  }

  waiting(queue) {
    return [...this.part("callers").values()].filter((caller) => caller.queue === queue.queue);
  }

  /** Seconds that somebody waits in a queue; null if nobody does. */
  longest(queue) {
    const since = Math.min(...this.waiting(queue).map((caller) => caller.since || Infinity));
    return since === Infinity ? null : this.since(since);
  }

  state(row) {
    if (row.absent) return "logged out";
    const state = row.in_call && row.state === "NOT_INUSE" ? "in a call" : stateWords(row.state);
    return row.paused ? `paused${row.reason ? `: ${row.reason}` : ""}, ${state}` : state;
  }

  drawState(cell, row) {
    if (!cell.firstChild) cell.append(makeLamp(), make("span"));
    setLamp(cell.firstChild, row.absent ? "UNAVAILABLE" : row.paused ? "ONHOLD" : row.state);
    setText(cell.lastChild, this.state(row));
  }

  adding(row) {
    return this.action(
      "add",
      "Log in",
      { queue: row.queue },
      {
        name: `Log an agent in to ${row.queue}`,
        fields: [
          { name: "interface", label: "Device", list: "devices" },
          { name: "name", label: "Name", optional: true },
          { name: "state_interface", label: "State of", list: "devices", optional: true },
        ],
      },
    );
  }

  pausing(row) {
    const args = { queue: row.queue, interface: row.interface };
    const who = row.agent;
    if (row.absent) {
      const { name, state_interface, penalty } = row;
      const known = { ...args, name, state_interface, penalty };
      return this.action("add", "Log in", known, { name: `Log ${who} in to ${row.queue}` });
    }
    if (row.paused)
      return this.action("unpause", "Resume", args, { name: `Let ${who} work in ${row.queue}` });
    return this.action("pause", "Pause", args, {
      name: `Pause ${who} in ${row.queue}`,
      fields: [{ name: "reason", label: "Reason", optional: true }],
    });
  }

  leaving(row) {
    if (row.absent) return null;
    return this.action(
      "remove",
      "Log out",
      { queue: row.queue, interface: row.interface },
      { ask: `Log ${row.agent} out of ${row.queue}?` },
    );
  }
}

/** The conferences. */
class Conferences extends Section {
  constructor(view) {
    super(view, "conferences", "Conferences", ["conferences", "participants"], true);
    this.addTable({
      label: "Participants of conferences",
      sort: "conference",
      rows: () => this.entries("participants"),
      columns: [
        this.callerColumn("Participant"),
        { id: "conference", label: "Conference", text: (row) => row.conference },
        { id: "is", label: "Is", text: (row) => this.state(row) },
        this.lastsColumn(),
      ],
      quick: (row) => this.muting(row),
      actions: (row) => [this.muting(row), this.kicking(row)].filter(Boolean),
    });
  }

  state(row) {
    return [row.muted ? "muted" : row.talking ? "talking" : "listening", row.admin ? "admin" : ""]
      .filter(Boolean)
      .join(", ");
  }

  drawMore() {
    const rooms = [...this.part("conferences").values()];
    setText(
      this.note,
      rooms.map((room) => `${room.conference}: ${room.parties}${room.locked ? ", locked" : ""}`).join(" · "),
    );
  }

  args(row) {
    return { conference: row.conference, channel: row.channel, uniqueid: row.uniqueid };
  }

  muting(row) {
    const who = party(row.caller, row.caller_name) || row.channel;
    return row.muted
      ? this.action("unmute", "Unmute", this.args(row), { name: `Unmute ${who}` })
      : this.action("mute", "Mute", this.args(row), { name: `Mute ${who}` });
  }

  kicking(row) {
    return this.action("kick", "Kick", this.args(row), {
      ask: `Put ${row.channel} out of ${row.conference}?`,
    });
  }
}

/** The parked calls. */
class Parking extends Section {
  constructor(view) {
    super(view, "parking", "Parked", ["parked"], true);
    this.addTable({
      label: "Parked calls",
      sort: "space",
      rows: () => this.entries("parked"),
      columns: [
        { id: "space", label: "Pick up at", text: (row) => known(row.space), title: (row) => row.lot },
        this.callerColumn(),
        { id: "parker", label: "Parked by", text: (row) => known(row.parker) },
        this.lastsColumn(),
        {
          id: "left",
          label: "Back in",
          className: "ast-number",
          text: (row) => this.left(row),
          order: (row) => row.timeout,
        },
      ],
      quick: (row) => this.hangUp(row),
    });
  }

  left(row) {
    return row.timeout ? duration(-this.since(row.timeout)) : "";
  }
}

/** The mailboxes. */
class Mailboxes extends Section {
  constructor(view) {
    super(view, "mailboxes", "Mailboxes", ["mailboxes", "items"]);
    this.addTable({
      label: "Mailboxes",
      sort: "mailbox",
      rows: () => this.entries("mailboxes"),
      columns: [
        { id: "mailbox", label: "Mailbox", text: (row) => row.mailbox, title: (row) => this.itemsOf(row) },
        { id: "name", label: "Name", text: (row) => known(row.name) || this.itemsOf(row) },
        {
          id: "new",
          label: "New",
          className: "ast-number ast-new",
          text: (row) => known(row.new),
          order: (row) => row.new,
        },
        {
          id: "old",
          label: "Old",
          className: "ast-number",
          text: (row) => known(row.old),
          order: (row) => row.old,
        },
      ],
    });
  }

  exists() {
    return this.part("mailboxes").size > 0;
  }

  itemsOf(row) {
    const tied = (item) => item.box && (item.box === row.mailbox || `${item.box}@default` === row.mailbox);
    return [...this.store.items.values()]
      .filter(tied)
      .map((item) => item.path)
      .join(", ");
  }

  drawMore() {
    const boxes = [...this.part("mailboxes").values()];
    const messages = boxes.reduce((sum, box) => sum + box.new, 0);
    setText(this.note, count(messages, "new message"));
    if (this.messages !== undefined && messages > this.messages)
      this.view.announce(`${count(messages, "new message")} in all.`);
    this.messages = messages;
  }
}

/** The trunks. */
class Trunks extends Section {
  constructor(view) {
    super(view, "trunks", "Trunks", ["registrations"]);
    this.addTable({
      label: "Trunks",
      sort: "trunk",
      rows: () => this.entries("registrations"),
      columns: [
        { id: "trunk", label: "Trunk", text: (row) => row.trunk },
        { id: "server", label: "Server", text: (row) => known(row.server) },
        {
          id: "state",
          label: "State",
          text: (row) => known(row.state),
          draw: (cell, row) => this.drawState(cell, row),
        },
      ],
    });
  }

  drawState(cell, row) {
    if (!cell.firstChild) cell.append(makeLamp(), make("span"));
    setLamp(cell.firstChild, /^registered$/i.test(known(row.state)) ? "NOT_INUSE" : "INVALID");
    setText(cell.lastChild, known(row.state));
  }
}

/** The items; those that may be set here are switches and fields. */
class Items extends Section {
  constructor(view) {
    super(view, "items", "Items", ["items"], true);
    this.controls = new WeakMap();
    this.table = this.addTable({
      label: "Items",
      sort: "path",
      rows: () => Array.from(this.store.items, ([key, row]) => ({ key, row })),
      columns: [
        { id: "path", label: "Item", text: (row) => row.path, title: (row) => row.name },
        {
          id: "value",
          label: "Value",
          text: (row) => this.text(row),
          draw: (cell, row) => this.drawValue(cell, row),
        },
        {
          id: "age",
          label: "Age",
          className: "ast-number",
          text: (row) => this.age(row),
          title: (row) => `by ${row.by}`,
          order: (row) => row.read ?? row.changed,
        },
      ],
    });
    this.addFilter("Filter items", (text) => this.table.setFilter(text));
  }

  exists() {
    return this.store.items.size > 0;
  }

  text(row) {
    const value = typeof row.value === "boolean" ? (row.value ? "on" : "off") : known(row.value);
    return row.stale ? `${value} (stale)` : value;
  }

  age(row) {
    return row.read ? `read ${age(this.since(row.read))}` : age(this.since(row.changed));
  }

  drawValue(cell, row) {
    const kind =
      !this.store.readonly && this.store.live && (!row.db || this.store.connection.state === "connected")
        ? row.can
        : "";
    if (cell.dataset.kind !== kind) {
      cell.dataset.kind = kind;
      cell.replaceChildren(this.makeControl(kind, row.path));
    }
    const control = cell.firstChild;
    if (kind === "switch") {
      setAttribute(control, "aria-checked", String(row.value === true));
      setText(control.lastChild, this.text(row));
    } else if (kind === "edit") {
      if (control !== this.view.activeElement() && !control.dataset.waiting) control.value = known(row.value);
    } else {
      setText(control, this.text(row));
    }
  }

  makeControl(kind, path) {
    if (kind === "switch") {
      return make(
        "button",
        {
          type: "button",
          role: "switch",
          "aria-label": path,
          click: (event) => this.flip(event.currentTarget, path),
        },
        make("i"),
        make("span"),
      );
    }
    if (kind !== "edit") return make("span");
    return make("input", {
      "aria-label": path,
      change: (event) => this.set(event.currentTarget, path, event.currentTarget.value),
      keydown: (event) => this.pressed(event, path),
    });
  }

  flip(button, path) {
    this.set(button, path, this.store.items.get(path).value !== true);
  }

  pressed(event, path) {
    if (event.key !== "Escape") return;
    event.currentTarget.value = known(this.store.items.get(path).value);
    event.stopPropagation();
  }

  set(control, path, value) {
    control.dataset.waiting = "yes";
    const done = () => {
      delete control.dataset.waiting;
      this.changed = true;
      this.view.redraw(this);
    };
    this.view.order({ what: "item", label: `Set ${path}`, args: { path, value }, done }, {});
  }
}

/** The form that makes a call. */
class Call extends Section {
  constructor(view) {
    super(view, "call", "Call", []);
    const fields = [
      { name: "source", label: "From device", list: "devices" },
      { name: "dest", label: "To extension", list: "extensions" },
      { name: "context", label: "in context", list: "contexts" },
      { name: "callerid", label: "Shown as", optional: true },
    ];
    this.form = makeForm(view, fields, "Call", (values) =>
      view.order({ what: "call", label: `Call ${values.dest}`, args: {} }, values),
    );
    this.form.addEventListener("focusin", () => view.fillLists());
    this.add(this.form);
  }

  exists() {
    return this.store.can("call");
  }
}

/** The last events. */
class Events extends Section {
  constructor(view) {
    super(view, "events", "Events", ["events"]);
    this.name = this.channel = "";
    this.held = null;
    this.table = this.addTable({
      label: "Events, the newest first",
      sort: "-time",
      empty: "No events since this panel was opened.",
      rows: () => this.rows(),
      columns: [
        { id: "time", label: "Time", text: (row) => CLOCK.format(row.time * 1000), order: (row) => row.n },
        { id: "event", label: "Event", text: (row) => row.name },
        { id: "channel", label: "Channel", text: (row) => channelOf(row.headers) },
        { id: "says", label: "Says", text: (row) => says(row.headers) },
      ],
      open: (row, target) =>
        this.view.popup.details(row.name, Object.entries(row.headers), { ...target, alive: () => true }),
    });
    this.addFilter("Event name", (text) => this.filter("name", text));
    this.addFilter("Channel", (text) => this.filter("channel", text));
    if (this.store.readonly) this.holdWhileLookedAt();
    else this.addPause();
  }

  addPause() {
    const button = make("button", { type: "button", "aria-pressed": "false", text: "Pause" });
    button.addEventListener("click", () => {
      this.hold(!this.held);
      setAttribute(button, "aria-pressed", String(Boolean(this.held)));
      setText(button, this.held ? "Go on" : "Pause");
    });
    this.tools.append(button);
  }

  /** Without a button, stand still below the mouse, and while the keyboard is in it. */
  holdWhileLookedAt() {
    const { element } = this.table;
    const look = ({ type, relatedTarget }) => {
      if (type === "focusout" && element.contains(relatedTarget)) return; // from row to row
      this.hold(element.matches(":hover, :has(:focus-visible)"));
    };
    for (const kind of ["mouseenter", "mouseleave", "focusin", "focusout"]) element.addEventListener(kind, look);
  }

  exists() {
    return true;
  }

  filter(what, text) {
    this[what] = text.trim().toLowerCase();
    this.changed = true;
    this.view.redraw(this);
  }

  hold(on) {
    if (on === Boolean(this.held)) return;
    this.held = on ? [...this.store.events] : null;
    this.changed = true;
    this.view.redraw(this);
  }

  rows() {
    return (this.held || this.store.events)
      .filter((event) => event.name.toLowerCase().includes(this.name))
      .filter((event) => !this.channel || channelOf(event.headers).toLowerCase().includes(this.channel))
      .map((event) => ({ key: String(event.n), row: event }));
  }

  drawMore() {
    const leftOut = this.store.leftOut
      ? `, ${NUMBER.format(this.store.leftOut)} more came too fast to show`
      : "";
    const last = this.store.events.length < EVENTS_KEPT ? "" : `the last ${EVENTS_KEPT}`;
    setText(this.note, this.held ? "paused" : last + leftOut);
  }
}

/** The channel that an event is about: the first, where several have a part in it. */
function channelOf(headers) {
  return known(headers.Channel ?? headers[Object.keys(headers).find((name) => name.endsWith("Channel"))]);
}

/** What an event is about, in short. */
function says(headers) {
  const pick = (...names) =>
    names.map((name) => headers[name]).filter((value) => value && value !== "<unknown>");
  const found = pick(
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
  );
  return found.slice(0, 4).join("  ");
}

// --- a view --------------------------------------------------------------------------------------

/** One panel on the page. */
class View {
  constructor(store, parent) {
    this.store = store;
    this.uid = `ast-${store.id}-${++counter}`;
    this.visible = false;
    this.frame = 0;
    this.root = make("div", {
      class: "ast-panel",
      "data-lm-suppress-shortcuts": "true",
      role: "region",
      "aria-label": "PBX",
    });
    this.popup = new Popup(this);
    this.lists = Object.fromEntries(
      ["devices", "extensions", "contexts"].map((name) => [
        name,
        make("datalist", { id: this.listId(name) }),
      ]),
    );
    this.live = make("p", { class: "ast-sr", "aria-live": "polite" });
    this.told = make("p", { class: "ast-told", hidden: true });
    this.build();
    parent.append(this.root);
    this.watch();
  }

  build() {
    this.connection = new Connection(this);
    const calls = new Channels(this);
    const middle = [new Queues(this), new Conferences(this), new Parking(this)];
    const events = new Events(this);
    const side = [new Devices(this), new Mailboxes(this), new Items(this), new Trunks(this)];
    if (!this.store.readonly) side.push(new Call(this));
    this.sections = [this.connection, calls, ...middle, events, ...side];
    const column = (name, sections) => make("div", { class: name }, ...sections.map((one) => one.element));
    const main = this.store.wall
      ? [column("ast-main-column", [calls, events]), column("ast-middle-column", middle)]
      : [column("ast-main-column", [calls, ...middle, events])];
    this.root.append(
      this.connection.element,
      this.told,
      this.live,
      make("div", { class: "ast-columns" }, ...main, column("ast-side-column", side)),
      ...Object.values(this.lists),
      this.popup.element,
    );
    this.mark(null);
  }

  // --- whether it is looked at

  watch() {
    this.onScreen = false;
    this.seen = new IntersectionObserver((entries) => this.intersected(entries), { rootMargin: "80px" });
    for (const section of this.sections) this.seen.observe(section.element);
    this.sizes = new ResizeObserver(() =>
      this.sections.forEach((section) => section.tables.forEach((table) => table.resized())),
    );
    this.sizes.observe(this.root);
    this.turned = () => this.look();
    this.left = () => this.leave();
    document.addEventListener("visibilitychange", this.turned);
    window.addEventListener("pagehide", this.left);
    window.addEventListener("pageshow", this.turned);
  }

  intersected(entries) {
    for (const entry of entries) entry.target.section.onScreen = entry.isIntersecting;
    this.look();
    this.schedule();
  }

  look() {
    this.setVisible(!document.hidden && this.sections.some((section) => section.onScreen));
  }

  leave() {
    this.setVisible(false);
  }

  setVisible(visible) {
    if (visible === this.visible) return;
    this.visible = visible;
    this.store.look();
    if (visible) this.mark(null);
  }

  close() {
    this.seen.disconnect();
    this.sizes.disconnect();
    document.removeEventListener("visibilitychange", this.turned);
    window.removeEventListener("pagehide", this.left);
    window.removeEventListener("pageshow", this.turned);
    cancelAnimationFrame(this.frame);
    clearTimeout(this.telling);
    this.popup.close(false);
    this.visible = false;
    this.root.remove();
  }

  // --- drawing

  /** Take note of what changed; null for everything. */
  mark(changed) {
    for (const section of this.sections) {
      if (changed === null || section.needs.some((name) => changed.has(name)))
        section.dirty = section.changed = true;
    }
    if (changed === null || changed.has("silent") || changed.has("connection") || this.mayAppear(changed))
      this.showExistence();
    this.schedule();
  }

  mayAppear(changed) {
    return this.sections.some(
      (section) =>
        section.needs.some((name) => changed.has(name)) && section.element.hidden === section.exists(),
    );
  }

  showExistence() {
    for (const section of this.sections) section.showExistence();
    this.root.classList.toggle("ast-wall", this.store.wall);
    const acting = this.store.can("hangup");
    if (acting !== this.acting) {
      this.acting = acting;
      for (const section of this.sections) section.dirty = section.changed = true;
    }
  }

  redraw(section) {
    section.dirty = true;
    this.schedule();
  }

  tick() {
    for (const section of this.sections) section.dirty ||= section.ticks;
    this.schedule();
  }

  schedule() {
    if (this.visible && !this.frame) this.frame = requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.frame = 0;
    for (const section of this.sections) {
      if (section.dirty && section.onScreen && !section.element.hidden) section.draw();
    }
    this.popup.check();
  }

  activeElement() {
    return this.root.getRootNode().activeElement;
  }

  // --- what is to be done

  /** Do an action: after a question, or a form, where it has one. */
  perform(action, target) {
    if (!action) return;
    if (action.fields) this.popup.form(action, target);
    else if (action.ask) this.popup.question(action, target);
    else {
      this.popup.close();
      this.order(action, {});
    }
  }

  order(action, values) {
    let waits = setTimeout(
      () => this.tell(`${action.label}: waiting for the kernel, which runs a cell perhaps…`),
      ANSWER_PATIENCE,
    );
    this.store.order(action.what, { ...action.args, ...values }, (done) => {
      clearTimeout(waits);
      this.tell(done.text, !done.ok);
      if (action.done) action.done(done);
    });
  }

  /** Say what became of a button, for all to read. */
  tell(text, bad = false) {
    this.told.hidden = false;
    setText(this.told, text);
    setAttribute(this.told, "data-bad", bad ? "yes" : null);
    this.announce(text);
    clearTimeout(this.telling);
    this.telling = setTimeout(() => (this.told.hidden = true), bad ? 3 * TOLD : TOLD);
  }

  /** Say something to who listens instead of looking. */
  announce(text) {
    setText(this.live, text);
  }

  // --- completion

  listId(name) {
    return `${this.uid}-${name}`;
  }

  /** Put what is known into the lists that fields complete from. */
  fillLists() {
    const devices = [...this.store.parts.devices.values()];
    const channels = [...this.store.parts.channels.values()];
    const words = {
      devices: devices.map((row) => row.device),
      extensions: devices.map((row) => row.extension || row.device.split("/")[1]),
      contexts: [...channels, ...devices].map((row) => row.context),
    };
    for (const [name, list] of Object.entries(words)) {
      const options = [...new Set(list)].filter(Boolean).sort(NATURAL.compare).slice(0, 500);
      this.lists[name].replaceChildren(...options.map((value) => make("option", { value })));
    }
  }
}

// --- what anywidget calls ------------------------------------------------------------------------

/** The stores of this page, by the names of their panels. */
const stores = new Map();

export default {
  initialize({ model }) {
    const name = model.get("name");
    const store = new Store(model);
    stores.set(name, store);
    return () => {
      store.close();
      stores.delete(name);
    };
  },

  render({ model, el }) {
    const store = stores.get(model.get("name"));
    const view = new View(store, el);
    store.views.add(view);
    return () => {
      view.close();
      store.views.delete(view);
      store.look();
    };
  },
};
