"use strict";
// Fence for the OpenAI Agents SDK: function tools whose calls a policy judges.

const { Guard, Denied } = require("./lib/guard.js");
const { refusal } = require("./lib/refusal.js");

class OpenAIGuard extends Guard {
  tools(tools) {
    return tools.map((tool) => this.tool(tool));
  }

  tool(tool) {
    if (tool?.type !== "function" || typeof tool.invoke !== "function") {
      throw new TypeError(
        `\`${tool?.name}\` is no function tool: what does not run in this process cannot be stopped here`,
      );
    }
    this.guarding(tool.name);
    return {
      ...tool,
      needsApproval: async (context, input, callId) => {
        const { requiresApproval } = await this.judge(tool.name, input, callId);
        return requiresApproval || tool.needsApproval(context, input, callId);
      },
      invoke: (context, input, details) => this.#invoke(tool, context, input, details),
    };
  }

  /** A refusal is the tool's output, so that the model reads what to do instead. */
  async #invoke(tool, context, input, details) {
    const run = (args) => tool.invoke(context, JSON.stringify(args), details);
    try {
      return await this.run(tool.name, parsed(input), details?.toolCall?.callId, run);
    } catch (error) {
      if (error instanceof Denied) return error.message;
      throw error;
    }
  }

  async settle(run, options) {
    const state = typeof run.getInterruptions === "function" ? run : run.state;
    const open = await Promise.all(state.getInterruptions().map((item) => this.#settle(state, item, options)));
    return open.filter((item) => item !== undefined);
  }

  /** Answers an interruption in the run's state, or gives it back. */
  async #settle(state, item, options) {
    if (!this.guards(item.name)) return item;
    const result = await this.judge(item.name, parsed(item.arguments), item.rawItem.callId);
    // The tool's own `needsApproval` asks; that is for somebody else to answer.
    if (result.allowed) return item;
    await result.waitForPeople(options);
    if (result.state === "pending") return item;
    if (result.state === "approved") state.approve(item);
    else state.reject(item, { message: refusal(result).message });
    return undefined;
  }
}

/** What is no JSON stays a text: no arguments, so the call is denied. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const guard = (policy, who) => new OpenAIGuard(policy, who);

module.exports = { guard };
