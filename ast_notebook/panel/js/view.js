/** One panel on the page: its sections, what is drawn when, and what its buttons do. */

/** @import { Scalar } from "./messages.d.ts" */
/** @import { Store, Watcher } from "./store.js" */
/** @import { Action, Drawn, Host, ListName, Target } from "./types.d.ts" */
/** @import { Section } from "./section.js" */

import { make, setAttribute, setText } from "./dom.js";
import { Popup } from "./popup.js";
import { Press } from "./press.js";
import { Repeats } from "./repeats.js";
import { Call } from "./sections/call.js";
import { Channels } from "./sections/channels.js";
import { Conferences } from "./sections/conferences.js";
import { Connection } from "./sections/connection.js";
import { Devices } from "./sections/devices.js";
import { Events } from "./sections/events.js";
import { Items } from "./sections/items.js";
import { Mailboxes } from "./sections/mailboxes.js";
import { Parking } from "./sections/parking.js";
import { Pbxs } from "./sections/pbxs.js";
import { Queues } from "./sections/queues.js";
import { Replay } from "./sections/replay.js";
import { Trunks } from "./sections/trunks.js";
import { Unreturned } from "./sections/unreturned.js";
import { known, NATURAL } from "./text.js";

const ANSWER_DELAY = 1_500; // ms that a button waits before it says so
const TOLD = 8_000; // ms that the result of a button stands
const OPTIONS = 500; // options that a list has at most
/** @type {ListName[]} */
const LISTS = ["devices", "extensions", "contexts"];

let views = 0;

/**
 * @implements {Host}
 * @implements {Watcher}
 */
export class View {
  /**
   * @param {Store} store
   * @param {HTMLElement} parent
   */
  constructor(store, parent) {
    this.store = store;
    this.place = takePlace();
    const name = `PBX ${known(store.connection.name)}`;
    this.uid = `ast-${store.id}-${++views}`;
    this.visible = false;
    this.frame = 0;
    this.powers = ""; // what could be done when buttons were drawn
    this.appearing = true; // whether a section may have to come or go
    /** @type {{text: string, bad: boolean} | null} */
    this.words = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.telling = undefined;
    this.root = make("div", {
      class: "ast-panel",
      role: "region",
      "aria-label": this.place === 1 ? name : `${name}, panel ${this.place}`,
    });
    this.press = new Press(this.root, () => this.schedule());
    this.popup = new Popup(this);
    this.repeats = new Repeats();
    this.root.addEventListener("focusin", keepKeys, true);
    this.root.addEventListener("click", (event) => this.popup.shield(event), true);
    this.lists = LISTS.map((name) => ({ name, element: make("datalist", { id: this.listId(name) }) }));
    this.hiding = make("style", { text: hidingRule(store.name) });
    this.live = make("p", { class: "ast-sr", "aria-live": "polite" });
    this.told = make("p", { class: "ast-told", hidden: true });
    /** @type {Section[]} */
    this.sections = this.build();
    this.showExistence();
    parent.append(this.root);
    this.seen = new IntersectionObserver((entries) => this.intersected(entries), { rootMargin: "80px" });
    this.sizes = new ResizeObserver(() => this.resized());
    this.turned = () => this.look();
    this.left = () => this.setVisible(false);
    this.watch();
  }

  /** Put the sections where they belong, and return them. */
  build() {
    const { readonly, wall } = this.store;
    const connection = new Connection(this);
    const replay = new Replay(this);
    const several = this.store.several ? [new Pbxs(this)] : [];
    const calls = new Channels(this);
    const middle = [new Unreturned(this), new Queues(this), new Conferences(this), new Parking(this)];
    const events = new Events(this);
    /** @type {Section[]} */
    const side = [new Devices(this), new Mailboxes(this), new Items(this), new Trunks(this)];
    this.call = readonly ? null : new Call(this);
    if (this.call) side.push(this.call);
    const column = (/** @type {string} */ name, /** @type {Section[]} */ sections) =>
      make("div", { class: name }, ...sections.map((one) => one.element));
    const main = wall
      ? [column("ast-main-column", [...several, calls, events]), column("ast-middle-column", middle)]
      : [column("ast-main-column", [...several, calls, ...middle, events])];
    this.root.append(
      connection.element,
      replay.element,
      this.hiding,
      this.told,
      this.live,
      make("div", { class: "ast-columns" }, ...main, column("ast-side-column", side)),
      ...this.lists.map((list) => list.element),
      this.popup.element,
    );
    return [connection, replay, ...several, calls, ...middle, events, ...side];
  }

  // --- whether it is looked at

  watch() {
    for (const section of this.sections) this.seen.observe(section.element);
    this.sizes.observe(this.root);
    document.addEventListener("visibilitychange", this.turned);
    window.addEventListener("pagehide", this.left);
    window.addEventListener("pageshow", this.turned);
  }

  /** @param {IntersectionObserverEntry[]} entries */
  intersected(entries) {
    for (const { target, isIntersecting } of entries) {
      const section = this.sections.find((one) => one.element === target);
      if (section) section.onScreen = isIntersecting;
    }
    this.look();
    this.schedule();
  }

  resized() {
    for (const section of this.sections) for (const table of section.tables) table.resized();
  }

  look() {
    this.setVisible(!document.hidden && this.sections.some((section) => section.onScreen));
  }

