// What a check costs with a thousand rules and the memory store. The figure of 3 µs is a release build's; a build for
// tests is held to a multiple, so that a check which becomes slow in kind is found out.

import { test } from "node:test";
import { ok } from "node:assert/strict";
import { Policy } from "fence-policy";

const RULES = 1_000;
const LIMIT = Number(process.env.FENCE_NODE_MICROS ?? 250);

/** A thousand patterns of three kinds. */
function thousand() {
  const lists = [[], [], []];
  for (let at = 0; at < RULES; at++) lists[at % 3].push(`${["read", "write", "delete"][at % 3]}_${at}_*`);
  const [allow, requireApproval, deny] = lists;
  return new Policy({ allow, requireApproval, deny });
}

/** The quickest of many short runs, in microseconds a call: the one that nothing else disturbed. */
function micros(run, calls = 1_000) {
  const runs = Array.from({ length: 40 }, () => {
    const begun = process.hrtime.bigint();
    for (let call = 0; call < calls; call++) run(call);
    return Number(process.hrtime.bigint() - begun) / 1_000 / calls;
  });
  return Math.min(...runs);
}

test("a check at a thousand rules", (t) => {
  const policy = thousand();
  const args = { to: ["a@x.example"], subject: "hello", n: 3 };
  const kinds = {
    allowed: () => policy.check("read_300_post").allowed,
    denied: () => policy.check("delete_302_post").denied,
    "with arguments": () => policy.check("read_300_post", { args }).allowed,
  };
  for (const [kind, run] of Object.entries(kinds)) {
    ok(run());
    const cost = micros(run);
    t.diagnostic(`${kind}: ${cost.toFixed(2)} µs`);
    ok(cost <= LIMIT, `${kind}: ${cost.toFixed(2)} µs, at most ${LIMIT}`);
  }
});
