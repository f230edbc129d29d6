import assert from "node:assert/strict";
import test from "node:test";

import { channelOf, says } from "../../ast_notebook/panel/js/headers.js";
import { compare, count, known, party, sentence } from "../../ast_notebook/panel/js/text.js";

test("text is ordered as people sort it, and numbers by their size", () => {
  const names = ["PJSIP/30", "pjsip/4", "Anna", "PJSIP/200"];
  assert.deepEqual(names.sort(compare), ["Anna", "pjsip/4", "PJSIP/30", "PJSIP/200"]);
  assert.deepEqual([10, 9, -1].sort(compare), [-1, 9, 10]);
});

test("what is not known stands last, in either order", () => {
  const values = [null, 2, undefined, 1, ""];
  const known = (/** @type {1 | -1} */ sign) =>
    [...values].sort((one, other) => compare(one, other, sign)).filter(Boolean);
  assert.deepEqual(known(1), [1, 2]);
  assert.deepEqual(known(-1), [2, 1]);
  for (const sign of /** @type {const} */ ([1, -1])) {
    assert.ok(compare(null, 0, sign) > 0);
    assert.ok(compare(0, null, sign) < 0);
    assert.ok(compare("", "a", sign) > 0);
  }
});

test("zero and false are known, and nothing is not", () => {
  assert.deepEqual([0, false, "", null, undefined].map(known), ["0", "false", "", "", ""]);
});

test("a party is what is known of number and name", () => {
  assert.equal(party("1", "Anna"), "1  Anna");
  assert.equal(party("", "Anna"), "Anna");
  assert.equal(party(undefined, ""), "");
});

test("words are counted", () => {
  assert.equal(count(1, "call"), "1 call");
  assert.equal(count(0, "call"), "0 calls");
});

test("a sentence begins with a capital letter, and may be empty", () => {
  assert.equal(sentence("refused"), "Refused");
  assert.equal(sentence(""), "");
});

test("an event is about its channel, else about the first that has a part in it", () => {
  assert.equal(channelOf({ Queue: "a", Channel: "SIP/1-1", DestChannel: "SIP/2-1" }), "SIP/1-1");
  assert.equal(channelOf({ OrigTransfererChannel: "SIP/3-1", TransfereeChannel: "SIP/4-1" }), "SIP/3-1");
  assert.equal(channelOf({ Queue: "a" }), "");
});

test("an event says its most telling headers, and nothing unknown", () => {
  const headers = { Reason: "x", Queue: "sales", Device: "<unknown>", MemberName: "", Application: "Dial" };
  assert.equal(says(headers), "sales  Dial  x");
});
