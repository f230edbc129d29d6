/** One row of a table: its cells and buttons, drawn only where they differ. */

/** @import { Column, Entry, TableOptions } from "./types.d.ts" */

import { make, setAttribute, setText } from "./dom.js";
import { whole } from "./text.js";

/** @template Row */
export class TableRow {
  /**
   * @param {string} key
   * @param {Column<Row>[]} columns
   * @param {TableOptions<Row>} options
   * @param {boolean} acting whether it has buttons
   */
  constructor(key, columns, options, acting) {
    this.columns = columns;
    this.cells = columns.map((column, number) => {
      const more = { class: classOf(column), "data-label": column.label };
      return number === 0
        ? make("th", { scope: "row", role: "rowheader", ...more })
        : make("td", { role: "cell", ...more });
    });
    /** @type {string[]} */
    this.texts = [];
    /** @type {string[]} */
    this.titles = [];
    this.choose = options.quick;
    this.quick =
      acting && options.quick
        ? make("button", { type: "button", "data-act": "quick", tabindex: "-1" })
        : null;
    const more = acting && options.actions ? makeMore() : null;
    const acts = acting ? make("td", { role: "cell", class: "ast-actions" }, this.quick, more) : null;
    this.element = make("tr", { role: "row", tabindex: "-1" }, ...this.cells, acts);
    this.element.dataset.key = key;
  }

  /**
   * @param {Entry<Row>} entry
   * @param {boolean} isCurrent whether the keyboard comes to it
   * @param {number | null} index its number, if the page has only a part of the table
   */
  draw({ row, place }, isCurrent, index) {
    setAttribute(this.element, "tabindex", isCurrent ? "0" : "-1");
    setAttribute(this.element, "data-place", place || null);
    setAttribute(this.element, "aria-rowindex", index === null ? null : String(index));
    for (const [number, column] of this.columns.entries()) this.drawCell(number, column, row);
    if (this.quick && this.choose) this.drawQuick(this.quick, this.choose(row));
  }

  /**
   * @param {number} number
   * @param {Column<Row>} column
   * @param {Row} row
   */
  drawCell(number, column, row) {
    const cell = this.cells[number];
    const text = column.text(row);
    if (column.draw) {
      column.draw(cell, row);
    } else if (this.texts[number] !== text) {
      this.texts[number] = text;
      cell.textContent = text;
    }
    const title = column.title ? whole(text, column.title(row)) : cell.title && text;
    if ((this.titles[number] || "") !== title) {
      this.titles[number] = title;
      cell.title = title;
    }
  }

  /**
   * @param {HTMLButtonElement} button
   * @param {{label: string, name?: string} | null} action
   */
  drawQuick(button, action) {
    button.hidden = !action;
    if (action) {
      setText(button, action.label);
      setAttribute(button, "aria-label", action.name || action.label);
    }
  }
}

/**
 * The class of a column's cells, by which a narrower page leaves some columns out.
 * @param {Column<any>} column
 */
export const classOf = ({ className = "", near }) => `${className}${near ? " ast-near" : ""}`.trim() || null;

function makeMore() {
  return make("button", {
    type: "button",
    "data-act": "menu",
    tabindex: "-1",
    "aria-haspopup": "menu",
    text: "⋯",
    title: "More actions",
    "aria-label": "More actions",
  });
}
