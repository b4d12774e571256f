"use strict";
// One decision in the program's hands.

const { attempt } = require("./errors.js");
const { known, millis } = require("./options.js");
const { answer, claim } = require("./approval.js");

const [ALLOW, ASK, DENY] = [0, 1, 2];

/** What became of one call. All but the verdict is read from the add-on when it is asked for. */
class PolicyResult {
  #host;
  #handle;
  #effect;
  #outcome;

  /** `made`: four times the handle of the add-on's decision, and its effect. */
  constructor(host, tool, made) {
    this.tool = tool;
    this.#host = host;
    this.#handle = made >>> 2;
    this.#effect = made & 3;
    host.kept.register(this, this.#handle);
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
    return this.#outcome?.reason ?? attempt(() => this.#host.native.reason(this.#handle));
  }

  get args() {
    return this.#outcome?.args ?? attempt(() => this.#host.native.args(this.#handle));
  }

  get decision() {
    return JSON.parse(attempt(() => this.#host.native.decision(this.#handle)));
  }

  get requestId() {
    return attempt(() => this.#host.native.requestId(this.#handle));
  }

  get state() {
    return this.#outcome?.state ?? this.decision.request?.state ?? null;
  }

  async waitForPeople(given) {
    const { timeout } = known(given, ["timeout"], "`waitForPeople`");
    if (this.#effect !== ASK) return this.state;
    const longest = millis(timeout, "timeout") ?? this.#host.timeout;
    this.#outcome = { state: "pending", reason: this.reason };
    this.#outcome = await answer(this.#host, this.#handle, longest === Infinity ? undefined : longest);
    return this.state;
  }

  async requestApproval(given) {
    const { exact, ...wait } = known(given, ["timeout", "exact"], "`requestApproval`");
    if (this.#effect !== ASK) return this.allowed;
    if ((await this.waitForPeople(wait)) !== "approved") return false;
    this.#outcome = await claim(this.#host, this.#handle, exact);
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
    if (this.#effect === ASK && this.#outcome === undefined) await attempt(() => this.#host.native.withdraw(this.#handle, why));
  }

  async #finish(failed, note) {
    if (this.#outcome?.state !== "claimed") return;
    await attempt(() => this.#host.native.finish(this.#handle, failed, note && String(note).slice(0, 1000)));
  }

  [Symbol.toPrimitive]() {
    throw new TypeError("a result is an object and so always true: read `allowed`, `requiresApproval` or `denied`");
  }
}

module.exports = { PolicyResult };
