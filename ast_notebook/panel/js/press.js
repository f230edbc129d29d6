/** Whether a button of the mouse, a pen or a finger is held down on an element. */

const LONGEST = 10_000; // ms; after this, a press is over even if no event told of its end

export class Press {
  /**
   * @param {HTMLElement} element
   * @param {() => void} released
   */
  constructor(element, released) {
    this.released = released;
    /** @type {number | null} */
    this.since = null;
    this.up = () => this.release();
    this.moved = (/** @type {PointerEvent} */ event) => {
      if (event.buttons === 0) this.release(); // it was let go outside of the page
    };
    element.addEventListener("pointerdown", () => this.press(), true);
  }

  press() {
    this.since = Date.now();
    for (const kind of /** @type {const} */ (["pointerup", "pointercancel"]))
      window.addEventListener(kind, this.up, true);
    window.addEventListener("pointermove", this.moved, true);
  }

  release() {
    this.close();
    this.released();
  }

  get isDown() {
    return this.since !== null && Date.now() - this.since < LONGEST;
  }

  close() {
    this.since = null;
    for (const kind of /** @type {const} */ (["pointerup", "pointercancel"]))
      window.removeEventListener(kind, this.up, true);
    window.removeEventListener("pointermove", this.moved, true);
  }
}
