/**
 * A table whose rows are kept by key, sorted, filtered, and walked with the arrow keys. Of a long one
 * only the rows in view are in the page.
 */

/** @import { Entry, Host, TableOptions, Target } from "./types.d.ts" */

import { arrange, inView, places, ROW_HEIGHT, WINDOW_FROM } from "./arrange.js";
import { make, setAttribute, setText, within } from "./dom.js";
import { makeActionsHead, makeHead } from "./heads.js";
import { TableRow } from "./row.js";
import { known } from "./text.js";

/** @template {object} Row */
export class DataTable {
  /**
   * @param {Host} view
   * @param {TableOptions<Row>} options
   * @param {() => void} redraw has it drawn in the next frame
   */
  constructor(view, options, redraw) {
    this.view = view;
    this.options = options;
    this.redraw = redraw;
    this.columns = options.columns.filter((column) => !(column.near && view.store.wall));
    this.sort = options.sort.replace("-", "");
    this.down = options.sort.startsWith("-");
    this.filter = "";
    this.search = ""; // the words that all tables are searched for
    /** @type {Entry<Row>[]} */
    this.entries = [];
    /** @type {Map<string, number>} */
    this.index = new Map();
    /** @type {Map<string, TableRow<Row>>} */
    this.shown = new Map();
    /** @type {string | null} */
    this.current = null;
    this.rowHeight = 0;
    /** @type {number | null} */
    this.wantedTop = null;
    /** @type {HTMLTableRowElement[]} */
    this.gaps = [];
    this.acting = Boolean(options.actions || options.quick) && !view.store.readonly;
    this.heads = this.columns.map((column) =>
      makeHead(column, view.store.readonly, () => this.sortBy(column.id)),
    );
    this.body = make("tbody", {
      role: "rowgroup",
      click: (event) => this.clicked(event),
      keydown: (event) => this.pressed(event),
      focusin: (event) => this.focused(event),
    });
    const head = make("tr", { role: "row" }, ...this.heads, this.acting ? makeActionsHead() : null);
    this.table = make(
      "table",
      {
        role: "table",
        "aria-label": options.label,
        class: options.className,
        pointerover: (event) => this.hovered(event),
      },
      make("thead", { role: "rowgroup" }, head),
      this.body,
    );
    this.empty = make("p", { class: "ast-quiet", hidden: true });
    this.scroller = make("div", { class: "ast-scroll" }, this.table);
    this.scroller.addEventListener("scroll", redraw, { passive: true });
    this.element = make("div", {}, this.scroller, this.empty);
    this.showSort();
  }

  /** @param {string} id */
  sortBy(id) {
    this.down = this.sort === id && !this.down;
    this.sort = id;
    this.showSort();
    this.arrange();
    this.redraw();
  }

  showSort() {
    for (const head of this.heads) {
      const sorted = head.dataset.column === this.sort;
      setAttribute(head, "aria-sort", sorted ? (this.down ? "descending" : "ascending") : null);
    }
  }

  /** @param {string} text */
  setFilter(text) {
    this.filter = text.trim().toLowerCase();
    this.arrange();
    this.redraw();
  }

  /** @param {string} text what some cell of a row has to have, besides the filter */
  setSearch(text) {
    this.search = text;
    this.arrange();
    this.redraw();
  }

  // --- the order of the rows

  /** Put the rows in order; after a change of the data, the filter or the sorting. */
  arrange() {
    const anchor = this.anchor();
    const column = this.columns.find((one) => one.id === this.sort) || this.columns[0];
    const words = [this.filter, this.search].filter(Boolean);
    const matches = words.length
      ? (/** @type {Row} */ row) => words.every((one) => this.matches(row, one))
      : null;
    this.entries = arrange(this.options.rows(), column, this.down, matches);
    this.index = new Map(this.entries.map((entry, place) => [entry.key, place]));
    if (this.current !== null && !this.index.has(this.current)) this.current = null;
    if (anchor) this.hold(anchor.key, anchor.rest);
  }

  /**
   * @param {Row} row
   * @param {string} words
   */
  matches(row, words) {
    const { channel } = /** @type {{channel?: string}} */ (row);
    return (
      this.columns.some((column) => column.text(row).toLowerCase().includes(words)) ||
      known(channel).toLowerCase().includes(words)
    );
  }

