/** The channels, those of one call together. */

/** @import { ChannelRow } from "../messages.d.ts" */
/** @import { Field, Host } from "../types.d.ts" */

import { labelOf } from "../columns.js";
import { setText } from "../dom.js";
import { drawState } from "../lamp.js";
import { calleeOf, callerOf } from "../parties.js";
import { ofPbx, onPbx, Section, those } from "../section.js";
import { channelLamp, channelWords } from "../states.js";
import { callOf } from "../store.js";
import { count } from "../text.js";

/** @param {ChannelRow} row */
const bridgeOf = (row) => (row.pbx ? `${row.pbx} ${row.bridge}` : row.bridge);

export class Channels extends Section {
  /** @param {Host} view */
  constructor(view) {
    super(view, "channels", "Calls", ["channels"], true);
    /** @type {Map<string, ChannelRow[]>} */
    this.bridges = new Map();
    const table = this.addTable("channels", {
      label: `${labelOf("channels")}, those of one call together`,
      className: "ast-calls",
      sort: "since",
      empty: "No calls.",
      rows: () => this.rows(),
      own: {
        device: { title: (row) => row.channel },
        state: {
          text: (row) => channelWords(row),
          draw: (cell, row) => drawState(cell, channelLamp(row), channelWords(row)),
        },
        caller: { text: (row) => callerOf(row) },
        callee: { text: (row) => calleeOf(row) },
        application: { title: (row) => (row.exten ? `${row.exten}@${row.context}` : "") },
        with: { text: (row) => this.others(row) },
      },
      quick: (row) => this.hangUp(row),
      actions: (row) => this.actions(row),
    });
    this.addFilter("Filter calls", (text) => table.setFilter(text));
  }

  exists() {
    return true;
  }

  rows() {
    this.bridges = new Map();
    const channels = [...this.rowsOf("channels").values()];
    this.element.classList.toggle(
      "ast-some-bad",
      channels.some((row) => row.bad),
    );
    for (const row of channels) {
      if (!row.bridge) continue;
      const there = this.bridges.get(bridgeOf(row));
      if (there) there.push(row);
      else this.bridges.set(bridgeOf(row), [row]);
    }
    return this.entries(this.rowsOf("channels"), callOf);
  }

  /** @param {ChannelRow} row */
  others(row) {
    const there = row.bridge ? this.bridges.get(bridgeOf(row)) || [] : [];
    return there
      .filter((one) => one !== row)
      .map((one) => one.device || one.channel)
      .join(", ");
  }

  drawMore() {
    const channels = count(this.rowsOf("channels").size, "channel");
    setText(this.note, `${count(this.store.calls(), "call")}, ${channels}`);
  }

  /** @param {ChannelRow} row */
  actions(row) {
    const args = { channel: row.channel, uniqueid: row.uniqueid, ...ofPbx(row) };
    /** @type {Field[]} */
    const place = [
      { name: "exten", label: "To extension", list: "extensions" },
      { name: "context", label: "in context", list: "contexts", value: row.context },
    ];
    /** @type {Field[]} */
    const by = [{ name: "by", label: "From telephone", list: "devices" }];
    const rings = row.state === "Ringing" || row.state === "Down"; // moving it would end the call
    return those(
      this.hangUp(row),
      rings ? null : this.action("redirect", "Redirect", args, { fields: place }),
      row.bridge ? this.action("transfer", "Attended transfer", args, { fields: place }) : null,
      row.state === "Up"
        ? this.action("park", "Park", args, { ask: `Park ${row.channel}${onPbx(row)}?` })
        : null,
      this.action("record", "Record", args),
      this.action("stop_recording", "Stop recording", args),
      this.action("spy", "Listen", { ...args, mode: "listen" }, { fields: by }),
      this.action("spy", "Whisper", { ...args, mode: "whisper" }, { fields: by }),
      this.action("spy", "Barge in", { ...args, mode: "barge" }, { fields: by }),
    );
  }
}
