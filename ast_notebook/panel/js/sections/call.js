/** The form that makes a call. */

/** @import { Field, Host } from "../types.d.ts" */

import { make } from "../dom.js";
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
    super(view, "call", "Call", ["pbxs"]);
    /** @type {HTMLSelectElement | null} */
    this.choice = this.store.several ? make("select", { name: "pbx" }) : null;
    this.form = makeForm(
      (name) => view.listId(name),
      FIELDS,
      "Call",
      (values) => view.order({ what: "call", label: `Call ${values.dest}`, args: this.args() }, values),
    );
    this.form.addEventListener("focusin", () => view.fillLists(this.choice?.value));
    if (this.choice) this.form.prepend(make("label", {}, make("span", { text: "On PBX" }), this.choice));
    this.add(this.form);
  }

  /**
   * The telephone of whoever sits here, as the fields tell it.
   * @param {string} [pbx] of several, the one that it is on
   */
  telephone(pbx) {
    if (this.choice && this.choice.value !== pbx) return { source: "", context: "" };
    return { source: this.field("source").value.trim(), context: this.field("context").value.trim() };
  }

  /**
   * Keep the telephone that somebody has called from.
   * @param {Record<string, import("../messages.d.ts").Scalar>} called
   */
  keep({ pbx, source, context }) {
    if (this.choice) this.choice.value = String(pbx);
    this.field("source").value = String(source);
    this.field("context").value = String(context);
  }

  /** @param {string} name */
  field(name) {
    return /** @type {HTMLInputElement} */ (this.form.elements.namedItem(name));
  }

  /** @returns {import("../types.d.ts").Args} */
  args() {
    return this.choice ? { pbx: this.choice.value } : {};
  }

  /** The PBXs that make calls; undefined is the only one. */
  able() {
    const names = this.store.several ? this.store.names() : [undefined];
    return names.filter((pbx) => this.store.can("call", pbx));
  }

  exists() {
    return this.able().length > 0;
  }

  drawMore() {
    const names = this.able().map(String);
    const known = Array.from(this.choice?.options ?? [], (one) => one.value);
    if (!this.choice || names.join() === known.join()) return;
    const { value } = this.choice;
    this.choice.replaceChildren(...names.map((text) => make("option", { value: text, text })));
    if (names.includes(value)) this.choice.value = value;
  }
}