  get isWindowed() {
    return this.entries.length > WINDOW_FROM;
  }

  /** The row at the upper edge, which is to stay there. */
  anchor() {
    const top = this.scroller.scrollTop;
    if (!this.isWindowed || !this.rowHeight || !top) return null;
    const place = Math.min(this.entries.length - 1, Math.floor(top / this.rowHeight));
    return { key: this.entries[place].key, rest: top - place * this.rowHeight };
  }

  /**
   * Keep a row where it was.
   * @param {string} key
   * @param {number} rest
   */
  hold(key, rest) {
    const place = this.index.get(key);
    if (this.isWindowed && place !== undefined) this.wantedTop = place * this.rowHeight + rest;
  }

  // --- drawing

  draw() {
    const total = this.entries.length;
    this.drawEmpty(total);
    setAttribute(this.table, "aria-rowcount", this.isWindowed ? String(total + 1) : null);
    setAttribute(this.table, "data-windowed", this.isWindowed ? "yes" : null);
    if (this.current === null && total) this.current = this.entries[0].key;
    const wanted = this.places(total);
    const keys = new Set(wanted.map((place) => this.entries[place].key));
    const focus = this.view.activeElement();
    for (const [key, shown] of this.shown) {
      if (keys.has(key)) continue;
      shown.element.remove();
      this.shown.delete(key);
    }
    this.putRows(wanted, total);
    this.restoreFocus(focus);
    if (this.wantedTop !== null) {
      if (Math.abs(this.scroller.scrollTop - this.wantedTop) >= 1) this.scroller.scrollTop = this.wantedTop;
      this.wantedTop = null;
    }
    if (!this.rowHeight && this.isWindowed) this.measure();
  }

  /** @param {number} total */
  drawEmpty(total) {
    const text = this.filter || this.search ? "Nothing matches the filter." : this.options.empty || "";
    this.empty.hidden = total > 0 || !text;
    this.scroller.hidden = total === 0;
    setText(this.empty, text);
  }

  /**
   * The places of the rows that have to be in the page.
   * @param {number} total
   */
  places(total) {
    if (!this.isWindowed) return places([0, total], undefined);
    const height = this.rowHeight || ROW_HEIGHT;
    const top = this.wantedTop ?? this.scroller.scrollTop;
    const range = inView(total, top / height, (this.scroller.clientHeight || 400) / height);
    return places(range, this.current === null ? undefined : this.index.get(this.current));
  }

  /**
   * Put rows in their order; one that stands right is not touched, so that focus and selection stay.
   * @param {number[]} wanted
   * @param {number} total
   */
  putRows(wanted, total) {
    for (const gap of this.gaps) gap.remove();
    let next = this.body.firstChild;
    let expected = 0;
    let gaps = 0;
    const fill = (/** @type {number} */ rows) => {
      if (rows > 0) this.body.insertBefore(this.gap(gaps++, rows), next);
    };
    for (const place of wanted) {
      fill(place - expected);
      const element = this.drawRow(place);
      if (element === next) next = element.nextSibling;
      else this.body.insertBefore(element, next);
      expected = place + 1;
    }
    fill(total - expected);
  }

  /**
   * An empty row that stands for those out of view.
   * @param {number} number
   * @param {number} rows
   */
  gap(number, rows) {
    const colspan = this.columns.length + (this.acting ? 1 : 0);
    this.gaps[number] ||= make("tr", { "aria-hidden": "true", class: "ast-gap" }, make("td", { colspan }));
    this.gaps[number].cells[0].style.height = `${rows * (this.rowHeight || ROW_HEIGHT)}px`;
    return this.gaps[number];
  }

  /** @param {number} place */
  drawRow(place) {
    const entry = this.entries[place];
    let shown = this.shown.get(entry.key);
    if (!shown) {
      shown = new TableRow(entry.key, this.columns, this.options, this.acting);
      this.shown.set(entry.key, shown);
    }
    shown.draw(entry, entry.key === this.current, this.isWindowed ? place + 2 : null);
    return shown.element;
  }

  measure() {
    const row = this.body.querySelector("tr:not(.ast-gap)");
    const height = row ? row.getBoundingClientRect().height : 0;
    if (height && Math.abs(height - this.rowHeight) > 0.5) {
      this.rowHeight = height;
      this.redraw();
    }
  }

