/**
 * A section of the panel, with its search field: shown only if the PBX has its subject, drawn only while it is on
 * the screen.
 */

/** @import { Action, Args, Column, Entry, Host, TableOptions } from "./types.d.ts" */
/** @import { TableMaps, StateTable } from "./store.js" */
/** @import { TableName } from "./columns.js" */

import { columnsOf, labelOf } from "./columns.js";
import { make, setProse } from "./dom.js";
import { DataTable } from "./table.js";
import { party, sentence } from "./text.js";

/**
 * @template {object} Row
 * @typedef {Omit<TableOptions<Row>, "columns" | "label"> & {label?: string,
 *   own?: Record<string, Partial<Column<Row>>>}} SectionTable what a section says of its table: `own` is
 *   what it knows of the columns beyond `tables.json`
 */

export class Section {
  /**
   * @param {Host} view
   * @param {string} id
   * @param {string} title
   * @param {string[]} needs the tables of the state that it shows
   * @param {boolean} ticks whether it shows ages
   */
  constructor(view, id, title, needs, ticks = false) {
    this.view = view;
    this.store = view.store;
    this.id = id;
    this.needs = needs;
    this.ticks = ticks;
    /** @type {DataTable<any>[]} */
    this.tables = [];
    this.dirty = true; // whether it is to be drawn
    this.changed = true; // whether its content changed, and not only an age
    this.onScreen = false;
    const heading = `${view.uid}-${id}`;
    /** @type {HTMLHeadingElement} */
    this.title = make("h3", { id: heading, text: title });
    this.note = make("span", { class: "ast-note" });
    this.tools = make("div", { class: "ast-tools" });
    this.silence = make("p", { class: "ast-quiet", hidden: true });
    this.element = make(
      "div", // a landmark would have the name of that of another panel on the page
      { class: `ast-section ast-${id}`, role: "group", "aria-labelledby": heading },
      make("header", { role: "none" }, this.title, this.note, this.tools),
      this.silence,
    );
  }

  /** @param {...Element} elements */
  add(...elements) {
    this.element.append(...elements);
  }

  /**
   * Add a view of a table of the state, or of the items.
   * @template {object} Row
   * @param {TableName} name
   * @param {SectionTable<Row>} options
   * @returns {DataTable<Row>}
   */
  addTable(name, { own, ...options }) {
    /** @type {Column<Row>[]} */
    const columns = columnsOf(name, (moment) => this.since(moment), own, this.store.several);
    return this.addTableOf({ label: labelOf(name), ...options, columns });
  }

  /**
   * Add a table.
   * @template {object} Row
   * @param {TableOptions<Row>} options
   * @returns {DataTable<Row>}
   */
  addTableOf(options) {
    const table = new DataTable(this.view, options, () => this.view.redraw(this));
    this.tables.push(table);
    this.add(table.element);
    return table;
  }

  /**
   * @param {string} label
   * @param {(text: string) => void} changed
   */
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

  /**
   * The rows of a table of the state.
   * @template {StateTable} Name
   * @param {Name} name
   * @returns {TableMaps[Name]}
   */
  rowsOf(name) {
    return this.store.tables[name];
  }

  /**
   * Rows of the state as entries of a table.
   * @template {object} Row
   * @param {Map<string, Row>} rows
   * @param {(row: Row, key: string) => string} [group]
   * @returns {Entry<Row>[]}
   */
  entries(rows, group) {
    return Array.from(rows, ([key, row]) => ({ key, row, group: group?.(row, key) }));
  }

  /** Whether the PBX has its subject. */
  exists() {
    return this.needs.some((name) => this.store.tables[/** @type {StateTable} */ (name)]?.size > 0);
  }

  /** Why nothing can be known of its subject. */
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

  /** Draw everything but the tables. */
  drawMore() {}

  /** Note that its content has changed and has to be drawn. */
  refresh() {
    this.changed = true;
    this.view.redraw(this);
  }

  /**
   * Seconds since a moment; while the kernel is silent, up to the last moment that is known.
   * @param {number | null | undefined} moment
   */
  since(moment) {
    return this.store.since(moment);
  }

  /** @param {string} text the words to search for in all sections */
  setSearch(text) {
    for (const table of this.tables) table.setSearch(text);
  }

  /**
   * An action, if the login may do it.
   * @param {string} what
   * @param {string} label
   * @param {Args} args
   * @param {Partial<Action>} more
   * @returns {Action | null}
   */
  action(what, label, args, more = {}) {
    return this.store.can(what, args.pbx) ? { what, label, args, ...more } : null;
  }

  /**
   * @param {{channel: string, uniqueid: string, caller: string, caller_name: string,
   *   device?: string, pbx?: string}} row
   */
  hangUp(row) {
    const who = party(row.caller, row.caller_name) || row.device || row.channel;
    const args = { channel: row.channel, uniqueid: row.uniqueid, ...ofPbx(row) };
    const ask = `Hang up ${row.channel} (${who})${onPbx(row)}?`;
    return this.action("hangup", "Hang up", args, { name: `Hang up ${row.channel}`, ask });
  }
}

/**
 * The argument by which an action names a row's PBX, if there are several.
 * @param {{pbx?: string}} row
 * @returns {{pbx?: string}}
 */
export const ofPbx = ({ pbx }) => (pbx === undefined ? {} : { pbx });

/**
 * The same in words.
 * @param {{pbx?: string}} row
 */
export const onPbx = ({ pbx }) => (pbx === undefined ? "" : ` on ${pbx}`);

/**
 * Those of the actions that exist.
 * @param {...(Action | null)} actions
 * @returns {Action[]}
 */
export const those = (...actions) => actions.filter((action) => action !== null);
