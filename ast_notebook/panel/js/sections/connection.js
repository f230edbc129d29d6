/** The connection, what is counted, and what is wrong. */

/** @import { ConnectionRow } from "../messages.d.ts" */
/** @import { Host } from "../types.d.ts" */

import { make, setAttribute, setProse, setText } from "../dom.js";
import { makeLamp, setLamp } from "../lamp.js";
import { Section } from "../section.js";
import { CONNECTION_LAMPS, versionNumber } from "../states.js";
import { age, CLOCK, DATE, known, NUMBER, sentence } from "../text.js";
import { Line } from "./line.js";

const FACTS = /** @type {const} */ ({
  calls: "calls",
  channels: "channels",
  rate: "events a second",
  kept: "events kept",
  dropped: "dropped",
  waiting: "callbacks waiting",
  failed: "failed",
});
const NOT_RECORDED =
  "Nothing was recorded at this moment: what is shown was so before, as far as it is known.";
const BAD = new Set(["dropped", "failed"]); // these counts are bad unless they are zero

/** @typedef {keyof typeof FACTS} Fact */

export class Connection extends Section {
  /** @param {Host} view */
  constructor(view) {
    super(view, "connection", "", ["connection", "concurrency", "channels", "pbxs"], true);
    this.lamp = makeLamp();
    this.name = make("span", { text: known(this.store.connection.name) || "PBX" });
    const title = make("h2", { id: this.title.id }, this.lamp, this.name);
    this.title.replaceWith(title);
    this.title = title;
    this.clock = make("span", { class: "ast-clock" });
    this.tools.replaceWith(this.clock);
    const names = /** @type {Fact[]} */ (Object.keys(FACTS));
    this.values = names.map((name) => ({ name, cell: make("dd") }));
    const facts = this.values.map(({ name, cell }) =>
      make("div", { "data-fact": name }, make("dt", { text: FACTS[name] }), cell),
    );
    this.line = new Line(this.store.several ? "calls of each PBX, summed," : "calls");
    this.banner = make("p", { class: "ast-banner", hidden: true });
    /** @type {string | null} */
    this.said = null;
    const strip = make("div", { class: "ast-strip" }, make("dl", { class: "ast-facts" }, ...facts));
    strip.append(this.line.element);
    this.add(strip, this.banner);
  }

  exists() {
    return true;
  }

  reason() {
    return "";
  }

  drawMore() {
    const { connection } = this.store;
    setLamp(this.lamp, (!this.store.absence && CONNECTION_LAMPS[connection.state ?? ""]) || "UNKNOWN");
    setText(this.name, known(connection.name) || "PBX");
    setText(this.note, this.about(connection));
    this.note.title = known(connection.version);
    if (this.store.wall) setText(this.clock, CLOCK.format(this.store.stands() * 1000));
    const counts = { ...connection, calls: this.store.calls(), channels: this.rowsOf("channels").size };
    for (const { name, cell } of this.values) {
      const value = counts[name] || 0;
      setText(cell, NUMBER.format(value));
      if (BAD.has(name) && cell.parentElement)
        setAttribute(cell.parentElement, "data-bad", value ? "yes" : null);
    }
    this.drawBanner();
    this.line.draw(this.store.points, this.store.now() / 1000, this.current(counts.calls));
  }

  /**
   * The present calls, for the line. It adds up the calls of all PBXs, so a call on two of them counts twice.
   * @param {number} calls
   */
  current(calls) {
    if (!this.store.several) return calls;
    return [...this.rowsOf("pbxs").values()].reduce((sum, row) => sum + row.calls, 0);
  }

  /** @param {Partial<ConnectionRow>} connection */
  about(connection) {
    if (this.store.replay) return "A replay: nothing is sent, and orders are held back";
    const parts = [connection.address];
    const version = versionNumber(connection.version);
    if (version) parts.push(`Asterisk ${version}`);
    if (connection.up_date) parts.push(`up since ${connection.up_date} ${connection.up_time} by its clock`);
    if (connection.since) parts.push(`connected for ${age(this.since(connection.since))}`);
    return parts.filter(Boolean).join(" · ");
  }

  drawBanner() {
    const text = this.trouble();
    const short = text.replace(/\d+\s(s|min|h|d)\b/g, "…");
    if (short !== this.said) {
      if (this.said !== null || text)
        this.view.announce(text || (this.store.replay ? "It is recorded here." : "The connection is back."));
      this.said = short;
    }
    this.banner.hidden = !text;
    setProse(this.banner, text);
    this.view.root.classList.toggle("ast-stale", Boolean(text));
  }

  /** What is wrong, in a line; empty if nothing is. */
  trouble() {
    const { store } = this;
    const { connection } = store;
    const at = DATE.format(store.taken * 1000);
    if (store.closed) return `Closed. This is the state of ${at}.`;
    if (store.absence) return `${store.absence.why} This is the state of ${at}.`;
    if (store.isQuiet()) {
      const quiet = age((Date.now() - store.heard) / 1000);
      return (
        `No word from the kernel for ${quiet}: it is gone, or the page is offline. ` +
        `This is the state of ${at}.`
      );
    }
    if (!store.live) return `The state of ${at}: waiting for the kernel.`;
    if (connection.state === "closed") return `Disconnected. This is the state of ${at}.`;
    const lost = [...store.tables.pbxs.values()].filter((row) => row.state !== "connected");
    if (connection.state === "connected" && lost.length)
      return `No connection with ${lost.map((row) => row.pbx).join(" and ")}: their rows are old.`;
    if (connection.state !== "lost") {
      if (!connection.stale) return "";
      return store.replay ? NOT_RECORDED : "Connected: asking how things stand.";
    }
    if (store.several) return "No PBX is connected now: the list below tells why.";
    const now = store.now() / 1000;
    const wait = connection.next_try ? connection.next_try - now : 0;
    const next = wait > 0 ? `Next try in ${age(wait + 0.99)}.` : "Trying now.";
    const ago = connection.lost_since ? ` ${age(now - connection.lost_since)} ago` : "";
    return `Connection lost${ago}. ${next} ${sentence(known(connection.error))}`;
  }
}
