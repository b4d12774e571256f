// The OpenAI Agents SDK itself, with a scripted model: interruptions, resumption, changes, refusals.

import { test } from "node:test";
import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent, RunContext, RunState, run, setTracingDisabled, tool, webSearchTool } from "@openai/agents";
import { ScriptedModel, assistantMessage, functionCall } from "@openai/agents/testing";
import { z } from "zod";
import { Policy } from "fence-policy";
import { guard } from "fence-policy/openai-agents";

setTracingDisabled(true);

const RULES = `fence 1 policy mail
  group editors = "ana@x.example"
  allow mail_read
  ask mail_send as outbound { by 1 of editors edit args.to shrink because "mail is read first" instead "send it to at most one" }
  deny mail_delete because "mail is kept" instead "archive it"`;
const ANA = "ana@x.example";
const NONE = { to: null };
/** What the SDK passes to a tool beside its arguments, as far as the guard reads it. */
const DETAILS = { toolCall: { callId: "c-1" }, [Symbol("openai.agents.functionToolParsedInputCallback")]() {} };
const WHO = { agent: "writer-1", session: "s-1" };

/** One run: the tools under the policy, a model that makes these calls and then stops, and what was really done. */
function scene(policy, calls, more = {}) {
  const made = [];
  const does = (name) =>
    tool({
      name,
      description: name,
      parameters: z.object({ to: z.array(z.string()).nullable() }),
      execute: async (args) => (made.push([name, args]), `${name} done`),
      ...more,
    });
  const guarded = guard(policy, WHO);
  const wanted = calls.map(([callId, name, args]) => functionCall(name, args, { callId }));
  const model = new ScriptedModel([...(wanted.length > 0 ? [wanted] : []), [assistantMessage("over")]]);
  const tools = guarded.tools(["mail_read", "mail_send", "mail_delete", "mail_other"].map(does));
  const agent = new Agent({ name: "writer", model, tools });
  /** What the model was told of the calls. */
  const told = () => {
    const input = model.calls.at(-1).request.input;
    return input.filter((item) => item.type === "function_call_result").map((item) => item.output.text ?? item.output);
  };
  return { agent, guarded, made, told };
}

const rules = (more) => Policy.fromText(RULES, { approver: ANA, ...more });
const SEND = ["c-1", "mail_send", { to: ["a", "b"] }];

test("what is allowed runs, what is denied is told, and the run goes on", async () => {
  const policy = rules();
  const { agent, made, told } = scene(policy, [
    ["c-1", "mail_read", NONE],
    ["c-2", "mail_delete", NONE],
    ["c-3", "mail_other", NONE],
  ]);
  const result = await run(agent, "go");
  equal(result.finalOutput, "over");
  deepEqual(made, [["mail_read", NONE]]);
  const [read, deleted, other] = told();
  equal(read, "mail_read done");
  match(deleted, /`mail_delete` was refused: mail is kept\. Instead: archive it\.$/);
  match(other, /no rule mentions the tool: default deny\. Do not repeat this call/);
});

test("an ask interrupts; a person's approval through Fence releases exactly that call, once", async () => {
  const policy = rules();
  const { agent, guarded, made } = scene(policy, [SEND]);
  let result = await run(agent, "go");
  equal(result.interruptions.length, 1);
  deepEqual(await guarded.settle(result, { timeout: 0 }), result.interruptions, "nobody has answered");
  await policy.approve(policy.pending()[0].id, ANA, { version: 1 });
  deepEqual(await guarded.settle(result), []);
  result = await run(agent, result.state);
  equal(result.finalOutput, "over");
  deepEqual(made, [["mail_send", { to: ["a", "b"] }]]);
  deepEqual(policy.pending(), []);
});

