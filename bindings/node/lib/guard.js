"use strict";
// What the adapters have in common: tools of a framework, each call of which is judged and authorized.

const { Denied } = require("./errors.js");
const { call } = require("./options.js");
const { finished } = require("./policy.js");

/** Guards tools by a policy. A call keeps its id, so that a run that is resumed meets the same verdict. */
class Guard {
  #policy;
  #who;
  #names = new Set();

  constructor(policy, who = {}) {
    call(who);
    this.#policy = policy;
    this.#who = who;
  }

  /** From now on this tool is guarded here. */
  guarding(name) {
    this.#names.add(name);
  }

  guards(name) {
    return this.#names.has(name);
  }

  /** The verdict on a call. */
  judge(tool, args, callId) {
    return this.#policy.checkAsync(tool, { ...this.#who, args, callId });
  }

  /** Runs a call with its approved arguments, or throws `Denied`. People answer elsewhere: nothing is held here. */
  async run(tool, args, callId, run) {
    const authorized = await this.#policy.authorize(tool, args, { timeout: 0, ...this.#who, callId });
    return finished(authorized, () => run(authorized.args));
  }
}

module.exports = { Guard, Denied };
