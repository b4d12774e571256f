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
  const { decision, rule, because, instead, digest } = policy.check(tool, { args, agent, user, session, context, callId }).decision;
  return { decision, rule, reason: reason({ decision, rule, because, instead }), digest };
}

/** Why, and what to do instead, in one line. */
function reason({ decision, rule, because, instead }) {
  const why = because ?? (rule === null ? `${decision} by default` : `${decision} by the rule \`${rule}\``);
  return instead === null ? why : `${why}. Instead: ${instead}`;
}

test("the corpus", () => {
  const lines = readFileSync(new URL("calls.jsonl", corpus), "utf8").split("\n").filter(Boolean).map((line) => value(line));
  const policies = new Map();
  const wrong = [];
  for (const { policy: name, call, expect, not } of lines) {
    if (not?.includes("node")) continue;
    if (!policies.has(name)) policies.set(name, Policy.fromFile(fileURLToPath(new URL(`policies/${name}.fence`, corpus))));
    const found = decided(policies.get(name), call);
    try {
      deepEqual(found, { ...expect });
    } catch {
      wrong.push({ name, call, found, expect });
    }
  }
  deepEqual(wrong, []);
  ok(lines.length >= 300 && policies.size >= 20, `${lines.length} calls over ${policies.size} policies`);
});
