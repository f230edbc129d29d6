/** The PBXs of a panel of several: how each of them is connected, and a search over all of them. */

/** @import { PbxRow } from "../messages.d.ts" */
/** @import { Host } from "../types.d.ts" */

import { drawState } from "../lamp.js";
import { Section } from "../section.js";
import { CONNECTION_LAMPS, versionNumber } from "../states.js";
import { age, sentence } from "../text.js";

export class Pbxs extends Section {
  /** @param {Host} view */
  constructor(view) {
    super(view, "pbxs", "PBXs", ["pbxs"], true);
    this.addTable("pbxs", {
      sort: "pbx",
      rows: () => this.entries(this.rowsOf("pbxs")),
      own: {
        version: { text: (row) => versionNumber(row.version), title: (row) => row.version },
        state: {
          text: (row) => this.words(row),
          title: (row) => (row.error && row.state !== "connected" ? sentence(row.error) : ""),
          draw: (cell, row) => drawState(cell, CONNECTION_LAMPS[row.state], this.words(row)),
        },
      },
    });
    this.addFilter("Search all PBXs", (text) => view.seek(text));
  }

  exists() {
    return this.store.several;
  }

  /** @param {PbxRow} row */
  words(row) {
    if (row.state === "lost" && row.lost_since) return `lost ${age(this.since(row.lost_since))} ago`;
    if (row.state === "connected" && row.stale) return "connected, asking how things stand";
    return row.state;
  }

  /** The search is not for the PBXs themselves. */
  setSearch() {}
}
