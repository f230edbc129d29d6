/** The mailboxes. */

/** @import { ItemRow, MailboxRow } from "../messages.d.ts" */
/** @import { Host } from "../types.d.ts" */

import { setText } from "../dom.js";
import { Section } from "../section.js";
import { count, known } from "../text.js";

export class Mailboxes extends Section {
  /** @param {Host} view */
  constructor(view) {
    super(view, "mailboxes", "Mailboxes", ["mailboxes", "items"]);
    /** @type {number | null} */
    this.messages = null;
    this.addTable("mailboxes", {
      sort: "mailbox",
      rows: () => this.entries(this.rowsOf("mailboxes")),
      own: {
        mailbox: { title: (row) => this.itemsOf(row) },
        name: { text: (row) => known(row.name) || this.itemsOf(row) },
        new: { className: "ast-number ast-new" },
      },
    });
  }

  exists() {
    return this.rowsOf("mailboxes").size > 0;
  }

  /** @param {MailboxRow} row */
  itemsOf(row) {
    const tied = (/** @type {ItemRow} */ item) =>
      item.box && item.pbx === row.pbx && (item.box === row.mailbox || `${item.box}@default` === row.mailbox);
    return [...this.store.items.values()]
      .filter(tied)
      .map((item) => item.path)
      .join(", ");
  }

  drawMore() {
    const boxes = [...this.rowsOf("mailboxes").values()];
    const messages = boxes.reduce((sum, box) => sum + (box.new ?? 0), 0);
    const more = boxes.some((box) => box.new === null) ? " or more" : "";
    setText(this.note, count(messages, "new message") + more);
    if (this.messages !== null && messages > this.messages)
      this.view.announce(`${count(messages, "new message")}${more} in all.`);
    this.messages = messages;
  }
}
