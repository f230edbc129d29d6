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
      (values) => this.submit(values),
    );
    this.form.addEventListener("focusin", () => view.fillLists(this.choice?.value));
    if (this.choice) this.form.prepend(make("label", {}, make("span", { text: "On PBX" }), this.choice));
    this.add(this.form);
  }

  /** @param {Record<string, string>} values */
  submit(values) {
    const args = this.args();
    if (this.store.can("call", args.pbx))
      this.view.order({ what: "call", label: `Call ${values.dest}`, args }, values);
    else this.view.tell(`${args.pbx} makes no call now: nothing was done.`, true);
  }

  /** What was typed and chosen, as a text that shows whether this has changed. */
  typed() {
    return JSON.stringify([this.choice?.value, ...FIELDS.map(({ name }) => this.field(name).value)]);
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

  /** Offer the PBXs that make calls. The one that was chosen stays, since a call must not go to another. */
  drawMore() {
    if (!this.choice) return;
    const { value } = this.choice;
    const able = this.able().map(String);
    const names = value && !able.includes(value) ? [...able, value] : able;
    const texts = names.map((name) => (able.includes(name) ? name : `${name} (no calls now)`));
    const shown = Array.from(this.choice.options, (one) => one.text);
    if (texts.join() === shown.join()) return;
    this.choice.replaceChildren(
      ...names.map((name, place) => make("option", { value: name, text: texts[place] })),
    );
    if (value) this.choice.value = value;
  }
}
