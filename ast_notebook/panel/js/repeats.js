/** Which orders were given just now, so that a button that is pressed twice acts once. */

const DOUBLE_CLICK = 500; // ms in which the same order again is a double click
const HELD = 6_000; // ms after which the kernel carries out no order that it had not got before

/** Orders that mean the same twice as once, or another step each time. */
const REPEATABLE = /^(item|replay_\w+)$/;

export class Repeats {
  constructor() {
    /** @type {Map<string, {at: number, isDone: boolean}>} */
    this.given = new Map();
  }

  /**
   * Take note of an order, and tell whether it is to be given: not if the same one was given just now, or
   * waits for its result.
   * @param {string} what
   * @param {object} args
   */
  begin(what, args) {
    if (REPEATABLE.test(what)) return true;
    const now = Date.now();
    for (const [key, { at, isDone }] of this.given)
      if (now - at > (isDone ? DOUBLE_CLICK : HELD)) this.given.delete(key);
    const key = keyOf(what, args);
    if (this.given.has(key)) return false;
    this.given.set(key, { at: now, isDone: false });
    return true;
  }

  /**
   * Take note that the result of an order came.
   * @param {string} what
   * @param {object} args
   */
  end(what, args) {
    const given = this.given.get(keyOf(what, args));
    if (given) given.isDone = true;
  }
}

/**
 * @param {string} what
 * @param {object} args
 */
const keyOf = (what, args) => JSON.stringify([what, Object.entries(args).sort()]);
