import assert from "node:assert";
import { test } from "node:test";

import { calm, contentBeforePublish, shouts } from "./policy.js";

test("only shouting is calmed", () => {
  assert(shouts("BUY THIS NOW!", 8));
  assert(!shouts("NATO", 8));
  assert(!shouts("Buy this now", 8));
  assert.equal(calm("BUY THIS NOW!"), "Buy this now!");
});

test("comments have no title", () => {
  const { verdict } = contentBeforePublish.decide({}, {}, { title: undefined, body: "HELLO EVERYBODY" });
  assert.equal(verdict.tag, "allow");
});
