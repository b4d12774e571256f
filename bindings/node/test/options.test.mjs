// Mistakes of the program are told in its own words, at once.

import { test } from "node:test";
import { deepEqual, equal, match, ok, rejects, throws } from "node:assert/strict";
import { FenceError, Policy, PolicyResult } from "fence-policy";

const is = (kind, pattern) => (error) => {
  ok(error instanceof kind, `${error.name}: ${error.message}`);
  match(error.message, pattern);
  return true;
};

test("what is no policy is refused", () => {
  const cases = [
    [{ allow: "read_*" }, TypeError, /`allow` must be a list of patterns: write \["read_\*"\]/],
    [{ deny: new Set(["x"]) }, TypeError, /`deny` must be a list/],
    [{ allow: ["read_*", 7] }, TypeError, /`allow` holds something that is no text: 7/],
    [{ allow: ["x"], requireAproval: ["y"] }, TypeError, /no `requireAproval`; did you mean `requireApproval`\?/],
    [{ allow: ["x"], on_approval: () => true }, TypeError, /did you mean `onApproval`/],
    [{ allow: ["x"], onApproval: true }, TypeError, /`onApproval` must be a function/],
    [{ allow: ["x"], default: "permit" }, TypeError, /`default` must be `allow`, `ask`, `deny`/],
    [{ allow: ["x"], name: 5 }, TypeError, /`name` must be a text/],
    [{ allow: ["x"], agent: { id: "a", role: ["x"] } }, TypeError, /an agent has no `role`; did you mean `roles`/],
    [{ allow: ["x"], timeout: "1s" }, TypeError, /`timeout` must be a number of milliseconds/],
    [{ allow: ["x"], strategies: { risk: 5 } }, TypeError, /the strategy `risk` is an object/],
    [{ allow: ["x"], strategies: { risk: { parameters: {} } } }, TypeError, /needs `ask`, a function/],
    [{ allow: ["x"], strategies: { risk: { ask() {}, parameters: { a: "fild" } } } }, FenceError, /`fild` is no kind/],
    [{ allow: ["x"], approver: "" }, FenceError, /is no id for a person/],
    [{}, TypeError, /a policy needs a pattern: give `allow`, `requireApproval`/],
    [undefined, TypeError, /a policy needs a pattern/],
    [[], TypeError, /a policy is an object/],
    [{ allow: ["a b"] }, FenceError, /`a b` in `allow` is no pattern/],
    [{ allow: ["x"], name: "my policy" }, FenceError, /is no name for a policy/],
    [{ allow: ["x"], database: "." }, FenceError, /./],
    [{ allow: ["x"], user: "half \ud800" }, FenceError, /half of a surrogate pair$/],
  ];
  for (const [given, kind, pattern] of cases) throws(() => new Policy(given), is(kind, pattern));
});

test("a policy's errors are all told, with their places", () => {
  const wrong = "fence 1\npolicy p\nallow read_* when args.n <= \nask send_* { auto durng office }\n";
  throws(() => Policy.fromText(wrong), is(FenceError, /\n {2}\d+:\d+ F\d{4} /));
  throws(() => Policy.fromFile("no/such.fence"), is(FenceError, /no\/such.fence cannot be read/));
  throws(() => Policy.fromFile([]), is(TypeError, /needs the path/));
  throws(() => Policy.fromText(5), is(TypeError, /needs the policy's text/));
  throws(() => Policy.fromText("fence 1 policy p allow x", { allow: ["y"] }), is(TypeError, /a policy has no `allow`/));
});

test("what is no call is refused", async () => {
  const policy = new Policy({ allow: ["*"] });
  throws(() => policy.check(), is(TypeError, /a tool is named by a text/));
  throws(() => policy.check("x", { arg: {} }), is(TypeError, /a call has no `arg`; did you mean `args`\?/));
  throws(() => policy.check("x", { session: 5 }), is(TypeError, /`session` must be a text/));
  throws(() => policy.check("x", { session: "\ud800" }), /surrogate/);
  throws(() => policy.check("x", null), is(TypeError, /a call is an object/));
  await rejects(policy.checkAsync("x", { arg: {} }), TypeError);
  await rejects(policy.authorize("x", {}, { args: {}, sesion: "s" }), TypeError);
  throws(() => policy.tool("x"), is(TypeError, /needs a function to run/));
  throws(
    () =>
      policy.check("x", {
        args: {
          get n() {
            throw new RangeError("own");
          },
        },
      }),
    /own/,
  );
  ok(policy.check("x").allowed, "a getter that throws leaves nothing behind");
});

test("arguments in the place of options are told where they belong", () => {
  const policy = new Policy({ allow: ["*"] });
  throws(() => policy.check("get_user", { id: 7 }), is(TypeError, /arguments go into `\{ args: \{ … \} \}`/));
  throws(() => policy.check("get_user", { user: "root", id: 7 }), is(TypeError, /arguments go into/));
  throws(() => policy.check("get_user", { user: 7 }), is(TypeError, /`user` must be a text/));
});

test("a pattern is about the whole name of a tool", () => {
  const names = ["delete_x", "ns.delete_x", "mcp__db__delete_x", "db/delete_x", "undelete_x"];
  const denied = (deny) => names.filter((name) => new Policy({ deny: [deny], default: "allow" }).check(name).denied);
  deepEqual(denied("delete_*"), ["delete_x", "db/delete_x"]);
  deepEqual(denied("*delete_*"), names);
});

test("a malformed name, id or shape is a recorded denial", () => {
  const policy = new Policy({ allow: ["*"] });
  const reasons = [
    [policy.check("delete all"), /the tool's name is malformed/],
    [policy.check("x\u200b"), /the tool's name is malformed/],
    [policy.check("x\ud800"), /the tool's name is malformed/],
    [policy.check("x", { args: [] }), /`args` must be a JSON object/],
    [policy.check("x", { args: null }), /`args` must be a JSON object/],
    [policy.check("x", { args: "{}" }), /`args` must be a JSON object/],
    [policy.check("x", { agent: "a b" }), /agent's id is malformed/],
    [policy.check("x", { context: { when: new Date(0) } }), /`context.when` is a Date/],
  ];
  for (const [result, pattern] of reasons) {
    ok(result.denied);
    match(result.reason, pattern);
  }
  equal(policy.auditTrail.length, reasons.length);
});

test("a result is no truth by itself", () => {
  const result = new Policy({ allow: ["x"] }).check("x");
  ok(result instanceof PolicyResult);
  for (const primitive of [() => `${result}`, () => +result, () => result == true, () => result + ""]) {
    throws(primitive, is(TypeError, /read `allowed`, `requiresApproval` or `denied`/));
  }
  const { decision } = result;
  deepEqual([decision.decision, decision.rule, decision.matched.length], ["allow", "x", 1]);
  match(decision.digest, /^sha256:[0-9a-f]{64}$/);
  equal(result.requestId, null);
  equal(result.state, null);
});
