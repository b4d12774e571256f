// What callbacks and people may say, and what becomes of the call.

import { test } from "node:test";
import { deepEqual, equal, match, ok, rejects, throws } from "node:assert/strict";
import { Denied, FenceError, Policy } from "fence-policy";

const asking = (onApproval, more) => new Policy({ requireApproval: ["mail_*"], onApproval, ...more });

/** What one callback makes of one call: whether it goes, and why not. */
async function outcome(onApproval, timeout) {
  const result = asking(onApproval).check("mail_send", { args: { to: "x@list.example" } });
  return [await result.requestApproval({ timeout }), result.state, result.reason];
}

test("a callback's answers, one by one", async () => {
  const never = () => new Promise(() => {});
  const cases = [
    [() => true, undefined, true, "claimed", "matched"],
    [async () => true, undefined, true, "claimed", "matched"],
    [() => ({ approve: true }), undefined, true, "claimed", "matched"],
    [() => false, undefined, false, "denied", "the callback refused"],
    [async () => false, undefined, false, "denied", "the callback refused"],
    [() => ({ refuse: "not on a Friday" }), undefined, false, "denied", "not on a Friday"],
    [() => null, 5, false, "pending", "nobody has answered yet"],
    [async () => undefined, 5, false, "pending", "nobody has answered yet"],
    [
      () => {
        throw new Error("broken");
      },
      undefined,
      false,
      "denied",
      "the callback failed: broken",
    ],
    [
      async () => {
        throw new Error("broken");
      },
      undefined,
      false,
      "denied",
      "the callback failed: broken",
    ],
    [never, 20, false, "denied", "no answer in time"],
    [() => "yes", undefined, false, "denied", "the callback answered string"],
    [() => 1, undefined, false, "denied", "the callback answered number"],
    [() => ({}), undefined, false, "denied", "neither `approve: true`"],
    [() => ({ approve: "yes" }), undefined, false, "denied", "neither `approve: true`"],
    [() => ({ approve: true, refuse: "no" }), undefined, false, "denied", "neither `approve: true`"],
    [() => ({ aprove: true }), undefined, false, "denied", "did you mean `approve`?"],
    [() => ({ approve: true, edit: { "args.to": "y" } }), undefined, false, "denied", "change cannot be made"],
  ];
  for (const [callback, timeout, goes, state, reason] of cases) {
    const [went, became, why] = await outcome(callback, timeout);
    deepEqual([went, became], [goes, state], String(callback));
    ok(why.includes(reason), `${callback}: ${why}`);
  }
});

test("a refusal is recorded with its reason, and the same call is not asked again", async () => {
  let asked = 0;
  const policy = asking(() => (asked++, { refuse: "nobody agreed to mail" }), { session: "s-1" });
  equal(await policy.requestApproval("mail_send"), false);
  const again = policy.check("mail_send");
  ok(again.denied);
  match(again.reason, /a person refused exactly this call/);
  equal(asked, 1);
});

test("an approval releases one call, once", async () => {
  const policy = asking(() => null, { approver: "ana@x.example", agent: "writer" });
  const result = policy.check("mail_send", { args: { to: "x" } });
  await policy.approve(result.requestId, "ana@x.example");
  ok(await result.requestApproval());
  await result.done("sent");
  const second = policy.check("mail_send", { args: { to: "x" } });
  ok(second.requestId !== result.requestId, "a used approval is no answer to the next call");
  equal(await result.requestApproval(), false);
  match(result.reason, /the request is done/);
});

test("two who wait for one request: one of them gets the call", async () => {
  const policy = asking(() => true);
  const both = await Promise.all([1, 2].map(() => policy.requestApproval("mail_send", { args: { to: "x" } })));
  deepEqual(both.sort(), [false, true]);
});

test("people answer elsewhere, meanwhile", async () => {
  const policy = asking(undefined, { approver: "ana@x.example" });
  const sending = policy.authorize("mail_send", { to: ["a", "b"] });
  while (policy.pending().length === 0) await new Promise((wake) => setTimeout(wake, 5));
  const [request] = policy.pending();
  deepEqual([request.tool, request.args, request.version], ["mail_send", { to: ["a", "b"] }, 1]);
  await rejects(policy.approve(request.id, "eve@x.example"), /is nobody that this gate knows/);
  await policy.approve(request.id, "ana@x.example", { version: 1, note: "fine" });
  deepEqual((await sending).args, { to: ["a", "b"] });

  const refused = rejects(policy.authorize("mail_send", { to: [] }), (error) => {
    ok(error instanceof Denied && error instanceof FenceError);
    match(error.message, /`mail_send` was refused: a person refused: nobody is on it\. Do not repeat/);
    equal(error.decision.decision, "ask");
    return true;
  });
  while (policy.pending().length === 0) await new Promise((wake) => setTimeout(wake, 5));
  await policy.refuse(policy.pending()[0].id, "ana@x.example", "nobody is on it");
  await refused;
});

