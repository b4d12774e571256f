// Strategies in JavaScript: `auto via NAME(…)`.

import { test } from "node:test";
import { deepEqual, match, ok } from "node:assert/strict";
import { Policy } from "fence-policy";

const RULE = "fence 1 policy p ask wire_out as wires { auto via risk(amount: args.amount, below: 50) }";
const wires = (ask, more) =>
  Policy.fromText(RULE, { strategies: { risk: { ask, parameters: { amount: "field", below: "number" }, ...more } } });
const judged = async (ask, amount = 120, more) =>
  wires(ask, more).checkAsync("wire_out", { args: { amount }, session: "s-1" });

test("a strategy sees the phrase and the call, and its answer decides", async () => {
  let question;
  const risk = async (asked) => (
    (question = asked),
    asked.arguments.amount / 10 < asked.arguments.below ? "release" : { outcome: "hold", reason: "score too high" }
  );
  const small = await judged(risk, 120);
  ok(small.allowed);
  match(small.decision.auto, /via risk/);
  deepEqual(question.arguments, { amount: 120, below: 50 });
  deepEqual(question.call, { tool: "wire_out", args: { amount: 120 }, session: "s-1" });
  ok(!Number.isNaN(Date.parse(question.at)));
  ok((await judged(risk, 1200)).requiresApproval);
  ok(
    (await judged(({ arguments: { amount } }) => (amount === 2n ** 60n + 1n ? "release" : "hold"), 2n ** 60n + 1n))
      .allowed,
    "numbers arrive exactly",
  );
});

test("whatever is no proper answer releases nothing", async () => {
  const never = () => new Promise(() => {});
  const answers = [
    "Release",
    true,
    {},
    { outcome: "release", if: "friday" },
    { reason: "x" },
    undefined,
    null,
    1n,
    ["release"],
  ];
  for (const answer of answers) ok((await judged(() => answer)).requiresApproval, String(answer));
  ok(
    (
      await judged(() => {
        throw new Error("broken");
      })
    ).requiresApproval,
  );
  ok(
    (
      await judged(async () => {
        throw new Error("broken");
      })
    ).requiresApproval,
  );
  for (const odd of [Object.create(null), Symbol("odd"), { message: Symbol("odd") }, null, undefined]) {
    const broken = await judged(() => {
      throw odd;
    });
    ok(broken.requiresApproval, "and the process goes on");
    ok(broken.decision.unknown.length > 0);
    ok((await judged(() => Promise.reject(odd))).requiresApproval);
  }
  const late = await judged(never, 120, { deadline: 50 });
  ok(late.requiresApproval);
  ok(late.decision.unknown.length > 0);
});

test("a check that holds up the thread of the strategy does not wait for it", async () => {
  let asked = 0;
  const policy = wires(() => (asked++, "release"));
  const begun = performance.now();
  const result = policy.check("wire_out", { args: { amount: 1 } });
  ok(result.requiresApproval);
  ok(performance.now() - begun < 500, "it answers at once");
  ok(result.decision.unknown.length > 0);
  ok((await policy.checkAsync("wire_out", { args: { amount: 1 } })).allowed);
  ok(asked === 1);
});

test("strategies are asked again for a changed call, and by the claim", async () => {
  const amounts = [];
  const rule = "fence 1 policy p ask wire_out as wires { auto via risk(amount: args.amount) edit args.amount 1..1000 }";
  const ask = ({ arguments: { amount } }) => (amounts.push(amount), "hold");
  const policy = Policy.fromText(rule, {
    strategies: { risk: { ask, parameters: { amount: "field" } } },
    onApproval: () => ({ approve: true, edit: { "args.amount": 7 } }),
  });
  deepEqual((await policy.authorize("wire_out", { amount: 500 })).args, { amount: 7 });
  deepEqual([...new Set(amounts)], [500, 7]);
});
