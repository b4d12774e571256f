"use strict";
// Fence for the OpenAI Agents SDK: function tools whose calls a policy judges.

const { isDeepStrictEqual } = require("node:util");
const { Guard, Denied } = require("./lib/guard.js");
const { value } = require("./lib/native.js");
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
    this.guarding(tool.name, tool);
    return {
      ...tool,
      needsApproval: (context, input, callId) => this.#needsApproval(tool, context, input, callId),
      invoke: (context, input, details) => this.#invoke(tool, context, input, details),
    };
  }

  async #needsApproval(tool, context, input, callId) {
    // Where the tool itself asks, the call does not run now: it is judged when it is settled, or when it runs.
    if (await tool.needsApproval(context, input, callId)) return true;
    const result = await this.judge(tool.name, input, callId);
    if (result.allowed) this.runsNow(result, input, callId);
    return result.requiresApproval;
  }

  /** A refusal is the tool's output, so that the model reads what to do instead. */
  async #invoke(tool, context, input, details) {
    const run = (args) => exactly(tool, spelled(tool, args), details, (text) => tool.invoke(context, text, details));
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
    const [args, { callId }] = [parsed(item.arguments), item.rawItem];
    const itself = await this.asksItself(item.name, (tool) => tool.needsApproval(state._context, args, callId));
    const result = await this.judge(item.name, args, callId);
    await result.waitForPeople(options);
    if (result.state === "pending") return item;
    if (!result.allowed && result.state !== "approved") {
      state.reject(item, { message: refusal(result).message });
      return undefined;
    }
    if (result.allowed) this.runsNow(result, args, callId);
    // The tool's own `needsApproval` asks as well: that is for somebody else to answer.
    if (itself) return item;
    state.approve(item);
    return undefined;
  }
}

/** Arguments as they are written, exact. What is no strict JSON stays a text: no arguments, so the call is denied. */
function parsed(text) {
  try {
    return value(text);
  } catch {
    return text;
  }
}

/** The text from which the tool reads its arguments; the SDK reads numbers as JavaScript does. */
function spelled(tool, args) {
  return JSON.stringify(args, (_, member) => {
    if (typeof member !== "bigint") return member;
    const number = Number(member);
    if (Number.isFinite(number) && BigInt(number) === member) return number;
    throw changed(tool, `the number ${member} cannot reach the tool exactly; give it as a text`);
  });
}

/** What the SDK calls, just before a tool runs, with what the tool's schema made of the arguments. */
const LOOK = "openai.agents.functionToolParsedInputCallback";

/** Runs a tool, but stops it where its schema makes other arguments of those that were judged. */
async function exactly(tool, text, details, run) {
  const look = Object.getOwnPropertySymbols(details ?? {}).find(({ description }) => description === LOOK);
  if (look === undefined) throw changed(tool, "it is not told here what the tool's schema makes of the arguments");
  const tell = details[look];
  let stopped;
  details[look] = (input) => {
    if (isDeepStrictEqual(JSON.parse(JSON.stringify(input)), JSON.parse(text))) return tell?.(input);
    throw (stopped = changed(tool, "the tool's schema makes other arguments of those that were judged"));
  };
  // The SDK makes its own text of an error.
  const output = await run(text).catch((error) => Promise.reject(stopped ?? error));
  if (stopped !== undefined) throw stopped;
  return output;
}

const changed = ({ name }, reason) =>
  new Denied(`Not done: \`${name}\` was refused: ${reason}.`, { tool: name, reason });

const guard = (policy, who) => new OpenAIGuard(policy, who);

module.exports = { guard };