test("the groups of a policy answer, and nobody for whom the call is made", async () => {
  const rule =
    'fence 1 policy p group editors = "ana@x.example", "bo@x.example" ask page_* as pages { by 1 of editors }';
  const policy = Policy.fromText(rule, { user: "ana@x.example" });
  const { requestId } = policy.check("page_publish");
  await rejects(policy.approve(requestId, "ana@x.example"), /whoever requests a call does not approve it/);
  await rejects(policy.approve(requestId, "approver"), FenceError);
  equal((await policy.approve(requestId, "bo@x.example")).state, "approved");
});

test("what nobody answered is told with the request, and the same call later uses the approval", async () => {
  const policy = asking(undefined, { session: "s-1" });
  let id;
  await rejects(policy.authorize("mail_send", { to: "x" }, { timeout: 0 }), (error) => {
    id = error.requestId;
    return error.message.includes(id) && /make exactly the same call again/.test(error.message);
  });
  await policy.approve(id, "approver");
  deepEqual((await policy.authorize("mail_send", { to: "x" }, { timeout: 0 })).args, { to: "x" });
  await rejects(policy.authorize("mail_send", { to: "x" }, { timeout: 0 }), Denied);
});

test("an approval with a change: the released call is the changed one, never the one that was asked", async () => {
  const rule =
    "fence 1 policy mail ask newsletter_send as mailings { edit args.limit 1..50 } deny newsletter_send when args.limit <= 3";
  const policy = Policy.fromText(rule, { approver: "ana@x.example" });
  const result = policy.check("newsletter_send", { args: { limit: 500 } });
  for (const edit of [{ "args.limit": 5000 }, { "args.subject": "x" }, { limit: 5 }, { "args.limit": 2 }]) {
    await rejects(policy.approve(result.requestId, "ana@x.example", { edit }), FenceError, JSON.stringify(edit));
  }
  await policy.approve(result.requestId, "ana@x.example", { edit: { "args.limit": 50 } });
  ok(await result.requestApproval());
  deepEqual(result.args, { limit: 50 });

  // A boolean cannot hand a change over.
  const changing = Policy.fromText(rule, { onApproval: () => ({ approve: true, edit: { "args.limit": 50 } }) });
  await rejects(changing.requestApproval("newsletter_send", { args: { limit: 500 } }), /the approver changed the call/);
  deepEqual((await changing.authorize("newsletter_send", { limit: 500 })).args, { limit: 50 });
});

test("a wrapped function runs what was approved, reports what became of it, and throws refusals", async () => {
  const ran = [];
  const policy = new Policy({ allow: ["read"], requireApproval: ["write", "fail"], onApproval: () => true });
  const read = policy.tool("read", (args) => args);
  deepEqual(await read({ id: 7 }), { id: 7 });
  const write = policy.tool("write", async (args) => (ran.push(args), "written"));
  const given = { id: 7, tags: ["a"] };
  const writing = write(given);
  given.id = 8;
  given.tags.push("b");
  equal(await writing, "written");
  deepEqual(ran, [{ id: 7, tags: ["a"] }], "changed after it was judged, it still runs as it was judged");
  const fail = policy.tool("fail", () => {
    throw new Error("no disk");
  });
  await rejects(fail({}), /no disk/);
  await rejects(policy.tool("other", () => ran.push("other"))({}), Denied);
  equal(ran.length, 1);
});

test("further arguments, which nothing judges, do not reach a wrapped function", async () => {
  const ran = [];
  const policy = new Policy({ allow: ["del"] });
  await rejects(policy.tool("del", (...all) => ran.push(all))({ id: 1 }, { force: true }), /takes one object of arguments/);
  deepEqual([ran, policy.auditTrail], [[], []]);
  throws(() => policy.tool("del", () => {}, { callId: "c" }), /a tool has no `callId`/);
});

