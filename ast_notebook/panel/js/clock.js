/** The kernel's clock, as far as the page knows it. */

const WINDOW = 20_000; // ms; what older messages told is forgotten, since somebody may set a clock

/** The message that travelled fastest tells the difference between the clocks best. */
export class KernelClock {
  constructor() {
    this.best = Number.NEGATIVE_INFINITY; // the difference in this window, in ms
    this.before = Number.NEGATIVE_INFINITY; // the same in the window before
    /** @type {number | null} */
    this.begun = null;
  }

  /**
   * Take in what a message says of the kernel's clock.
   * @param {number} time in ms since 1970
   */
  take(time) {
    const here = Date.now();
    const isOver = this.begun === null || Math.abs(here - this.begun) > WINDOW;
    if (isOver) {
      this.before = this.best;
      this.best = time - here;
      this.begun = here;
    } else this.best = Math.max(this.best, time - here);
  }

  /** Its present time, in ms since 1970; by the page's own clock if no message came. */
  now() {
    return Date.now() + (this.begun === null ? 0 : Math.max(this.best, this.before));
  }
}
