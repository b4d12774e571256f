// The Vercel AI SDK itself, with a scripted model: approval requests, resumption, changes, refusals.

import { test } from "node:test";
import { deepEqual, equal, match, throws } from "node:assert/strict";
import { generateText, isStepCount, streamText, tool } from "ai";
import { MockLanguageModelV4, simulateReadableStream } from "ai/test";
import { z } from "zod";
import { Policy } from "fence-policy";
import { guard } from "fence-policy/ai";

const ANA = "ana@x.example";
const WHO = { agent: "writer-1", session: "s-1" };
const RULES = `fence 1 policy mail
  group editors = "${ANA}"
  allow mail_read, mail_watch
  ask mail_send as outbound { by 1 of editors edit args.to shrink because "mail is read first" }
  deny mail_delete because "mail is kept" instead "archive it"`;
const rules = (more) => Policy.fromText(RULES, { approver: ANA, ...more });

const USAGE = { inputTokens: { total: 1, noCache: 1 }, outputTokens: { total: 1, text: 1 } };
const answer = (content, reason) => ({
  content,
  finishReason: { unified: reason, raw: undefined },
  usage: USAGE,
  warnings: [],
});

/** A model that makes these calls, once or in several turns, and then stops; guarded tools; what was really done. */
function scene(policy, calls, turns = 1, more = {}) {
  const made = [];
  const parts = calls.map(([toolCallId, toolName, input]) => ({
    type: "tool-call",
    toolCallId,
    toolName,
    input: JSON.stringify(input),
  }));
  const script = [...Array(turns).fill(answer(parts, "tool-calls")), answer([{ type: "text", text: "over" }], "stop")];
  const model = new MockLanguageModelV4({ doGenerate: async () => script.shift() });
  const inputSchema = z.object({ to: z.array(z.string()).optional() });
  const does = (name) =>
    tool({ description: name, inputSchema, execute: async (args) => (made.push([name, args]), `${name} done`), ...more });
  const names = ["mail_read", "mail_send", "mail_delete", "mail_other"];
  const guarded = guard(policy, WHO);
  const tools = guarded.tools(Object.fromEntries(names.map((name) => [name, does(name)])));
  const generate = (messages) =>
    generateText({ model, tools, toolApproval: guarded.toolApproval, stopWhen: isStepCount(5), messages });
  /** What the model was told of the calls. */
  const told = () =>
    model.doGenerateCalls
      .at(-1)
      .prompt.filter(({ role }) => role === "tool")
      .flatMap(({ content }) => content.filter(({ type }) => type === "tool-result").map(({ output }) => output));
  return { model, guarded, made, generate, told, messages: [{ role: "user", content: "go" }] };
}

const SEND = ["c-1", "mail_send", { to: ["a", "b"] }];

/** Runs until people are asked, and keeps the conversation. */
async function interrupted(at) {
  const result = await at.generate(at.messages);
  at.messages.push(...result.responseMessages);
  return result;
}

test("what is allowed runs, what is denied is told, and the conversation goes on", async () => {
  const at = scene(rules(), [
    ["c-1", "mail_read", {}],
    ["c-2", "mail_delete", {}],
    ["c-3", "mail_other", {}],
  ]);
  const result = await at.generate(at.messages);
  equal(result.text, "over");
  deepEqual(at.made, [["mail_read", {}]]);
  const outputs = JSON.stringify(at.told());
  match(outputs, /mail_read done/);
  match(outputs, /`mail_delete` was refused: mail is kept\. Instead: archive it/);
  match(outputs, /no rule mentions the tool: default deny\. Do not repeat this call/);
});

test("an ask waits; a person's approval through Fence releases exactly that call", async () => {
  const policy = rules();
  const at = scene(policy, [SEND]);
  const { content } = await interrupted(at);
  deepEqual(await at.guarded.answers(content, { timeout: 0 }), [], "nobody has answered");
  await policy.approve(policy.pending()[0].id, ANA, { version: 1 });
  at.messages.push({ role: "tool", content: await at.guarded.answers(content) });
  equal((await at.generate(at.messages)).text, "over");
  deepEqual(at.made, [["mail_send", { to: ["a", "b"] }]]);
  deepEqual(policy.pending(), []);
});

