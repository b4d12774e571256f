// An agent of the OpenAI Agents SDK that waits for an editor: `node examples/openai_agents.mjs`
// The model is scripted, so that this runs without a network; leave `model` out to use a real one.

import { Agent, run, setTracingDisabled, tool } from "@openai/agents";
import { ScriptedModel, assistantMessage, functionCall } from "@openai/agents/testing";
import { z } from "zod";
import { Policy } from "fence-policy";
import { guard } from "fence-policy/openai-agents";

setTracingDisabled(true);

const policy = Policy.fromText(
  `fence 1
   policy newsletter
   group editors = "ana@example.com"
   ask newsletter_send as mailings { by 1 of editors  edit args.limit 1..50  because "a mailing is read first" }
   deny list_export because "addresses stay here" instead "count them"`,
  // Ana sits at this terminal: she lets at most 50 mails go.
  {
    approver: "ana@example.com",
    onApproval: (_tool, { limit }) => (limit > 50 ? { approve: true, edit: { "args.limit": 50 } } : true),
  },
);

const guarded = guard(policy, { agent: "writer-1", session: "s-1" });
const tools = guarded.tools([
  tool({
    name: "newsletter_send",
    description: "Sends it.",
    parameters: z.object({ limit: z.number() }),
    execute: ({ limit }) => `sent to ${limit}`,
  }),
  tool({
    name: "list_export",
    description: "Exports the list.",
    parameters: z.object({}),
    execute: () => "every address",
  }),
]);

const model = new ScriptedModel([
  [
    functionCall("list_export", {}, { callId: "call-1" }),
    functionCall("newsletter_send", { limit: 500 }, { callId: "call-2" }),
  ],
  [assistantMessage("Done.")],
]);
const agent = new Agent({ name: "writer", tools, model });

let result = await run(agent, "Mail the spring newsletter to everybody.");
while (result.interruptions.length > 0) {
  const open = await guarded.settle(result);
  if (open.length > 0) throw new Error("somebody else must answer");
  result = await run(agent, result.state);
}

for (const { rawItem } of result.newItems.filter(({ type }) => type === "tool_call_output_item")) {
  console.log(`${rawItem.name}: ${rawItem.output.text ?? rawItem.output}`);
}
console.log(result.finalOutput);
