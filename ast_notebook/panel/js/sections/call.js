/** The form that makes a call. */

/** @import { Field, Host } from "../types.d.ts" */

import { makeForm } from "../form.js";
import { Section } from "../section.js";

/** @type {Field[]} */
const FIELDS = [
  { name: "source", label: "From device", list: "devices" },
  { name: "dest", label: "To extension", list: "extensions" },
  { name: "context", label: "in context", list: "contexts" },
  { name: "callerid", label: "Shown as", optional: true },
];

export class Call extends Section {
  /** @param {Host} view */
  constructor(view) {
    super(view, "call", "Call", []);
    const form = makeForm(
      (name) => view.listId(name),
      FIELDS,
      "Call",
      (values) => view.order({ what: "call", label: `Call ${values.dest}`, args: {} }, values),
    );
    form.addEventListener("focusin", () => view.fillLists());
    this.add(form);
  }

  exists() {
    return this.store.can("call");
  }
}
