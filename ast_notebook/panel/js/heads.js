/** The heads of a table's columns. */

/** @import { Column } from "./types.d.ts" */

import { make } from "./dom.js";
import { classOf } from "./row.js";

/**
 * The head of a column, which sorts the table: its button does or, on a page without buttons, the head
 * itself.
 * @param {Column<any>} column
 * @param {boolean} readonly whether there are no buttons
 * @param {() => void} sort
 */
export function makeHead(column, readonly, sort) {
  const pressed = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault(); // Space would scroll the page
    sort();
  };
  return make(
    "th",
    {
      scope: "col",
      role: "columnheader",
      class: classOf(column),
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

/** The head of the column of buttons. */
export function makeActionsHead() {
  const words = make("span", { class: "ast-sr", text: "Actions" });
  return make("th", { scope: "col", role: "columnheader", class: "ast-actions" }, words);
}
