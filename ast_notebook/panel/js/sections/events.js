/** The last events. */

/** @import { EventRow } from "../messages.d.ts" */
/** @import { Host } from "../types.d.ts" */

import { PBX } from "../columns.js";
import { make, setAttribute, setText } from "../dom.js";
import { channelOf, says } from "../headers.js";
import { Section } from "../section.js";
import { EVENTS_KEPT } from "../store.js";
import { CLOCK, known, NUMBER } from "../text.js";

export class Events extends Section {
  /** @param {Host} view */
  constructor(view) {
    super(view, "events", "Events", ["events"]);
    this.sought = { name: "", channel: "" };
    /** @type {EventRow[] | null} */
    this.held = null;
    this.table = this.addTableOf({
      label: "Events, the newest first",
      sort: "-time",
      empty: "No events since this panel was opened.",
      rows: () => this.rows(),
      columns: [
        {
          id: "time",
          label: "Time",
          text: (row) => CLOCK.format(row.time * 1000),
          order: (row) => (row.pbx ? row.time : row.n), // each PBX's events have numbers of their own
        },
        ...(this.store.several ? [PBX] : []),
        { id: "event", label: "Event", text: (row) => row.name },
        { id: "channel", label: "Channel", text: (row) => channelOf(row.headers) },
        { id: "says", label: "Says", text: (row) => says(row.headers) },
      ],
      open: (row, target) =>
        view.popup.details(row.name, Object.entries(row.headers), { ...target, alive: () => true }),
    });
    this.addFilter("Event name", (text) => this.seek("name", text));
    this.addFilter("Channel", (text) => this.seek("channel", text));
    if (this.store.readonly) this.holdWhileLookedAt();
    else this.addPause();
  }

  addPause() {
    const button = make("button", { type: "button", "aria-pressed": "false", text: "Pause" });
    button.addEventListener("click", () => {
      this.hold(!this.held);
      setAttribute(button, "aria-pressed", String(Boolean(this.held)));
      setText(button, this.held ? "Go on" : "Pause");
    });
    this.tools.append(button);
  }

  /** On a page without buttons, hold the table while the mouse is over it or the keyboard is in it. */
  holdWhileLookedAt() {
    const { element } = this.table;
    const look = (/** @type {MouseEvent | FocusEvent} */ { type, relatedTarget }) => {
      const inside = relatedTarget instanceof Node && element.contains(relatedTarget);
      if (type === "focusout" && inside) return; // from row to row
      this.hold(element.matches(":hover, :has(:focus-visible)"));
    };
    for (const kind of /** @type {const} */ (["mouseenter", "mouseleave", "focusin", "focusout"]))
      element.addEventListener(kind, look);
  }

  exists() {
    return true;
  }

  /**
   * @param {"name" | "channel"} what
   * @param {string} text
   */
  seek(what, text) {
    this.sought[what] = text.trim().toLowerCase();
    this.refresh();
  }

  /** @param {boolean} on */
  hold(on) {
    if (on === Boolean(this.held)) return;
    this.held = on ? [...this.store.events] : null;
    this.refresh();
  }

  rows() {
    const { name, channel } = this.sought;
    return (this.held || this.store.events)
      .filter((event) => event.name.toLowerCase().includes(name))
      .filter((event) => !channel || channelOf(event.headers).toLowerCase().includes(channel))
      .map((event) => ({ key: `${event.n}${known(event.pbx)}`, row: event }));
  }

  drawMore() {
    const leftOut = this.store.leftOut
      ? `, ${NUMBER.format(this.store.leftOut)} more came too fast to show`
      : "";
    const last = this.store.events.length < EVENTS_KEPT ? "" : `the last ${EVENTS_KEPT}`;
    setText(this.note, this.held ? "paused" : last + leftOut);
  }
}