  /** The rows may have another height now. */
  resized() {
    if (this.isWindowed && this.rowHeight) this.measure();
  }

  /** @param {Element | null} element */
  restoreFocus(element) {
    if (!(element instanceof HTMLElement) || element === this.view.activeElement()) return;
    if (this.body.contains(element)) element.focus({ preventScroll: true });
  }

  // --- the keyboard and the mouse

  /**
   * Show all of a text that is cut off.
   * @param {PointerEvent} event
   */
  hovered(event) {
    const cell = within(event, "tr > *");
    const column = cell instanceof HTMLTableCellElement && this.columns[cell.cellIndex];
    if (!column || (column.title && cell.closest("tbody"))) return;
    setAttribute(cell, "title", cell.scrollWidth > cell.clientWidth ? cell.textContent : null);
  }

  /** @param {FocusEvent} event */
  focused(event) {
    const row = within(event, "tr[data-key]");
    const key = row?.dataset.key;
    if (!row || key === undefined || key === this.current) return;
    const before = this.current === null ? null : this.shown.get(this.current);
    if (before) setAttribute(before.element, "tabindex", "-1");
    this.current = key;
    setAttribute(row, "tabindex", "0");
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const row = within(event, "tr[data-key]");
    if (!row?.dataset.key || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = /** @type {Element} */ (event.target);
    const height = row.offsetHeight || ROW_HEIGHT;
    const page = Math.max(1, Math.floor(this.scroller.clientHeight / height) - 1);
    /** @type {Record<string, number>} */
    const steps = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: Number.NEGATIVE_INFINITY,
      End: Number.POSITIVE_INFINITY,
    };
    const place = this.index.get(row.dataset.key);
    if (event.key in steps && target.tagName !== "INPUT" && place !== undefined) {
      event.preventDefault();
      this.move(place + steps[event.key]);
    } else if (event.key === "Enter" && target === row) {
      event.preventDefault();
      this.open(row.dataset.key, row);
    }
  }

  /** @param {number} place */
  move(place) {
    const bounded = Math.max(0, Math.min(place, this.entries.length - 1));
    const { key } = this.entries[bounded];
    if (!this.shown.has(key)) {
      this.current = key;
      this.scroller.scrollTop = Math.max(0, bounded * this.rowHeight - this.scroller.clientHeight / 2);
      this.draw();
    }
    const element = this.shown.get(key)?.element;
    element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** @param {MouseEvent} event */
  clicked(event) {
    const row = within(event, "tr[data-key]");
    const button = within(event, "button[data-act]");
    const key = row?.dataset.key;
    if (!row || key === undefined) return;
    if (!button) {
      if (this.options.open && !String(document.getSelection())) this.open(key, row);
      return;
    }
    const entry = this.entry(key);
    if (entry && button.dataset.act === "quick" && this.options.quick)
      this.view.perform(this.options.quick(entry.row), this.target(entry, button));
    else this.open(key, button);
  }

  /** @param {string} key */
  entry(key) {
    const place = this.index.get(key);
    return place === undefined ? null : this.entries[place];
  }

  /**
   * Open the menu or the details of a row.
   * @param {string} key
   * @param {HTMLElement} anchor
   */
  open(key, anchor) {
    const entry = this.entry(key);
    if (!entry) return;
    const actions = this.options.actions ? this.options.actions(entry.row) : [];
    const target = this.target(entry, anchor);
    if (this.options.open) this.options.open(entry.row, target);
    else if (actions.length > 0) this.view.popup.menu(actions, target);
    else this.view.popup.details(target.title, Object.entries(entry.row), target);
  }

  /**
   * The title of a row, with its PBX if there are several.
   * @param {Row} row
   */
  title(row) {
    const { pbx } = /** @type {{pbx?: string}} */ (row);
    return [this.columns[0].text(row), pbx && `on ${pbx}`].filter(Boolean).join(" ");
  }

  /**
   * The row that a popup belongs to, its element, and whether the row is still there.
   * @param {Entry<Row>} entry
   * @param {HTMLElement} anchor
   * @returns {Target}
   */
  target(entry, anchor) {
    return {
      anchor,
      title: this.title(entry.row),
      row: entry.row,
      alive: () => this.index.has(entry.key),
      back: () => {
        const place = this.index.get(entry.key);
        if (place !== undefined) this.move(place);
      },
    };
  }
}
