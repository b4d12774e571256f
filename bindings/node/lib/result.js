"use strict";
// One decision in the program's hands.

const { attempt } = require("./errors.js");
const { known, millis } = require("./options.js");
const { approval } = require("./approval.js");

const [ALLOW, ASK, DENY] = [0, 1, 2];

/** What became of one call. Everything but the verdict is read from the add-on when it is asked for. */
class PolicyResult {
  #host;
  #verdict;
  #effect;
  #outcome;

  constructor(host, tool, verdict) {
    this.tool = tool;
    this.#host = host;
    this.#verdict = verdict;
    this.#effect = verdict.effect;
  }

  get allowed() {
    return this.#effect === ALLOW;
  }

  get requiresApproval() {
    return this.#effect === ASK;
  }

  get denied() {
    return this.#effect === DENY;
  }

  get reason() {
    return this.#outcome?.reason ?? this.#verdict.reason;
  }

  get args() {
    return this.#outcome?.args ?? attempt(() => this.#verdict.args);
  }

  get decision() {
    return JSON.parse(this.#verdict.decision);
  }

  get requestId() {
    return this.#verdict.requestId;
  }

  /** How the request stands after `requestApproval`. */
  get state() {
    return this.#outcome?.state ?? null;
  }

  async requestApproval(options) {
    const { timeout, exact } = known(options, ["timeout", "exact"], "`requestApproval`");
    if (this.#effect !== ASK) return this.allowed;
    const wait = { timeout: millis(timeout, "timeout") ?? this.#host.timeout, exact };
    this.#outcome = await approval(this.#host, this.#verdict, wait);
    return this.#outcome.args !== undefined;
  }

  /** Says that the approved call was made. */
  async done(note) {
    await this.#finish(false, note);
  }

  /** Says that the approved call was made, and failed. */
  async failed(note) {
    await this.#finish(true, note);
  }

  async #finish(failed, note) {
    if (this.#outcome?.args === undefined) return;
    await attempt(() => this.#verdict.finish(failed, note && String(note).slice(0, 1000)));
  }

  [Symbol.toPrimitive]() {
    throw new TypeError("a result is an object and so always true: read `allowed`, `requiresApproval` or `denied`");
  }
}

module.exports = { PolicyResult };