test("a callback that changes the arguments in place does not release them unchanged", async () => {
  const trim = (_tool, context) => ((context.to = context.to.slice(0, 2)), true);
  const to = ["a", "b", "c"];
  const bound = asking(trim);
  await rejects(bound.authorize("mail_send", { to }), /cannot be made: .*`\{ approve: true, edit/);
  const rule = "fence 1 policy p ask mail_send as mails { edit args.to shrink, args.opts.n 1..5 }";
  const editable = (onApproval) => Policy.fromText(rule, { onApproval });
  deepEqual((await editable(trim).authorize("mail_send", { to })).args, { to: ["a", "b"] });
  await rejects(editable(trim).requestApproval("mail_send", { args: { to } }), /the approver changed the call/);
  const nested = (_tool, { opts }) => ((opts.n = 5), { approve: true });
  deepEqual((await editable(nested).authorize("mail_send", { opts: { n: 9, m: 1 } })).args, { opts: { n: 5, m: 1 } });
  const both = (edit) => (_tool, context) => ((context.to = ["a"]), { approve: true, edit });
  deepEqual((await editable(both({ "args.to": ["a"] })).authorize("mail_send", { to })).args, { to: ["a"] });
  const refused = [
    both({ "args.to": ["b"] }),
    (_tool, context) => delete context.to,
    (_tool, context) => ((context.cc = ["x"]), true),
    (_tool, context) => ((context.to = undefined), true),
    (_tool, context) => ((context.to = new Map()), true),
    (_tool, { to }) => (to.push("d"), true),
  ];
  for (const callback of refused) await rejects(editable(callback).authorize("mail_send", { to }), Denied, `${callback}`);
});

test("an answer that comes too late releases nothing, even where the callback held up the clock", async () => {
  const busy = () => {
    const until = performance.now() + 60;
    while (performance.now() < until);
    return true;
  };
  for (const callback of [busy, async () => busy()]) {
    deepEqual(await outcome(callback, 20), [false, "denied", "the callback gave no answer in time"]);
  }
});

test("whatever a callback throws or says, it refuses with a reason and nothing escapes", async () => {
  const faults = [
    [() => Promise.reject(Symbol("odd")), "the callback failed: Symbol(odd)"],
    [
      () => {
        throw Object.create(null);
      },
      "the callback failed: something without words",
    ],
    [() => Object.create({ approve: true }), "neither `approve: true`"],
    [() => ({ approve: true, note: 5 }), "`note` must be a text"],
    [() => ({ approve: true, edit: 5 }), "`edit` is no object"],
    [() => ({ approve: true, edit: { "args.to": undefined } }), "is undefined"],
    [() => ({ approve: true, edit: Object.create({ "args.to": "y" }) }), "`edit` is no object"],
    [() => [], "is an object"],
    [
      () => ({
        get approve() {
          throw null;
        },
      }),
      "the callback failed: null",
    ],
  ];
  for (const [callback, reason] of faults) {
    const [went, state, why] = await outcome(callback);
    deepEqual([went, state], [false, "denied"], String(callback));
    ok(why.includes(reason), `${callback}: ${why}`);
  }
});

test("a version of a request is not wrapped round to another", async () => {
  const policy = asking(undefined);
  const { requestId } = policy.check("mail_send");
  for (const version of [2 ** 32 + 1, 1.9, 0, -(2 ** 32) + 1, null, true, "1", 1n, NaN]) {
    await rejects(policy.approve(requestId, "approver", { version }), /`version` must be/, String(version));
    await rejects(policy.refuse(requestId, "approver", "no", { version }), /`version` must be/);
  }
  equal((await policy.approve(requestId, "approver", { version: 1 })).state, "approved");
});

test("a timeout of Infinity outlasts the policy's own", async () => {
  const policy = asking(undefined, { timeout: 5 });
  const sending = policy.authorize("mail_send", {}, { timeout: Infinity });
  await new Promise((wake) => setTimeout(wake, 60));
  await policy.approve(policy.pending()[0].id, "approver");
  deepEqual((await sending).args, {});
});

test("what is asked for is the call as it was when it was asked", async () => {
  const seen = [];
  const policy = asking((_tool, args) => (seen.push(args), true));
  policy.check("mail_send");
  const args = { n: 1 };
  const asked = policy.requestApproval("mail_send", { args });
  args.n = 999;
  ok(await asked);
  deepEqual(seen, [{ n: 1 }]);
});

test("a call id keeps its verdict, and is not lent to another call", async () => {
  const policy = Policy.fromText("fence 1 policy p ask post as posts { auto first 1 per session }", { session: "s-1" });
  const post = (callId, args) => policy.check("post", { callId, args });
  ok(post("c-1", { n: 1 }).allowed);
  ok(post("c-1", { n: 1 }).allowed, "the first verdict stands, whatever the counter says now");
  ok(post("c-2", { n: 1 }).requiresApproval);
  match(post("c-1", { n: 2 }).reason, /was used for another call/);
});
