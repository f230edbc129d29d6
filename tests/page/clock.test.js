/** What the page knows of the kernel's clock. */

import assert from "node:assert/strict";
import test from "node:test";

import { KernelClock } from "../../ast_notebook/panel/js/clock.js";

test("the message that travelled fastest tells the kernel's clock", (context) => {
  let here = 1_000_000;
  context.mock.method(Date, "now", () => here);
  const clock = new KernelClock();
  assert.equal(clock.now(), here);
  for (const delay of [900, 40, 2_000, 700]) {
    clock.take(here + 5_000 - delay);
    here += 1_000;
  }
  assert.equal(clock.now(), here + 4_960);
});

for (const step of [-3_600_000, -8_000, 8_000, 3_600_000]) {
  test(`a clock that is set by ${step} ms is known within a minute`, (context) => {
    let here = 10_000_000;
    let kernel = 10_000_000;
    context.mock.method(Date, "now", () => here);
    const clock = new KernelClock();
    const minute = () => {
      for (let message = 0; message < 15; message++) {
        here += 4_000;
        kernel += 4_000;
        clock.take(kernel - 30);
      }
    };
    minute();
    here += step; // of the page's machine
    minute();
    assert.equal(clock.now(), kernel - 30);
    kernel += step; // of the kernel's
    minute();
    assert.equal(clock.now(), kernel - 30);
  });
}

test("messages that were held up, as while a machine sleeps, do not count", (context) => {
  let here = 1_000_000;
  context.mock.method(Date, "now", () => here);
  const clock = new KernelClock();
  clock.take(here);
  here += 3_600_000;
  clock.take(here - 3_500_000);
  clock.take(here - 1_000_000);
  assert.equal(clock.now(), here);
});
