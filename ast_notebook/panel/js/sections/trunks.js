/** The trunks that the PBX registers with. */

/** @import { Host } from "../types.d.ts" */

import { drawState } from "../lamp.js";
import { Section } from "../section.js";
import { known } from "../text.js";

export class Trunks extends Section {
  /** @param {Host} view */
  constructor(view) {
    super(view, "trunks", "Trunks", ["registrations"]);
    this.addTable("registrations", {
      sort: "trunk",
      rows: () => this.entries(this.rowsOf("registrations")),
      own: {
        state: {
          draw: (cell, row) => {
            const state = known(row.state);
            drawState(cell, /^registered$/i.test(state) ? "NOT_INUSE" : "INVALID", state);
          },
        },
      },
    });
  }
}