test("an approval of the framework alone releases nothing", async () => {
  const policy = rules();
  const { agent, made, told } = scene(policy, [SEND]);
  let result = await run(agent, "go");
  result.state.approve(result.interruptions[0], { alwaysApprove: true });
  result = await run(agent, result.state);
  deepEqual(made, []);
  match(told()[0], /needs a person's approval and nobody has answered yet \(request r_/);
});

test("the callback answers an interruption, with a change: the tool gets the changed call", async () => {
  const policy = rules({ onApproval: (_tool, { to }) => ({ approve: true, edit: { "args.to": to.slice(0, 1) } }) });
  const { agent, guarded, made } = scene(policy, [SEND]);
  const result = await run(agent, "go");
  deepEqual(await guarded.settle(result), []);
  await run(agent, result.state);
  deepEqual(made, [["mail_send", { to: ["a"] }]]);
});

test("a refusal reaches the model with its reason", async () => {
  const policy = rules({ onApproval: () => ({ refuse: "not on a Friday" }) });
  const { agent, guarded, made, told } = scene(policy, [SEND]);
  const result = await run(agent, "go");
  await guarded.settle(result);
  await run(agent, result.state);
  deepEqual(made, []);
  match(
    told()[0],
    /`mail_send` was refused: a person refused: not on a Friday|`mail_send` was refused: not on a Friday/,
  );
});

test("a run written down and taken up by another process meets the same verdict", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "fence-agents-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const database = join(folder, "fence.db");
  const first = scene(rules({ database }), [SEND]);
  const text = (await run(first.agent, "go")).state.toString();

  const policy = rules({ database });
  const second = scene(policy, []);
  const state = await RunState.fromString(second.agent, text);
  await policy.approve(policy.pending()[0].id, ANA, { edit: { "args.to": ["b"] } });
  deepEqual(await second.guarded.settle(state), []);
  equal((await run(second.agent, state)).finalOutput, "over");
  deepEqual(second.made, [["mail_send", { to: ["b"] }]]);
  deepEqual(first.made, []);
});

test("a rejected call stays rejected, whatever the clock and the counters say by then", async () => {
  const opens = "fence 1 policy p ask mail_send as outbound { auto first 1 per session }";
  const policy = Policy.fromText(opens, { approver: ANA });
  await policy.checkAsync("mail_send", { ...WHO, args: { to: ["first"] } });
  const { agent, guarded, made } = scene(policy, [SEND]);
  const result = await run(agent, "go");
  await policy.refuse(policy.pending()[0].id, ANA, "no");
  await guarded.settle(result);
  await run(agent, result.state);
  deepEqual(made, []);
});

test("the tool's own question is left to whoever answers it", async () => {
  const { agent, guarded, made } = scene(rules(), [["c-1", "mail_read", NONE]], { needsApproval: true });
  const result = await run(agent, "go");
  deepEqual(await guarded.settle(result, { timeout: 0 }), result.interruptions);
  result.state.approve(result.interruptions[0]);
  await run(agent, result.state);
  deepEqual(made, [["mail_read", NONE]]);
});

test("Fence's people do not answer the question that the tool itself asks", async () => {
  let asked = 0;
  const policy = rules({ onApproval: () => (asked++, true) });
  const { agent, guarded, made } = scene(policy, [SEND], { needsApproval: true });
  const result = await run(agent, "go");
  deepEqual(await guarded.settle(result), result.interruptions);
  equal(asked, 1);
  await run(agent, result.state);
  deepEqual(made, [], "Fence's approval alone does not run it");
  result.state.approve(result.interruptions[0]);
  await run(agent, result.state);
  deepEqual(made, [["mail_send", { to: ["a", "b"] }]]);
});

/** One tool of its own schema, called so by the model: what ran, and what the model was told. */
async function alone(policy, parameters, calls, strict = true) {
  const made = [];
  const pay = tool({ name: "pay", description: "pays", parameters, strict, execute: (args) => (made.push(args), "paid") });
  const wanted = calls.map((text) => ({ ...functionCall("pay", {}, { callId: "c-1" }), arguments: text }));
  const model = new ScriptedModel([...wanted.map((call) => [call]), [assistantMessage("over")]]);
  const result = await run(new Agent({ name: "payer", model, tools: guard(policy, WHO).tools([pay]) }), "go");
  const input = model.calls.at(-1).request.input;
  const outputs = Array.isArray(input) ? input.filter((item) => item.type === "function_call_result") : [];
  return { result, made, told: outputs.map((item) => item.output.text ?? item.output) };
}

test("a repeated tool call id does not repeat an allow: each run is judged and counted", async () => {
  const once = Policy.fromText("fence 1 policy p ask mail_read as first { auto first 1 per session }");
  const made = [];
  const reads = (policy) => {
    const execute = () => (made.push("read"), "read");
    const read = tool({ name: "mail_read", description: "r", parameters: z.object({}), execute });
    return guard(policy, WHO).tool(read);
  };
  /** What the SDK does with one call that does not interrupt. */
  const called = async (read, context = new RunContext()) =>
    (await read.needsApproval(context, {}, "c-1")) || read.invoke(context, "{}", { ...DETAILS });
  const read = reads(once);
  deepEqual([await called(read), await called(read), await called(read)], ["read", true, true]);
  deepEqual(
    once.auditTrail.map(({ decision }) => decision),
    ["allow", "require_approval", "require_approval"],
    "a run is counted once",
  );
  const every = new Policy({ allow: ["mail_read"] });
  const again = reads(every);
  for (let at = 0; at < 3; at++) await called(again);
  deepEqual([made.length, every.auditTrail.length], [4, 3]);
});

