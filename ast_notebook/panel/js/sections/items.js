/** The items; those that may be set here are switches and fields. */

/** @import { ItemRow } from "../messages.d.ts" */
/** @import { Host } from "../types.d.ts" */

import { make, setAttribute, setText } from "../dom.js";
import { Section } from "../section.js";
import { itemWords } from "../states.js";
import { age, known } from "../text.js";

export class Items extends Section {
  /** @param {Host} view */
  constructor(view) {
    super(view, "items", "Items", ["items"], true);
    const table = this.addTable("items", {
      sort: "path",
      rows: () => this.entries(this.store.items),
      own: {
        path: { title: (row) => row.name },
        value: { text: (row) => itemWords(row), draw: (cell, row) => this.drawValue(cell, row) },
        age: {
          className: "ast-number",
          text: (row) => this.age(row),
          title: (row) => `by ${row.by}`,
          order: (row) => row.read ?? row.changed,
        },
      },
    });
    this.addFilter("Filter items", (text) => table.setFilter(text));
  }

  exists() {
    return this.store.items.size > 0;
  }

  /** @param {ItemRow} row */
  age(row) {
    return row.read ? `read ${age(this.since(row.read))}` : age(this.since(row.changed));
  }

  /**
   * @param {HTMLElement} cell
   * @param {ItemRow} row
   */
  drawValue(cell, row) {
    const { store } = this;
    const { state } = (row.pbx && store.tables.pbxs.get(row.pbx)) || store.connection;
    const reaches = !row.db || state === "connected";
    const kind = !store.readonly && store.live && !store.absence && reaches ? row.can : "";
    if (cell.dataset.kind !== kind) {
      cell.dataset.kind = kind;
      cell.replaceChildren(this.makeControl(kind, row.path));
    }
    const control = /** @type {HTMLElement} */ (cell.firstElementChild);
    if (kind === "switch") {
      setAttribute(control, "aria-checked", String(row.value === true));
      setText(/** @type {HTMLElement} */ (control.lastElementChild), itemWords(row));
    } else if (control instanceof HTMLInputElement) {
      if (control !== this.view.activeElement() && !control.dataset.waiting) control.value = known(row.value);
    } else {
      setText(control, itemWords(row));
    }
  }

  /**
   * @param {string} kind
   * @param {string} path
   */
  makeControl(kind, path) {
    if (kind === "switch") {
      const button = make(
        "button",
        {
          type: "button",
          role: "switch",
          "aria-label": path,
          click: () => this.set(button, path, this.store.items.get(path)?.value !== true),
        },
        make("i"),
        make("span"),
      );
      return button;
    }
    if (kind !== "edit") return make("span");
    const input = make("input", {
      "aria-label": path,
      change: () => this.set(input, path, input.value),
      keydown: (event) => this.pressed(event, input, path),
    });
    return input;
  }

  /**
   * @param {KeyboardEvent} event
   * @param {HTMLInputElement} input
   * @param {string} path
   */
  pressed(event, input, path) {
    if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault(); // JupyterLab takes the key, so it would not end the change
      input.blur();
      input.focus();
    }
    if (event.key !== "Escape") return;
    input.value = known(this.store.items.get(path)?.value);
    event.stopPropagation();
  }

  /**
   * @param {HTMLElement} control
   * @param {string} path
   * @param {string | boolean} value
   */
  set(control, path, value) {
    control.dataset.waiting = "yes";
    const done = () => {
      delete control.dataset.waiting;
      this.refresh();
    };
    this.view.order({ what: "item", label: `Set ${path}`, args: { path, value }, done }, {});
  }
}
