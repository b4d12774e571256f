"use strict";
// Strategies in JavaScript: what stands after `auto via` in a policy, answered by a function of the host.

const { words } = require("./errors.js");
const { known, text, callable } = require("./options.js");
const { value } = require("./native.js");

const KEYS = ["ask", "summary", "deadline", "parameters"];
const PARAMETER = ["kind", "required"];

/** The strategies as the add-on wants them described, and the function that it asks. */
function strategies(given, answer) {
  const asked = new Map();
  const described = Object.entries(known(given, Object.keys(given ?? {}), "`strategies`")).map(([name, strategy]) => {
    const {
      ask,
      summary,
      deadline = 1000,
      parameters,
    } = typeof strategy === "function" ? { ask: strategy } : known(strategy, KEYS, `the strategy \`${name}\``);
    if (callable(ask, "ask") === undefined) throw new TypeError(`the strategy \`${name}\` needs \`ask\`, a function`);
    if (!(Number.isInteger(deadline) && deadline > 0 && deadline <= 60_000)) {
      throw new TypeError("`deadline` must be a whole number of milliseconds, at most 60000");
    }
    asked.set(name, ask);
    return {
      name,
      summary: text(summary, "summary") ?? "",
      deadline,
      parameters: Object.entries(parameters ?? {}).map(parameter),
    };
  });
  if (described.length === 0) return { strategies: [] };
  const ask = async (id, name, question) => answer(id, await answered(asked.get(name), question));
  return { strategies: described, ask: (id, name, question) => void ask(id, name, question).catch(() => {}) };
}

function parameter([name, given]) {
  const { kind, required = true } =
    typeof given === "string" ? { kind: given } : known(given, PARAMETER, `the parameter \`${name}\``);
  if (typeof kind !== "string") throw new TypeError(`the parameter \`${name}\` needs a \`kind\`, such as "field"`);
  return { name, kind, required: Boolean(required) };
}

/** The answer as JSON. The add-on reads it strictly; what is no proper answer is unknown. */
async function answered(ask, question) {
  try {
    const answer = await ask(value(question));
    return JSON.stringify(typeof answer === "string" ? { outcome: answer } : answer) ?? "";
  } catch (error) {
    return JSON.stringify({ outcome: "unknown", reason: `the strategy failed: ${words(error)}` });
  }
}

module.exports = { strategies };