test("an approval of the framework alone releases nothing", async () => {
  const at = scene(rules(), [SEND]);
  const { content } = await interrupted(at);
  const { approvalId } = content.find(({ type }) => type === "tool-approval-request");
  at.messages.push({ role: "tool", content: [{ type: "tool-approval-response", approvalId, approved: true }] });
  await at.generate(at.messages);
  deepEqual(at.made, []);
  match(JSON.stringify(at.told()), /needs a person's approval and nobody has answered yet \(request r_/);
});

test("the callback answers with a change: the tool gets the changed call", async () => {
  const at = scene(rules({ onApproval: (_tool, { to }) => ({ approve: true, edit: { "args.to": to.slice(0, 1) } }) }), [
    SEND,
  ]);
  const { content } = await interrupted(at);
  at.messages.push({ role: "tool", content: await at.guarded.answers(content) });
  await at.generate(at.messages);
  deepEqual(at.made, [["mail_send", { to: ["a"] }]]);
});

test("a refusal reaches the model with its reason, and stays one when the conversation is taken up again", async () => {
  const at = scene(rules({ onApproval: () => ({ refuse: "not on a Friday" }) }), [SEND]);
  const { content } = await interrupted(at);
  const answers = await at.guarded.answers(content);
  deepEqual(
    answers.map(({ approved }) => approved),
    [false],
  );
  // Somebody turns the answer round on its way back.
  at.messages.push({ role: "tool", content: answers.map((given) => ({ ...given, approved: true })) });
  await at.generate(at.messages);
  deepEqual(at.made, []);
  match(answers[0].reason, /`mail_send` was refused: .*not on a Friday/);
  match(JSON.stringify(at.told()), /a person refused exactly this call/);
});

test("an approved call that comes back with other arguments does not run", async () => {
  const policy = rules();
  const at = scene(policy, [SEND]);
  const { content } = await interrupted(at);
  await policy.approve(policy.pending()[0].id, ANA);
  const answers = await at.guarded.answers(content);
  const call = at.messages
    .flatMap(({ content: parts }) => (Array.isArray(parts) ? parts : []))
    .find(({ type }) => type === "tool-call");
  call.input = { to: ["everybody"] };
  at.messages.push({ role: "tool", content: answers });
  await at.generate(at.messages);
  deepEqual(at.made, []);
  match(JSON.stringify(at.told()), /needs a person's approval and nobody has answered yet/);
});

test("a repeated tool call id does not repeat an allow: each run is judged and counted", async () => {
  const once = Policy.fromText("fence 1 policy p ask mail_read as first { auto first 1 per session }");
  const at = scene(once, [["c-1", "mail_read", {}]], 3);
  const { content } = await interrupted(at);
  deepEqual(at.made, [["mail_read", {}]]);
  equal(content.filter(({ type }) => type === "tool-approval-request").length, 1);
  const [allowed, asked] = once.auditTrail.map(({ decision }) => decision);
  deepEqual([allowed, asked], ["allow", "require_approval"], "a run is counted once");

  const every = new Policy({ allow: ["mail_read"] });
  const again = scene(every, [["c-1", "mail_read", {}]], 3);
  await again.generate(again.messages);
  deepEqual([again.made.length, every.auditTrail.length], [3, 3]);
});

test("Fence's people do not answer the question that the tool itself asks", async () => {
  for (const policy of [rules(), rules({ onApproval: () => true })]) {
    const at = scene(policy, [["c-0", "mail_read", {}], SEND], 1, { needsApproval: ({ to }) => to !== null });
    const { content } = await interrupted(at);
    const requests = content.filter(({ type }) => type === "tool-approval-request");
    equal(requests.length, 2);
    deepEqual(await at.guarded.answers(content, { timeout: 5 }), []);
    deepEqual(at.made, []);
  }
});

test("streamed runs are guarded the same", async () => {
  const at = scene(rules(), []);
  const chunks = [
    ["c-1", "mail_read"],
    ["c-2", "mail_delete"],
  ].map(([toolCallId, toolName]) => ({ type: "tool-call", toolCallId, toolName, input: "{}" }));
  const finish = { type: "finish", finishReason: { unified: "tool-calls", raw: undefined }, usage: USAGE };
  const model = new MockLanguageModelV4({
    doStream: async () => ({ stream: simulateReadableStream({ chunks: [...chunks, finish] }) }),
  });
  const made = [];
  const watch = tool({
    inputSchema: z.object({}),
    execute: async function* () {
      yield "half";
      made.push("read");
      yield "whole";
    },
  });
  const gone = tool({ inputSchema: z.object({}), execute: () => made.push("deleted") });
  const tools = at.guarded.tools({ mail_read: watch, mail_delete: gone });
  const result = streamText({ model, tools, toolApproval: at.guarded.toolApproval, prompt: "go" });
  const results = await result.toolResults;
  deepEqual(made, ["read"]);
  deepEqual(
    results.map(({ output }) => output),
    ["whole"],
  );
});

test("a tool that runs elsewhere cannot be guarded here", () => {
  throws(() => guard(rules()).tools({ ask_user: tool({ inputSchema: z.object({}) }) }), /`ask_user` has no `execute`/);
});
