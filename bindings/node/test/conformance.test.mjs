// The corpus that every way in runs: the same decisions, rules, reasons and digests.

import { test } from "node:test";
import { deepEqual, ok } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createRequire } from "node:module";
import { Policy } from "fence-policy";

// Reads JSON exactly, as the gate does.
const { value } = createRequire(import.meta.url)("../lib/native.js");
const corpus = new URL("../../../tests/conformance/", import.meta.url);

/** What one call gets. */
function decided(policy, { tool, args, agent, user, session, context, call_id: callId }) {
  const result = policy.check(tool, { args, agent, user, session, context, callId });
  const { decision, rule, digest } = result.decision;
  return { decision, rule, reason: result.reason, digest };
}

test("the corpus", (t) => {
  const lines = readFileSync(new URL("calls.jsonl", corpus), "utf8").split("\n").filter(Boolean);
  // Decimals with more digits than a JavaScript number has cannot be written here.
  const told = lines.filter((line) => !JSON.parse(line).not?.includes("node")).map((line) => value(line));
  const policies = new Map();
  for (const { policy: name, call, expect } of told) {
    if (!policies.has(name))
      policies.set(name, Policy.fromFile(fileURLToPath(new URL(`policies/${name}.fence`, corpus))));
    deepEqual(
      decided(policies.get(name), call),
      { ...expect },
      `${name}: ${JSON.stringify(call.args, (_, n) => (typeof n === "bigint" ? `${n}n` : n))}`,
    );
  }
  t.diagnostic(`${told.length} of ${lines.length} calls over ${policies.size} policies`);
  ok(told.length >= 300 && policies.size >= 20);
});
