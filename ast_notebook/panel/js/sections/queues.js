/** The queues, who waits in them, and who works there. */

/** @import { AbsentRow, MemberRow, QueueRow } from "../messages.d.ts" */
/** @import { Host } from "../types.d.ts" */

import { drawState } from "../lamp.js";
import { ofPbx, onPbx, Section, those } from "../section.js";
import { memberLamp, memberWords } from "../states.js";
import { duration, known } from "../text.js";

const NUMBER_CLASS = "ast-number";

/** @typedef {MemberRow & {absent?: false}} Working */
/** @typedef {AbsentRow & {absent: true}} LoggedOut */
/** @typedef {Working | LoggedOut} Agent */

export class Queues extends Section {
  /** @param {Host} view */
  constructor(view) {
    super(view, "queues", "Queues", ["queues", "members", "absent", "callers"], true);
    this.addTable("queues", {
      sort: "queue",
      rows: () => this.entries(this.rowsOf("queues")),
      own: {
        queue: { title: (row) => row.strategy },
        waiting: {
          className: NUMBER_CLASS,
          text: (row) => String(this.waiting(row).length),
          order: (row) => this.waiting(row).length,
        },
        longest: {
          className: NUMBER_CLASS,
          text: (row) => {
            const longest = this.longest(row);
            return longest === null ? "" : duration(longest);
          },
          order: (row) => this.longest(row),
        },
      },
      quick: (row) => this.adding(row),
    });
    this.addTable("callers", {
      sort: "place",
      rows: () => this.entries(this.rowsOf("callers")),
      own: { place: { text: (row) => `${row.queue} ${known(row.position)}`.trim() } },
      quick: (row) => this.hangUp(row),
    });
    this.addTable("members", {
      sort: "agent",
      rows: () => this.agents(),
      own: {
        agent: { title: (row) => `${row.interface} ${row.state_interface}` },
        state: {
          text: (row) => memberWords(row),
          draw: (cell, row) => drawState(cell, memberLamp(row), memberWords(row)),
        },
      },
      quick: (row) => this.pausing(row),
      actions: (row) => those(this.pausing(row), this.leaving(row)),
    });
  }

  /** Who works in the queues, and who worked there and logged out, as rows that can log in again. */
  agents() {
    /** @type {import("../types.d.ts").Entry<Agent>[]} */
    const agents = this.entries(this.rowsOf("members"));
    for (const [key, row] of this.rowsOf("absent")) {
      if (this.rowsOf("queues").has(row.pbx ? `${row.pbx} ${row.queue}` : row.queue))
        agents.push({ key: `absent ${key}`, row: { ...row, absent: true } });
    }
    return agents;
  }

  /** @param {QueueRow} queue */
  waiting(queue) {
    return [...this.rowsOf("callers").values()].filter(
      (caller) => caller.queue === queue.queue && caller.pbx === queue.pbx,
    );
  }

  /**
   * Seconds that somebody waits in a queue; null if nobody does.
   * @param {QueueRow} queue
   */
  longest(queue) {
    const moments = this.waiting(queue).flatMap((caller) => caller.since || []);
    return moments.length ? this.since(Math.min(...moments)) : null;
  }

  /** @param {QueueRow} row */
  adding(row) {
    return this.action(
      "add",
      "Log in",
      { queue: row.queue, ...ofPbx(row) },
      {
        name: `Log in an agent to ${row.queue}${onPbx(row)}`,
        fields: [
          { name: "interface", label: "Device", list: "devices" },
          { name: "name", label: "Name", optional: true },
          { name: "state_interface", label: "State of", list: "devices", optional: true },
        ],
      },
    );
  }

  /** @param {Agent} row */
  pausing(row) {
    const args = { queue: row.queue, interface: row.interface, ...ofPbx(row) };
    const [who, place] = [row.agent, `${row.queue}${onPbx(row)}`];
    if (row.absent) {
      const { name, state_interface, penalty } = row;
      const before = { ...args, name, state_interface, ...(penalty === null ? {} : { penalty }) };
      return this.action("add", "Log in", before, { name: `Log in ${who} to ${place}` });
    }
    if (row.paused)
      return this.action("unpause", "Resume", args, { name: `Resume: let ${who} work in ${place}` });
    return this.action("pause", "Pause", args, {
      name: `Pause ${who} in ${place}`,
      fields: [{ name: "reason", label: "Reason", optional: true }],
    });
  }

  /** @param {Agent} row */
  leaving(row) {
    if (row.absent) return null;
    const args = { queue: row.queue, interface: row.interface, ...ofPbx(row) };
    const ask = `Log ${row.agent} out of ${row.queue}${onPbx(row)}?`;
    return this.action("remove", "Log out", args, { ask });
  }
}
