/** The callers who wait for a call, and the button that calls them back. */

/** @import { UnreturnedRow } from "../messages.d.ts" */
/** @import { Host } from "../types.d.ts" */

import { ofPbx, onPbx, Section, those } from "../section.js";
import { party } from "../text.js";

export class Unreturned extends Section {
  /** @param {Host} view */
  constructor(view) {
    super(view, "unreturned", "Who waits for a call", ["unreturned"], true);
    this.addTable("unreturned", {
      sort: "first",
      rows: () => this.entries(this.rowsOf("unreturned")),
      quick: (row) => this.callBack(row),
      actions: (row) => those(this.callBackBy(row)),
    });
  }

  /**
   * Call back from the telephone of whoever sits here; ask for it where it is not known.
   * @param {UnreturnedRow} row
   */
  callBack(row) {
    const mine = this.view.telephone(row.pbx);
    if (!mine.source || !mine.context) return this.callBackBy(row);
    const ask = row.caution ? `${row.dial} is ${row.caution}. Call back from ${mine.source}?` : undefined;
    return this.calling(row, { source: mine.source, context: mine.context, dest: row.dial }, { ask });
  }

  /**
   * Call back after a form, in which telephone and number can be changed.
   * @param {UnreturnedRow} row
   */
  callBackBy(row) {
    const { source, context } = this.view.telephone(row.pbx);
    return this.calling(
      row,
      {},
      {
        fields: [
          { name: "source", label: "My telephone", list: "devices", value: source },
          { name: "dest", label: row.caution ? `Number: ${row.caution}` : "Number", value: row.dial },
          { name: "context", label: "in context", list: "contexts", value: context },
        ],
      },
    );
  }

  /**
   * @param {UnreturnedRow} row
   * @param {Record<string, string>} args
   * @param {Partial<import("../types.d.ts").Action>} more
   */
  calling(row, args, more) {
    if (!row.dial) return null;
    const name = `Call back ${party(row.caller, row.caller_name)}${onPbx(row)}`;
    return this.action("call", "Call back", { ...args, ...ofPbx(row) }, { name, ...more });
  }
}
