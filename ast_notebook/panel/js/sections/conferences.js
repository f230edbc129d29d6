/** The conferences, and who takes part in them. */

/** @import { ParticipantRow } from "../messages.d.ts" */
/** @import { Host } from "../types.d.ts" */

import { setText } from "../dom.js";
import { ofPbx, onPbx, Section, those } from "../section.js";
import { participantWords } from "../states.js";
import { party } from "../text.js";

export class Conferences extends Section {
  /** @param {Host} view */
  constructor(view) {
    super(view, "conferences", "Conferences", ["conferences", "participants"], true);
    this.addTable("participants", {
      sort: "conference",
      rows: () => this.entries(this.rowsOf("participants")),
      own: { is: { text: (row) => participantWords(row) } },
      quick: (row) => this.muting(row),
      actions: (row) => those(this.muting(row), this.kicking(row)),
    });
  }

  drawMore() {
    const rooms = [...this.rowsOf("conferences").values()];
    const told = rooms.map(
      (room) => `${room.conference}${onPbx(room)}: ${room.parties ?? "?"}${room.locked ? ", locked" : ""}`,
    );
    setText(this.note, told.join(" · "));
  }

  /** @param {ParticipantRow} row */
  args(row) {
    return { conference: row.conference, channel: row.channel, uniqueid: row.uniqueid, ...ofPbx(row) };
  }

  /** @param {ParticipantRow} row */
  muting(row) {
    const who = party(row.caller, row.caller_name) || row.channel;
    return row.muted
      ? this.action("unmute", "Unmute", this.args(row), { name: `Unmute ${who}` })
      : this.action("mute", "Mute", this.args(row), { name: `Mute ${who}` });
  }

  /** @param {ParticipantRow} row */
  kicking(row) {
    const ask = `Put ${row.channel} out of ${row.conference}${onPbx(row)}?`;
    return this.action("kick", "Kick", this.args(row), { ask });
  }
}
