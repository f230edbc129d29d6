/** The parked calls. */

/** @import { Host } from "../types.d.ts" */

import { Section } from "../section.js";

export class Parking extends Section {
  /** @param {Host} view */
  constructor(view) {
    super(view, "parking", "Parked", ["parked"], true);
    this.addTable("parked", {
      sort: "space",
      rows: () => this.entries(this.rowsOf("parked")),
      own: { space: { title: (row) => row.lot } },
      quick: (row) => this.hangUp(row),
    });
  }
}
