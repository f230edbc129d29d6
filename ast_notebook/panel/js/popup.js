/** A menu, a question, a form or a list of details, beside the element that it belongs to. */

/** @import { Action, Field, Host, Opener, Target } from "./types.d.ts" */

import { make, setAttribute } from "./dom.js";
import { makeForm } from "./form.js";

const DOUBLE_CLICK = 250; // ms in which a second click is no answer to a question
const SECOND_CLICK = 500; // ms in which a second click belongs to the first

/** @implements {Opener} */
export class Popup {
  /** @param {Host} view */
  constructor(view) {
    this.view = view;
    /** @type {Target | null} */
    this.about = null;
    this.opened = 0;
    this.left = 0; // when one of its buttons, or a key, closed it
    /** @type {HTMLTableRowElement | null} */
    this.row = null;
    this.element = make("div", {
      class: "ast-popup",
      popover: "manual",
      keydown: (event) => this.walk(event),
    });
    this.escaped = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      this.close();
    };
    this.outside = (/** @type {PointerEvent} */ event) => {
      if (!event.composedPath().includes(this.element)) this.close(false);
    };
  }

  /**
   * @param {Target} target
   * @param {"menu" | "dialog"} role
   * @param {string} label
   * @param {...HTMLElement} content
   */
  show(target, role, label, ...content) {
    this.close(false);
    this.about = target;
    this.opened = Date.now();
    this.row = target.anchor.closest("tr");
    if (this.row) this.row.dataset.open = "yes";
    setAttribute(this.element, "role", role);
    setAttribute(this.element, "aria-label", label);
    this.element.replaceChildren(...content);
    this.element.showPopover();
    this.place(target.anchor.getBoundingClientRect());
    /** @type {HTMLElement | null} */
    const first = this.element.querySelector("[autofocus], input, button, [tabindex]");
    first?.focus({ preventScroll: true });
    document.addEventListener("pointerdown", this.outside, true);
    document.addEventListener("keydown", this.escaped, true); // a notebook may have taken the keyboard
  }

  /**
   * Place it below its element, or above if there is no room below.
   * @param {DOMRect} anchor
   */
  place(anchor) {
    this.element.style.top = this.element.style.left = "0"; // there, it is as large as it wants to be
    const { width, height } = this.element.getBoundingClientRect();
    const below = anchor.bottom + 4;
    const top = below + height > innerHeight ? Math.max(4, anchor.top - height - 4) : below;
    const left = Math.min(Math.max(4, anchor.right - width), Math.max(4, innerWidth - width - 4));
    this.element.style.top = `${top}px`;
    this.element.style.left = `${left}px`;
  }

  /** @param {boolean} back whether the keyboard's focus goes back to its row */
  close(back = true) {
    const target = this.about;
    if (!target) return;
    this.about = null;
    if (this.row) delete this.row.dataset.open;
    document.removeEventListener("pointerdown", this.outside, true);
    document.removeEventListener("keydown", this.escaped, true);
    this.element.hidePopover();
    this.element.replaceChildren();
    if (!back) return;
    this.left = Date.now();
    if (target.back) target.back();
    else target.anchor.focus();
  }

  /**
   * Keep the second click of a double click on a button of a popup from what was below the popup.
   * @param {MouseEvent} event
   */
  shield(event) {
    if (event.detail < 2 || Date.now() - this.left > SECOND_CLICK) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Close it if its row is gone. */
  check() {
    if (!this.about || this.about.alive()) return;
    this.view.tell(`${this.about.title} is gone.`);
    this.close(false);
  }

  /**
   * Move through a menu by keys.
   * @param {KeyboardEvent} event
   */
  walk(event) {
    if (this.element.getAttribute("role") !== "menu") return;
    const items = [...this.element.querySelectorAll("button")];
    const place = items.indexOf(/** @type {HTMLButtonElement} */ (this.view.activeElement()));
    /** @type {Record<string, number>} */
    const steps = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: items.length - 1 };
    if (event.key === "Tab") this.close();
    if (!(event.key in steps)) return;
    event.preventDefault();
    items[(steps[event.key] + items.length) % items.length].focus();
  }

  /**
   * Offer the actions of a row.
   * @param {Action[]} actions
   * @param {Target} target
   */
  menu(actions, target) {
    const item = (/** @type {string} */ text, /** @type {() => void} */ click) =>
      make("button", { type: "button", role: "menuitem", tabindex: "-1", text, click });
    const items = actions.map((action) =>
      item(action.ask || action.fields ? `${action.label}…` : action.label, () =>
        this.view.perform(action, target),
      ),
    );
    items.push(item("Details", () => this.details(target.title, Object.entries(target.row), target)));
    this.show(target, "menu", `Actions for ${target.title}`, ...items);
  }

  /**
   * Ask once whether an action is really meant.
   * @param {Action} action
   * @param {string} ask
   * @param {Target} target
   */
  question(action, ask, target) {
    const yes = make("button", {
      type: "button",
      class: "ast-danger",
      text: action.label,
      autofocus: true,
      click: () => Date.now() - this.opened > DOUBLE_CLICK && this.finish(action, {}),
    });
    const buttons = make("div", { class: "ast-buttons" }, yes, this.makeClose("Cancel"));
    this.show(target, "dialog", ask, make("p", { text: ask }), buttons);
  }

  /**
   * Ask for the values that an action needs.
   * @param {Action} action
   * @param {Field[]} fields
   * @param {Target} target
   */
  form(action, fields, target) {
    this.view.fillLists(action.args.pbx);
    const form = makeForm(
      (name) => this.view.listId(name),
      fields,
      action.label,
      (values) => this.finish(action, values),
      this.makeClose("Cancel"),
    );
    const title = `${action.label}: ${target.title}`;
    this.show(target, "dialog", title, make("p", { text: title }), form);
  }

  /**
   * @param {Action} action
   * @param {Record<string, string>} values
   */
  finish(action, values) {
    this.close();
    this.view.order(action, values);
  }

  /**
   * Show names and values.
   * @param {string} title
   * @param {[string, unknown][]} pairs
   * @param {Target} target
   */
  details(title, pairs, target) {
    const list = make("dl", { tabindex: "0", "aria-label": title });
    for (const [name, value] of pairs) {
      if (value === null || value === "") continue;
      list.append(make("dt", { text: name }), make("dd", { text: String(value) }));
    }
    const content = [make("p", { text: title }), list];
    if (!this.view.store.readonly)
      content.push(make("div", { class: "ast-buttons" }, this.makeClose("Close")));
    this.show(target, "dialog", title, ...content);
  }

  /** @param {string} text */
  makeClose(text) {
    return make("button", { type: "button", text, click: () => this.close() });
  }
}
