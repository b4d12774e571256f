"use strict";
// One decision in the program's hands.

const { attempt } = require("./errors.js");
const { known, millis } = require("./options.js");
const { answer, claim } = require("./approval.js");

const [ALLOW, ASK, DENY] = [0, 1, 2];

/** What became of one call. All but the verdict is read from the add-on when it is asked for. */
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

  get state() {
    return this.#outcome?.state ?? this.decision.request?.state ?? null;
  }

  async waitForPeople(given) {
    const { timeout } = known(given, ["timeout"], "`waitForPeople`");
    if (this.#effect !== ASK) return this.state;
    const longest = millis(timeout, "timeout") ?? this.#host.timeout;
    this.#outcome = { state: "pending", reason: this.reason };
    this.#outcome = await answer(this.#host, this.#verdict, longest);
    return this.state;
  }

  async requestApproval(given) {
    const { exact, ...wait } = known(given, ["timeout", "exact"], "`requestApproval`");
    if (this.#effect !== ASK) return this.allowed;
    if ((await this.waitForPeople(wait)) !== "approved") return false;
    this.#outcome = await claim(this.#host, this.#verdict, exact);
    return this.state === "claimed";
  }

  async done(note) {
    await this.#finish(false, note);
  }

  async failed(note) {
    await this.#finish(true, note);
  }

  /** Withdraws the request, where nobody waits for it. */
  async withdraw(why) {
    if (this.#effect === ASK && this.#outcome === undefined) await attempt(() => this.#verdict.withdraw(why));
  }

  async #finish(failed, note) {
    if (this.#outcome?.state !== "claimed") return;
    await attempt(() => this.#verdict.finish(failed, note && String(note).slice(0, 1000)));
  }

  [Symbol.toPrimitive]() {
    throw new TypeError("a result is an object and so always true: read `allowed`, `requiresApproval` or `denied`");
  }
}

module.exports = { PolicyResult };
