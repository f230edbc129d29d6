/** The devices as lamps, and the items that stand for devices; of many, those in view are in the page. */

/** @import { DeviceRow } from "../messages.d.ts" */
/** @import { Host } from "../types.d.ts" */

import { inView, WINDOW_FROM } from "../arrange.js";
import { make, setAttribute, setText } from "../dom.js";
import { makeLamp, setLamp } from "../lamp.js";
import { Section } from "../section.js";
import { isInUse, lampOf, stateWords } from "../states.js";
import { count, known, NATURAL, NUMBER } from "../text.js";

const DENSE_FROM = 24; // devices; on a wall, more than these are only lamps with names
const FILTER_FROM = 25; // devices; fewer need no filter

/** @typedef {Partial<DeviceRow> & {device: string, state: string}} Shown an item's device is not all known */

export class Devices extends Section {
  /** @param {Host} view */
  constructor(view) {
    super(view, "devices", "Devices", ["devices", "items"]);
    this.list = make("ul", { class: "ast-lamps", "aria-label": "Devices", tabindex: "0" });
    this.list.addEventListener("scroll", () => view.redraw(this), { passive: true });
    this.above = makeGap();
    this.below = makeGap();
    this.list.append(this.above, this.below);
    /** @type {Map<string, ReturnType<typeof makeShown>>} */
    this.lamps = new Map();
    /** @type {Map<string, Shown>} */
    this.rows = new Map();
    /** @type {Map<string, string[]>} */
    this.tied = new Map();
    /** @type {string[]} */
    this.sorted = [];
    this.filter = "";
    this.search = "";
    /** @type {string | null} */
    this.sortedFor = null;
    this.input = this.addFilter("Filter devices", (text) => {
      this.filter = text.trim().toLowerCase();
      this.refresh();
    });
    this.add(this.list);
  }

  exists() {
    return this.rowsOf("devices").size > 0 || this.itemsOfDevices().length > 0;
  }

  itemsOfDevices() {
    return [...this.store.items.values()].filter((item) => item.dev);
  }

  drawMore() {
    if (this.changed) this.collect();
    const { first, last, above, below } = this.inView();
    const wanted = this.sorted.slice(first, last);
    const kept = new Set(wanted);
    for (const [key, lamp] of this.lamps) {
      if (kept.has(key)) continue;
      lamp.element.remove();
      this.lamps.delete(key);
    }
    let next = this.above.nextSibling;
    wanted.forEach((key, place) => {
      const element = this.drawLamp(key, first + place);
      if (element === next) next = element.nextSibling;
      else this.list.insertBefore(element, next);
    });
    setAttribute(this.above, "style", above ? `height: ${above}px` : "display: none");
    setAttribute(this.below, "style", below ? `height: ${below}px` : "display: none");
  }

  /** The lamps in view: the first, the one behind the last, and the pixels above and below them. */
  inView() {
    const total = this.sorted.length;
    const sample = this.above.nextElementSibling;
    if (total <= WINDOW_FROM || !(sample instanceof HTMLElement) || sample === this.below)
      return { first: 0, last: Math.min(total, WINDOW_FROM), above: 0, below: 0 };
    const columns = getComputedStyle(this.list).gridTemplateColumns.split(" ").length;
    const height = sample.offsetHeight + 1;
    const lines = Math.ceil(total / columns);
    const { scrollTop, clientHeight } = this.list;
    const [from, to] = inView(lines, scrollTop / height, clientHeight / height);
    const last = Math.min(total, to * columns);
    return { first: from * columns, last, above: from * height, below: (lines - to) * height };
  }