  /** @param {boolean} visible */
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
    this.press.close();
    this.popup.close(false);
    this.visible = false;
    takenPlaces().delete(this.place);
    this.root.remove();
  }

  // --- drawing

  /**
   * Take note of what changed; null for everything.
   * @param {Set<string> | null} changed
   */
  mark(changed) {
    for (const section of this.sections) {
      if (changed === null || section.needs.some((name) => changed.has(name)))
        section.dirty = section.changed = true;
    }
    this.appearing ||=
      changed === null ||
      ["silent", "connection", "pbxs"].some((name) => changed.has(name)) ||
      this.mayAppear(changed);
    this.schedule();
  }

  /** @param {Set<string>} changed */
  mayAppear(changed) {
    return this.sections.some(
      (section) =>
        section.needs.some((name) => changed.has(name)) && section.element.hidden === section.exists(),
    );
  }

  showExistence() {
    this.appearing = false;
    for (const section of this.sections) section.showExistence();
    this.root.classList.toggle("ast-wall", this.store.wall);
    this.root.classList.toggle("ast-several", this.store.several);
    const powers = this.store.powers();
    if (powers === this.powers) return;
    this.powers = powers;
    for (const section of this.sections) section.dirty = section.changed = true;
  }

  /** @param {Drawn} section */
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

  /** Draw what has to be drawn; while a button is held down on the panel, nothing moves below the mouse. */
  draw() {
    this.frame = 0;
    if (this.press.isDown) return;
    if (this.appearing) this.showExistence();
    this.drawTold();
    for (const section of this.sections) {
      if (section.dirty && section.onScreen && !section.element.hidden) section.draw();
    }
    this.popup.check();
  }

  activeElement() {
    const root = this.root.getRootNode();
    return root instanceof Document || root instanceof ShadowRoot ? root.activeElement : null;
  }

  // --- what is to be done

  /**
   * Do an action, after a question or a form if it has one.
   * @param {Action | null} action
   * @param {Target} target
   */
  perform(action, target) {
    if (!action) return;
    if (action.fields) this.popup.form(action, action.fields, target);
    else if (action.ask) this.popup.question(action, action.ask, target);
    else {
      this.popup.close();
      this.order(action, {});
    }
  }

  /**
   * @param {Action} action
   * @param {Record<string, Scalar>} values
   */
  order(action, values) {
    const args = { ...action.args, ...values };
    if (!this.repeats.begin(action.what, args)) return;
    const waits = setTimeout(
      () => this.tell(`${action.label}: waiting for the kernel, which may be running a cell…`),
      ANSWER_DELAY,
    );
    const typed = this.call?.typed();
    this.store.order(action.what, args, (done) => {
      clearTimeout(waits);
      this.repeats.end(action.what, args);
      if (done.ok && action.what === "call" && this.call?.typed() === typed) this.call?.keep(args);
      if (done.text) this.tell(done.text, !done.ok);
      if (action.done) action.done(done);
    });
  }

  /**
   * Say what the result of a button is, for all to read.
   * @param {string} text
   * @param {boolean} bad
   */
  tell(text, bad = false) {
    this.announce(text);
    this.setWords({ text, bad });
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.setWords(null), bad ? 3 * TOLD : TOLD);
  }

  /** @param {{text: string, bad: boolean} | null} words */
  setWords(words) {
    this.words = words;
    this.schedule();
  }

  drawTold() {
    this.told.hidden = !this.words;
    if (!this.words) return;
    setText(this.told, this.words.text);
    setAttribute(this.told, "data-bad", this.words.bad ? "yes" : null);
  }

  /**
   * Say something to people who use a screen reader.
   * @param {string} text
   */
  announce(text) {
    setText(this.live, text);
  }

  /** @param {string} [pbx] of several, the one that it is on */
  telephone(pbx) {
    return this.call?.telephone(pbx) ?? { source: "", context: "" };
  }

  /** @param {string} text */
  seek(text) {
    for (const section of this.sections) section.setSearch(text.trim().toLowerCase());
  }

  // --- completion

  /** @param {ListName} name */
  listId(name) {
    return `${this.uid}-known-${name}`;
  }

  /**
   * Put what is known into the lists that fields complete from.
   * @param {string} [pbx] the PBX that it is for, if there are several
   */
  fillLists(pbx) {
    const devices = [...this.store.tables.devices.values()].filter((row) => row.pbx === pbx);
    const channels = [...this.store.tables.channels.values()].filter((row) => row.pbx === pbx);
    const words = {
      devices: devices.map((row) => row.device),
      extensions: devices.map((row) => row.extension || row.device.split("/")[1]),
      contexts: [...channels, ...devices].map((row) => row.context),
    };
    for (const { name, element } of this.lists) {
      const options = [...new Set(words[name])].filter(Boolean).sort(NATURAL.compare).slice(0, OPTIONS);
      element.replaceChildren(...options.map((value) => make("option", { value })));
    }
  }
}

/**
 * Keep the keys from a notebook, where X cuts a cell and D, D deletes one. JupyterLab looks for this mark from
 * the focused element outward, and its shortcuts match that element first, so it has to be there.
 * @param {FocusEvent} event
 */
function keepKeys({ target }) {
  if (target instanceof HTMLElement) target.setAttribute("data-lm-suppress-shortcuts", "true");
}

/** The numbers of the panels on this page, each of which has a copy of this module. @returns {Set<number>} */
function takenPlaces() {
  const page = /** @type {{astPanels?: Set<number>}} */ (globalThis);
  page.astPanels ??= new Set();
  return page.astPanels;
}

/** The least number that no panel on this page has: a screen reader cannot tell two of one name apart. */
function takePlace() {
  const taken = takenPlaces();
  let place = 1;
  while (taken.has(place)) place++;
  taken.add(place);
  return place;
}

/**
 * The style that hides a notebook's picture beside the live panel, and the output that it is in.
 * @param {string} name the panel's
 */
function hidingRule(name) {
  const picture = `[data-ast-picture="${CSS.escape(name)}"]`;
  return `${picture}, .jp-OutputArea-child:has(${picture}) {display: none}`;
}
