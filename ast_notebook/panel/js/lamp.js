/** A lamp: a shape that tells a state apart without its colour. */

import { make, makeDrawn, setText } from "./dom.js";
import { lampOf } from "./states.js";

/** @type {Record<string, string>} */
const SHAPES = {
  NOT_INUSE: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2Zm0 2a4 4 0 1 1 0 8a4 4 0 0 1 0-8Z",
  INUSE: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2Z",
  RINGING: "M8 1 15 14H1Z",
  RINGINUSE: "M8 1 15 14H1ZM8 6.5a3 3 0 1 0 0 6a3 3 0 0 0 0-6Z",
  BUSY: "M2 2h12v12H2ZM4 7v2h8V7Z",
  ONHOLD: "M3 2h4v12H3ZM9 2h4v12H9Z",
  UNAVAILABLE: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2ZM5 7.2h6v1.6H5Z",
  INVALID: "M3.4 2 8 6.6 12.6 2 14 3.4 9.4 8 14 12.6 12.6 14 8 9.4 3.4 14 2 12.6 6.6 8 2 3.4Z",
  UNKNOWN: "M4.5 6a3.5 3.5 0 1 1 4.6 3.3V11H7V8h1a1.5 1.5 0 1 0-1.5-2ZM7 12.2h2.1v2.1H7Z",
};

/** Make a lamp, to which `setLamp` gives a state. */
export function makeLamp() {
  const path = makeDrawn("path", { "fill-rule": "evenodd" });
  return makeDrawn("svg", { viewBox: "0 0 16 16", class: "ast-lamp", "aria-hidden": "true" }, path);
}

/**
 * Give a lamp a device's state.
 * @param {Element} lamp
 * @param {string} state
 */
export function setLamp(lamp, state) {
  const svg = /** @type {SVGElement} */ (lamp);
  const known = lampOf(state);
  if (svg.dataset.state === known) return;
  svg.dataset.state = known;
  svg.firstElementChild?.setAttribute("d", SHAPES[known]);
}

/**
 * Show a state in a cell of a table: a lamp, and words beside it.
 * @param {HTMLElement} cell
 * @param {string} state a device's, for the lamp
 * @param {string} words
 */
export function drawState(cell, state, words) {
  if (!cell.firstElementChild) cell.append(makeLamp(), make("span"));
  const [lamp, text] = cell.children;
  setLamp(lamp, state);
  setText(text, words);
}
