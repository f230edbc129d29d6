/** The time bar of a replay: where it is, and what moves it. */

/** @import { ReplayRow, Scalar } from "../messages.d.ts" */
/** @import { Host } from "../types.d.ts" */

import { make, setAttribute, setText, within } from "../dom.js";
import { submitByEnter } from "../form.js";
import { Section } from "../section.js";
import { DATE, known } from "../text.js";

const SPEEDS = [1, 2, 5, 10, 30, 60, 120, 300, 600];
const USUAL = 60;
/** How many seconds a key moves the replay. @type {Record<string, number>} */
const STEPS = {
  ArrowLeft: -10,
  ArrowRight: 10,
  ArrowDown: -60,
  ArrowUp: 60,
  PageDown: -600,
  PageUp: 600,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};
const GAPS_READ = 20; // gaps that are read out, at most

/** @param {number} moment in seconds */
const said = (moment) => DATE.format(moment * 1000);

export class Replay extends Section {
  /** @param {Host} view */
  constructor(view) {
    super(view, "replay", "Replay", ["replay"]);
    /** @type {number | null} the moment to which it goes, until it is there */
    this.wish = null;
    this.isAsking = false;
    this.isNext = false; // whether another wish came meanwhile
    /** @type {ReplayRow["gaps"] | null} */
    this.gaps = null;
    this.play = this.button("Play", () => this.toggle());
    this.play.className = "ast-main ast-play";
    this.speed = make("select", { "aria-label": "Speed", change: () => this.choose() });
    this.offer(...SPEEDS);
    this.speed.value = String(USUAL);
    this.nexts = [
      this.button("Next call", () => this.ask("replay_call", "Next call")),
      this.button("Next alarm", () => this.ask("replay_alarm", "Next alarm")),
    ];
    this.typed = make("input", {
      name: "moment",
      "aria-label": "Go to a time, such as 14:05 or 2026-11-27 14:05",
      placeholder: "14:05",
      required: true,
      autocomplete: "off",
      spellcheck: "false",
    });
    this.go = make("button", { type: "submit", text: "Go" });
    const form = make(
      "form",
      { class: "ast-go", keydown: submitByEnter, submit: (event) => this.submit(event) },
      this.typed,
      this.go,
    );
    const moves = make("div", { class: "ast-moves" }, this.play, this.speed, ...this.nexts, form);
    this.slider = make("input", {
      type: "range",
      min: 0,
      max: 1,
      step: "any",
      "aria-label": "Moment of the replay",
      input: () => this.drag(),
      change: () => this.seek(this.start + Number(this.slider.value)),
    });
    this.played = make("div", { class: "ast-played" });
    this.lost = make("div", { class: "ast-lost" });
    const track = make("div", { class: "ast-track", "aria-hidden": "true" }, this.played, this.lost);
    this.ends = [make("span"), make("span", { class: "ast-legend", text: "nothing recorded" }), make("span")];
    this.told = make("p", { class: "ast-sr" });
    const line = make("div", { class: "ast-time" }, track, this.slider);
    if (!this.store.readonly) this.add(moves);
    this.add(line, make("div", { class: "ast-ends" }, ...this.ends), this.told);
    this.note.className = "ast-present";
    this.element.addEventListener("keydown", (event) => this.press(event));
  }

  exists() {
    return this.store.replay !== null;
  }

  /**
   * @param {string} text
   * @param {() => void} click
   */
  button(text, click) {
    return make("button", { type: "button", text, click });
  }

  /** @param {...number} speeds */
  offer(...speeds) {
    for (const speed of speeds)
      this.speed.append(make("option", { value: speed, text: `${speed}×`, "aria-label": `${speed} times` }));
  }

  /** The first moment of the bar, in seconds. */
  get start() {
    return this.store.replay?.since ?? 0;
  }

  get isPlaying() {
    return this.store.replay !== null && this.store.replay.speed !== 0;
  }

  // --- what is shown

