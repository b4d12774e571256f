// Compiled, not run: the adapters' types against the frameworks' own.

import { Agent, run, tool } from "@openai/agents";
import { generateText, streamText, tool as aiTool, type LanguageModel, type ModelMessage } from "ai";
import { z } from "zod";
import { Denied, FenceError, Policy, PolicyResult, type AuditEntry, type Authorized, type Request } from "fence-policy";
import { guard } from "fence-policy/openai-agents";
import { guard as guardAi } from "fence-policy/ai";

const policy = new Policy({
  allow: ["a"],
  strategies: {
    calm: () => "release",
    risk: {
      ask: async ({ call }) => (call.user ? "hold" : { outcome: "unknown" }),
      parameters: { amount: "field", all: "list<field>", most: { kind: "number", required: false } },
    },
  },
});

export async function openai(): Promise<string | undefined> {
  const guarded = guard(policy, { agent: { id: "a", roles: ["writer"] }, context: { n: 1 } });
  const tools = guarded.tools([
    tool({ name: "a", description: "", parameters: z.object({ n: z.number() }), execute: ({ n }) => n }),
  ]);
  const agent = new Agent({ name: "a", tools });
  let result = await run(agent, "go");
  while (result.interruptions.length > 0) {
    const open = await guarded.settle(result, { timeout: 5 });
    open.forEach(({ name }) => console.log(name));
    result = await run(agent, result.state);
  }
  return result.finalOutput;
}

export async function vercel(model: LanguageModel, messages: ModelMessage[]): Promise<string> {
  const { tools, toolApproval, answers } = ((guarded) => ({
    tools: guarded.tools({ a: aiTool({ inputSchema: z.object({ n: z.number() }), execute: ({ n }) => n }) }),
    toolApproval: guarded.toolApproval,
    answers: guarded,
  }))(guardAi(policy));
  const result = await generateText({ model, tools, toolApproval, messages });
  messages.push(...result.responseMessages, { role: "tool", content: await answers.answers(result.content) });
  return await streamText({ model, tools, toolApproval, messages }).text;
}

export async function shapes(): Promise<[AuditEntry[], Request[], Authorized, number]> {
  const authorized = await policy.authorize("a", { n: 1, big: 2n });
  const double = policy.tool("a", ({ n }: { n: number }) => n * 2);
  try {
    return [policy.auditTrail, policy.pending(), authorized, await double({ n: 1 })];
  } catch (error) {
    if (error instanceof Denied) console.log(error.requestId, error.decision.matched[0]?.rule);
    throw error as FenceError;
  }
}

// @ts-expect-error: a text is no list of patterns
new Policy({ allow: "read_*" });
// @ts-expect-error: no such option
new Policy({ allow: ["a"], requireAproval: ["b"] });
// @ts-expect-error: results are made by a policy alone
new PolicyResult();
// @ts-expect-error: a call that runs is not held
guard(policy, { timeout: 10 });
// @ts-expect-error: nothing but one object is judged
policy.tool("a", (_args: { n: number }, _more: number) => 1);
