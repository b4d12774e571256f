"use strict";
// Fence for the Vercel AI SDK: tools whose calls a policy judges.

const { Guard } = require("./lib/guard.js");
const { refusal } = require("./lib/refusal.js");

class AiGuard extends Guard {
  tools(tools) {
    return Object.fromEntries(Object.entries(tools).map(([name, tool]) => [name, this.#tool(name, tool)]));
  }

  #tool(name, tool) {
    if (typeof tool?.execute !== "function") {
      throw new TypeError(`\`${name}\` has no \`execute\`: what does not run in this process cannot be stopped here`);
    }
    this.guarding(name, tool);
    const execute = (input, options) =>
      this.run(name, input, options?.toolCallId, async (args) => last(await tool.execute(args, options)));
    return { ...tool, execute };
  }

  /** For `toolApproval` of `generateText`, `streamText` and agents. */
  get toolApproval() {
    return async ({ toolCall: { toolName, input, toolCallId }, messages, toolsContext }) => {
      if (!this.guards(toolName)) return undefined;
      if (await this.#itself(toolName, input, { toolCallId, messages, context: toolsContext?.[toolName] })) {
        return { type: "user-approval" };
      }
      const result = await this.judge(toolName, input, toolCallId);
      if (result.allowed) this.runsNow(result, input, toolCallId);
      if (result.allowed) return "not-applicable";
      if (result.denied) return { type: "denied", reason: refusal(result).message };
      return { type: "user-approval", reason: result.reason };
    };
  }

  /** The framework leaves a tool's own `needsApproval` out where there is a `toolApproval`. */
  #itself(name, input, options) {
    return this.asksItself(name, ({ needsApproval: own }) => (typeof own === "function" ? own(input, options) : own));
  }

  async answers(content, options) {
    const asked = content.filter((part) => part.type === "tool-approval-request" && !part.isAutomatic);
    const answers = await Promise.all(asked.map((part) => this.#answer(part, options)));
    return answers.filter((answer) => answer !== undefined);
  }

  async #answer({ approvalId, toolCall: { toolName, input, toolCallId } }, options) {
    if (!this.guards(toolName)) return undefined;
    const itself = await this.#itself(toolName, input, { toolCallId, messages: [] });
    const result = await this.judge(toolName, input, toolCallId);
    await result.waitForPeople(options);
    if (result.state === "pending") return undefined;
    if (!result.allowed && result.state !== "approved") {
      return { type: "tool-approval-response", approvalId, approved: false, reason: refusal(result).message };
    }
    if (result.allowed) this.runsNow(result, input, toolCallId);
    // The tool's own `needsApproval` asks as well: that is for somebody else to answer.
    return itself ? undefined : { type: "tool-approval-response", approvalId, approved: true };
  }
}

/** The last value of a tool that yields several. */
async function last(output) {
  if (typeof output?.[Symbol.asyncIterator] !== "function") return output;
  let value;
  for await (value of output);
  return value;
}

const guard = (policy, who) => new AiGuard(policy, who);

module.exports = { guard };
