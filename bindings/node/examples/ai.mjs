// A conversation of the Vercel AI SDK that waits for an editor: `node examples/ai.mjs`
// The model is scripted, so that this runs without a network; give a real one in its place.

import { generateText, isStepCount, tool } from "ai";
import { MockLanguageModelV4 } from "ai/test";
import { z } from "zod";
import { Policy } from "fence-policy";
import { guard } from "fence-policy/ai";

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
const tools = guarded.tools({
  newsletter_send: tool({ inputSchema: z.object({ limit: z.number() }), execute: ({ limit }) => `sent to ${limit}` }),
  list_export: tool({ inputSchema: z.object({}), execute: () => "every address" }),
});

const model = scripted([
  [
    { type: "tool-call", toolCallId: "call-1", toolName: "list_export", input: "{}" },
    { type: "tool-call", toolCallId: "call-2", toolName: "newsletter_send", input: '{"limit":500}' },
  ],
  [{ type: "text", text: "Done." }],
]);
const generate = (messages) =>
  generateText({ model, tools, toolApproval: guarded.toolApproval, stopWhen: isStepCount(5), messages });

const messages = [{ role: "user", content: "Mail the spring newsletter to everybody." }];
let result = await generate(messages);
for (
  let answers = await guarded.answers(result.content);
  answers.length > 0;
  answers = await guarded.answers(result.content)
) {
  messages.push(...result.responseMessages, { role: "tool", content: answers });
  result = await generate(messages);
}

for (const { toolName, output } of messages
  .concat(result.responseMessages)
  .filter(({ role }) => role === "tool")
  .flatMap(({ content }) => content)) {
  if (output) console.log(`${toolName}: ${output.value ?? output.reason}`);
}
console.log(result.text);

/** A model that gives these answers, one after the other. */
function scripted(answers) {
  const usage = { inputTokens: { total: 1, noCache: 1 }, outputTokens: { total: 1, text: 1 } };
  const doGenerate = async () => {
    const content = answers.shift();
    const unified = content.some(({ type }) => type === "tool-call") ? "tool-calls" : "stop";
    return { content, finishReason: { unified, raw: undefined }, usage, warnings: [] };
  };
  return new MockLanguageModelV4({ doGenerate });
}
