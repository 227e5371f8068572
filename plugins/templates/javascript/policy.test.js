import assert from "node:assert";
import { test } from "node:test";

import { contentBeforePublish, lifecycle } from "./policy.js";

const judge = (score, ...urls) => {
  const links = urls.map((url) => ({ kind: "link", url }));
  const event = { rendered: () => ({ text: "see", links }) };
  return contentBeforePublish.decide({ actor: { score } }, event, { body: "see" }).verdict.tag;
};

test("links of newcomers are held", () => {
  lifecycle.configure("");
  assert.equal(judge(2n, "https://example.com/"), "hold");
  assert.equal(judge(2n), "allow");
  assert.equal(judge(20n, "https://example.com/"), "allow");
});

test("settings are checked", () => {
  assert.throws(() => lifecycle.configure('{"score": "many"}'));
});