  /** Gather the devices with the items that stand for them, also devices that only an item names. */
  collect() {
    /** @type {Map<string, Shown>} */
    const rows = new Map(this.rowsOf("devices"));
    const names = new Map();
    for (const [key, row] of rows) names.set(this.keyOf(row.pbx, row.device.split("/")[1]), key);
    this.tied = new Map();
    for (const { dev, pbx, path, value } of this.itemsOfDevices()) {
      const own = this.keyOf(pbx, dev);
      const key = rows.has(own) ? own : names.get(own) || own;
      if (!rows.has(key)) rows.set(key, { device: dev, pbx, state: value ? "INUSE" : "UNKNOWN" });
      this.tied.set(key, [...(this.tied.get(key) || []), path]);
    }
    const sought = `${this.filter} ${this.search}`;
    const same =
      rows.size === this.rows.size &&
      this.sortedFor === sought &&
      [...rows.keys()].every((key) => this.rows.has(key));
    this.rows = rows;
    if (!same || this.filter || this.search) {
      this.sortedFor = sought;
      const found = [...rows].filter(([key, row]) => this.matches(key, row));
      this.sorted = found.map(([key]) => key).sort(NATURAL.compare);
    }
    this.list.classList.toggle("ast-dense", this.store.wall && rows.size > DENSE_FROM);
    let up = 0;
    for (const row of rows.values()) up += Number(isInUse(row.state));
    this.input.hidden = rows.size < FILTER_FROM && !this.filter;
    setText(this.note, `${count(rows.size, "device")}, ${NUMBER.format(up)} in use`);
  }

  /**
   * The key of a device's row; if there are several PBXs, the name of its PBX comes first.
   * @param {string | undefined} pbx
   * @param {string} device
   */
  keyOf(pbx, device) {
    return this.store.several ? `${pbx} ${device}` : device;
  }

  /** @param {string} text */
  setSearch(text) {
    this.search = text;
    this.refresh();
  }

  /**
   * @param {string} key
   * @param {Shown} row
   */
  matches(key, row) {
    const tied = this.tied.get(key) || [];
    const words = [key, row.device, known(row.name), known(row.extension), tied, stateWords(row.state)];
    const text = words.join(" ").toLowerCase();
    return text.includes(this.filter) && text.includes(this.search);
  }

  /**
   * @param {string} key
   * @param {number} place
   */
  drawLamp(key, place) {
    const row = this.rows.get(key) || { device: key, state: "UNKNOWN" };
    let shown = this.lamps.get(key);
    if (!shown) {
      shown = makeShown();
      this.lamps.set(key, shown);
    }
    const { element } = shown;
    setAttribute(element, "aria-posinset", String(place + 1));
    setAttribute(element, "aria-setsize", String(this.sorted.length));
    setLamp(shown.lamp, row.state);
    setAttribute(element, "data-state", lampOf(row.state));
    setAttribute(element, "data-device", row.device);
    const isDense = this.list.classList.contains("ast-dense");
    const state = stateWords(row.state);
    setText(shown.name, row.name || (isDense && row.device.split("/")[1]) || row.device);
    setText(shown.device, row.name ? row.device : "");
    setText(shown.state, state);
    const more = this.more(key, row);
    setText(shown.more, more);
    setAttribute(element, "title", [row.device, row.name, state, more].filter(Boolean).join(" · "));
    return element;
  }

  /**
   * @param {string} key
   * @param {Shown} row
   */
  more(key, row) {
    const reach = row.reachable && row.reachable !== "Reachable" ? row.reachable.toLowerCase() : "";
    const parts = [
      known(row.pbx),
      row.extension && row.extension !== row.device.split("/")[1] ? `ext. ${row.extension}` : "",
      reach,
      row.rtt_ms ? `${row.rtt_ms < 10 ? row.rtt_ms.toFixed(1) : Math.round(row.rtt_ms)} ms` : "",
      ...(this.tied.get(key) || []),
    ];
    return parts.filter(Boolean).join(" · ");
  }
}

/** The empty room in place of the lamps that are out of view. */
const makeGap = () => make("li", { class: "ast-gap", "aria-hidden": "true" });

function makeShown() {
  const lamp = makeLamp();
  const [device, state] = [make("span"), make("span")];
  const [name, more] = [make("b"), make("small")];
  const words = make("div", {}, make("div", {}, name, device), make("div", {}, state, more));
  return { lamp, name, device, state, more, element: make("li", {}, lamp, words) };
}