  drawMore() {
    const { replay } = this.store;
    if (!replay) return;
    const can = this.store.live && !this.store.closed && !this.store.absence && !this.store.readonly;
    for (const one of [this.play, this.speed, ...this.nexts, this.typed, this.go, this.slider])
      if (one.disabled === can) one.disabled = !can;
    setText(this.play, this.isPlaying ? "Pause" : "Play");
    this.drawSpeed(replay.speed);
    const length = Math.max(replay.until - replay.since, 1e-3);
    if (Number(this.slider.max) !== length) this.slider.max = String(length);
    const at = this.wish ?? this.store.now() / 1000;
    this.slider.value = String(at - replay.since);
    this.drawMoment(at);
    setText(this.ends[0], said(replay.since));
    setText(this.ends[2], said(replay.until));
    if (replay.gaps !== this.gaps) this.drawGaps(replay, length);
  }

  /** @param {number | null} speed */
  drawSpeed(speed) {
    if (!speed || this.view.activeElement() === this.speed) return; // somebody is choosing
    if (![...this.speed.options].some((one) => one.value === String(speed))) this.offer(speed);
    this.speed.value = String(speed);
  }

  /** @param {number} at */
  drawMoment(at) {
    const text = said(at);
    setText(this.note, text);
    setAttribute(this.slider, "aria-valuetext", text);
    const length = Number(this.slider.max);
    const part = Math.min(Math.max((at - this.start) / length, 0), 1);
    this.played.style.width = `${(100 * part).toFixed(2)}%`;
  }

  /**
   * @param {ReplayRow} replay
   * @param {number} length
   */
  drawGaps({ gaps, since }, length) {
    this.gaps = gaps;
    const parts = gaps.map(([begin, over]) => {
      const gap = make("div");
      gap.style.left = `${((100 * (begin - since)) / length).toFixed(3)}%`;
      gap.style.width = `${((100 * (over - begin)) / length).toFixed(3)}%`;
      return gap;
    });
    this.lost.replaceChildren(...parts);
    this.ends[1].hidden = !gaps.length;
    const read = gaps.slice(0, GAPS_READ).map(([begin, over]) => `from ${said(begin)} to ${said(over)}`);
    setText(this.told, read.length ? `Nothing is recorded ${read.join(", ")}.` : "");
  }

  // --- what moves it

  /**
   * Ask the kernel to move the replay.
   * @param {string} what
   * @param {string} label
   * @param {Record<string, Scalar>} args
   * @param {() => void} [done]
   */
  ask(what, label, args = {}, done = undefined) {
    this.view.order({ what, label, args, done }, {});
  }

  toggle() {
    if (this.isPlaying) this.ask("replay_pause", "Pause");
    else this.ask("replay_play", "Play", { speed: Number(this.speed.value) });
  }

  choose() {
    if (this.isPlaying) this.ask("replay_play", "Speed", { speed: Number(this.speed.value) });
  }

  /** Show where the slider is while it is held. */
  drag() {
    this.wish = this.start + Number(this.slider.value);
    this.drawMoment(this.wish);
  }

  /**
   * Go to a moment; of several that come while the kernel goes there, the last one counts.
   * @param {number} moment in seconds
   */
  seek(moment) {
    this.wish = moment;
    this.refresh();
    if (this.isAsking) {
      this.isNext = true;
      return;
    }
    this.isAsking = true;
    this.ask("replay_seek", "Go", { to: moment }, () => {
      this.isAsking = false;
      if (this.isNext && this.wish !== null) {
        this.isNext = false;
        this.seek(this.wish);
      } else this.arrive();
    });
  }

  arrive() {
    this.wish = null;
    this.refresh();
  }

  /** @param {Event} event */
  submit(event) {
    event.preventDefault();
    const moment = this.typed.value.trim();
    const zone = known(Intl.DateTimeFormat().resolvedOptions().timeZone);
    if (moment) this.ask("replay_type", `Go to ${moment}`, { moment, zone });
  }

  /**
   * Space plays and pauses, and arrows move, unless the element that has the keyboard uses these keys itself.
   * @param {KeyboardEvent} event
   */
  press(event) {
    const { replay } = this.store;
    const isOwn = within(event, "select, input:not([type=range])");
    if (!replay || isOwn || this.slider.disabled || event.ctrlKey || event.altKey || event.metaKey) return;
    const step = STEPS[event.key];
    if (step !== undefined) {
      const at = (this.wish ?? this.store.now() / 1000) + step;
      this.seek(Math.min(Math.max(at, replay.since), replay.until));
    } else if (event.key === " " && !within(event, "button")) this.toggle();
    else return;
    event.preventDefault();
  }
}
