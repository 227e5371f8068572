import assert from "node:assert";
import { test } from "node:test";

import { contentBeforePublish, lifecycle } from "./policy.js";

const judge = (score, body) =>
  contentBeforePublish.decide({ actor: { score } }, {}, { body }).verdict.tag;

test("links of newcomers are held", () => {
  lifecycle.configure("");
  assert.equal(judge(2n, "see https://example.com"), "hold");
  assert.equal(judge(2n, "see for yourself"), "allow");
  assert.equal(judge(20n, "see https://example.com"), "allow");
});

test("settings are checked", () => {
  assert.throws(() => lifecycle.configure('{"score": "many"}'));
});