test("an allow that was withdrawn before its turn does not run", async () => {
  const policy = Policy.fromText("fence 1 policy p ask mail_read as first { auto first 1 per session }");
  const { guarded } = scene(policy, []);
  const made = [];
  const execute = () => made.push("read");
  const [read] = guarded.tools([tool({ name: "mail_read", description: "r", parameters: z.object({}), execute })]);
  equal(await read.needsApproval({}, {}, "c-1"), false);
  equal(await read.needsApproval({}, {}, "c-1"), true);
  match(await read.invoke({}, "{}", { ...DETAILS }), /needs a person's approval/);
  deepEqual(made, []);
});

test("where the SDK does not tell what a schema made of the arguments, nothing runs", async () => {
  const policy = new Policy({ allow: ["mail_read"] });
  const execute = () => ok(false, "it ran");
  const read = tool({ name: "mail_read", description: "r", parameters: z.object({}), execute });
  match(await guard(policy).tool(read).invoke(new RunContext(), "{}", {}), /it is not told here what/);
});

test("a schema that changes arguments after they were judged stops the call", async () => {
  const rule = 'fence 1 policy p allow pay deny pay when args.path like "/etc/*"';
  const path = z.object({ path: z.string().trim() });
  const { made, told } = await alone(Policy.fromText(rule), path, ['{"path":" /etc/passwd"}']);
  deepEqual(made, []);
  match(told[0], /the tool's schema makes other arguments of those that were judged/);
  deepEqual((await alone(Policy.fromText(rule), path, ['{"path":"/tmp/x"}'])).made, [{ path: "/tmp/x" }]);

  // A function that is wrapped inside the tool is judged by what it gets.
  const pay = Policy.fromText(rule).tool("pay", (args) => `paid ${args.path}`);
  const errorFunction = (_context, error) => error.message;
  const inner = tool({ name: "pay", description: "p", parameters: path, execute: (args) => pay(args), errorFunction });
  match(await inner.invoke(new RunContext(), '{"path":" /etc/passwd"}'), /^Not done: `pay` was refused/);
  equal(await inner.invoke(new RunContext(), '{"path":" /tmp/x"}'), "paid /tmp/x");
});

test("a number that would be rounded on its way to the tool, or a member twice, stops the call", async () => {
  const anything = { type: "object", properties: {}, required: [], additionalProperties: true };
  const cases = [
    ['{"n":9007199254740993}', /the number 9007199254740993 cannot reach the tool exactly/],
    ['{"n":12345678901234567891}', /cannot reach the tool exactly/],
    ['{"n":1e999}', /was refused/],
    ['{"n":1,"n":2}', /was refused/],
  ];
  for (const [text, reason] of cases) {
    const { made, told } = await alone(new Policy({ allow: ["pay"] }), anything, [text], false);
    deepEqual(made, [], text);
    match(told[0], reason);
  }
  const even = await alone(new Policy({ allow: ["pay"] }), anything, ['{"n":9007199254740994}'], false);
  deepEqual(even.made, [{ n: 9007199254740994 }]);
});

test("a guard's options cannot hold a call that runs", () => {
  throws(() => guard(rules(), { timeout: 60_000 }), /a guard has no `timeout`/);
  throws(() => guard(rules(), { callId: "c-1" }), /a guard has no `callId`/);
});

test("arguments that are no JSON, and tools that run elsewhere, are not let through", async () => {
  const policy = new Policy({ allow: ["*"] });
  const { agent, guarded, made, told } = scene(policy, [["c-1", "mail_send", '{"to": [}']]);
  const result = await run(agent, "go");
  deepEqual(await guarded.settle(result), [], "the SDK asks about such a call, and is told no");
  await run(agent, result.state);
  deepEqual(made, []);
  match(told()[0], /not approved/);
  throws(() => guard(policy).tools([webSearchTool()]), /is no function tool/);
});
