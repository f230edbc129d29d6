/** A small line of how many calls there were at once over the last hour. */

import { make, makeDrawn, setText } from "../dom.js";
import { HOUR } from "../store.js";
import { NUMBER } from "../text.js";

const STEP = 10; // seconds; the line shifts by one pixel in each of these steps
const WIDTH = 360;

export class Line {
  /** @param {string} what is counted */
  constructor(what) {
    this.what = what;
    this.area = makeDrawn("path", { class: "ast-area" });
    this.path = makeDrawn("path", { class: "ast-path", "vector-effect": "non-scaling-stroke" });
    const label = "Concurrent calls over the last hour"; // until it is drawn
    const box = { "aria-label": label, viewBox: `0 0 ${WIDTH} 40`, preserveAspectRatio: "none", role: "img" };
    this.svg = makeDrawn("svg", box, this.area, this.path);
    this.caption = make("figcaption");
    this.element = make("figure", { class: "ast-line" }, this.svg, this.caption);
    /** @type {[number, number][]} */
    this.known = [];
    this.step = this.current = Number.NaN;
  }

  /**
   * Draw the points, which come once in a while, and after them the present number.
   * @param {[number, number][]} known
   * @param {number} now
   * @param {number} current
   */
  draw(known, now, current) {
    const step = Math.floor(now / STEP);
    if (known === this.known && step === this.step && current === this.current) return;
    [this.known, this.step, this.current] = [known, step, current];
    /** @type {[number, number][]} */
    const points = [...known, [now, current]];
    const peak = Math.max(0, ...points.map(([, calls]) => calls));
    const x = (/** @type {number} */ at) => Math.max(0, WIDTH - ((now - at) / HOUR) * WIDTH).toFixed(1);
    const y = (/** @type {number} */ calls) => (38 - (calls / Math.max(1, peak)) * 36).toFixed(1);
    let path = "";
    for (const [at, calls] of points) path += path ? `H${x(at)}V${y(calls)}` : `M${x(at)} ${y(calls)}`;
    this.path.setAttribute("d", path);
    this.area.setAttribute("d", `${path}V40H${x(points[0][0])}Z`);
    setText(this.caption, `${this.what} in the last hour, at most ${NUMBER.format(peak)}`);
    const words = `Concurrent calls over the last hour: at most ${peak}, now ${current}`;
    this.svg.setAttribute("aria-label", words);
  }
}
