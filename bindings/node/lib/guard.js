"use strict";
// What the adapters have in common: tools of a framework, each call of which is judged and authorized.

const { Denied } = require("./errors.js");
const { call, known, WHO } = require("./options.js");
const { finished } = require("./policy.js");
const { written } = require("./values.js");

/** For how long a call that was found allowed may begin, in milliseconds; after that it is judged anew. */
const FRESH = 10_000;
const MOST = 1_000;

/**
 * Guards tools by a policy. The framework's ids are a model's words, so no verdict hangs on them: an open request and
 * a refusal are found again by the call itself, and what is allowed is judged, and counted, once for each time it runs.
 */
class Guard {
  #policy;
  #who;
  #tools = new Map();
  #allowed = new Map();

  constructor(policy, who) {
    call(known(who, [...WHO, "context"], "a guard"));
    this.#policy = policy;
    this.#who = who;
  }

  /** From now on this tool is guarded here. */
  guarding(name, tool) {
    this.#tools.set(name, [...this.#alive(name), tool].map((each) => new WeakRef(each)));
  }

  /** The tools of that name that somebody still holds: a program may make its tools anew for each request. */
  #alive(name) {
    const tools = (this.#tools.get(name) ?? []).map((tool) => tool.deref());
    return tools.filter((tool) => tool !== undefined);
  }

  guards(name) {
    return this.#tools.has(name);
  }

  /** Whether a tool of that name asks for an approval of its own, which is not Fence's to give. */
  async asksItself(name, ask) {
    try {
      const asked = await Promise.all(this.#alive(name).map(ask));
      return asked.length === 0 || asked.some(Boolean);
    } catch {
      return true;
    }
  }

  /** The verdict on a call. */
  async judge(tool, args, callId) {
    const result = await this.#policy.checkAsync(tool, { ...this.#who, args });
    if (!result.allowed) this.#allowed.delete(key(tool, args, callId));
    return result;
  }

  /** The call runs now, by this verdict: it is not counted again. */
  runsNow(result, args, callId) {
    const [of, now] = [key(result.tool, args, callId), performance.now()];
    const results = (this.#allowed.get(of) ?? []).filter(({ until }) => until > now);
    this.#allowed.delete(of);
    this.#allowed.set(of, [...results, { result, until: now + FRESH }]);
    if (this.#allowed.size > MOST) this.#allowed.delete(this.#allowed.keys().next().value);
  }

  #allowedNow(of) {
    const results = this.#allowed.get(of) ?? [];
    const last = results.pop();
    if (results.length === 0) this.#allowed.delete(of);
    return last !== undefined && last.until > performance.now() ? last.result : undefined;
  }

  /** Runs a call with its approved arguments, or throws `Denied`. People answer elsewhere: nothing is held here. */
  async run(tool, args, callId, run) {
    const allowed = this.#allowedNow(key(tool, args, callId));
    if (allowed !== undefined) return run(allowed.args);
    const authorized = await this.#policy.authorize(tool, args, { ...this.#who, timeout: 0 });
    return finished(authorized, () => run(authorized.args));
  }
}

const key = (tool, args, callId) => JSON.stringify([tool, callId, written(args)]);

module.exports = { Guard, Denied };
