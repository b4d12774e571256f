"use strict";
// A policy with the gate that enforces it.

const { Gate } = require("./native.js");
const { FenceError, attempt, words } = require("./errors.js");
const options = require("./options.js");
const { PolicyResult } = require("./result.js");
const { refusal } = require("./refusal.js");
const { strategies } = require("./strategies.js");
const { written } = require("./values.js");

const LISTS = ["allow", "requireApproval", "deny", "default"];
const HOST = ["name", "onApproval", "approver", "timeout", "database", "strategies", ...options.WHO];

/** Where a policy comes from, when not from lists. */
class Source {
  constructor(given) {
    Object.assign(this, given);
  }
}

class Policy {
  #host;
  #native;
  #bare = new Map();

  constructor(given, source) {
    const written = source instanceof Source ? source : undefined;
    const all = options.known(given, written ? HOST : [...LISTS, ...HOST], "a policy");
    const approver = options.text(all.approver, "approver") ?? "approver";
    const asked = strategies(all.strategies, (id, answer) => this.#native.answer(id, answer));
    const setup = {
      ...asked,
      ...(written ?? { lists: lists(all) }),
      approver,
      name: options.text(all.name, "name"),
      database: options.text(all.database, "database"),
      caller: options.who(all),
    };
    this.#native = attempt(() => new Gate(setup));
    const [onApproval, timeout] = [
      options.callable(all.onApproval, "onApproval"),
      options.millis(all.timeout, "timeout"),
    ];
    const native = this.#native;
    // Results that nobody holds any more let their decisions go.
    const kept = new FinalizationRegistry((handle) => native.release(handle));
    this.#host = { native, kept, approver, onApproval, timeout };
  }

  static fromFile(paths, given) {
    const files = typeof paths === "string" ? [paths] : options.patterns(paths, "paths");
    if (files.length === 0) throw new TypeError("`fromFile` needs the path of a policy");
    return new this(given, new Source({ files }));
  }

  static fromText(text, given) {
    if (typeof text !== "string") throw new TypeError("`fromText` needs the policy's text");
    return new this(given, new Source({ text }));
  }

  check(tool, given) {
    named(tool);
    const { args, who } = options.call(given);
    const result = new PolicyResult(
      this.#host,
      tool,
      attempt(() => this.#native.check(tool, args, who)),
    );
    if (given === undefined && result.requiresApproval) this.#bare.set(tool, result);
    return result;
  }

  async checkAsync(tool, given) {
    named(tool);
    return this.#decide(tool, options.call(given));
  }

  async #decide(tool, { args, who }) {
    return new PolicyResult(this.#host, tool, await attempt(() => this.#native.checkAsync(tool, args, who)));
  }

  async requestApproval(tool, given) {
    named(tool);
    const call = options.call(given);
    await this.#supersede(tool);
    const result = await this.#decide(tool, call);
    const approved = await result.requestApproval({ timeout: call.timeout, exact: true });
    if (result.state !== "edited") return approved;
    throw new FenceError(
      "the approver changed the call, and `requestApproval` cannot hand the change over: use `authorize`, or `requestApproval` of the result",
    );
  }

  /** `check(tool)` opened a request without arguments; what is asked now stands in its place. */
  async #supersede(tool) {
    const bare = this.#bare.get(tool);
    this.#bare.delete(tool);
    await bare?.withdraw("asked again with its arguments").catch(() => {});
  }

  async authorize(tool, args, given) {
    named(tool);
    const call = options.call({ ...given, args });
    const result = await this.#decide(tool, call);
    if (!(await result.requestApproval({ timeout: call.timeout }))) throw refusal(result);
    return { tool, args: result.args, done: (note) => result.done(note), failed: (note) => result.failed(note) };
  }

  tool(name, run, given) {
    named(name);
    if (options.callable(run, "run") === undefined) throw new TypeError("`tool` needs a function to run");
    options.known(given, ["context", "timeout", ...options.WHO], "a tool");
    options.call(given);
    return async (args, ...more) => {
      if (more.length > 0) throw new TypeError(`\`${name}\` takes one object of arguments: nothing else is judged`);
      const call = await this.authorize(name, args, given);
      return finished(call, () => run(call.args));
    };
  }

  pending() {
    return attempt(() => this.#native.pending());
  }

  async approve(id, person, given) {
    const { version, edit, note } = options.known(given, ["version", "edit", "note"], "an approval");
    const answer = { version: options.version(version), edit: written(edit), note: options.text(note, "note") };
    return attempt(() => this.#native.approve(id, person, answer));
  }

  async refuse(id, person, reason, given) {
    const { version } = options.known(given, ["version"], "a refusal");
    const answer = { version: options.version(version), note: options.text(reason, "reason") };
    return attempt(() => this.#native.refuse(id, person, answer));
  }

  get auditTrail() {
    return attempt(() => this.#native.log());
  }
}

/** Runs an authorized call and says what became of it. Where that cannot be recorded, the request stays `unknown`. */
async function finished(call, run) {
  let value;
  try {
    value = await run();
  } catch (error) {
    await call.failed(words(error)).catch(() => {});
    throw error;
  }
  await call.done().catch(() => {});
  return value;
}

function lists(all) {
  const written = {
    allow: options.patterns(all.allow, "allow"),
    requireApproval: options.patterns(all.requireApproval, "requireApproval"),
    deny: options.patterns(all.deny, "deny"),
    default: options.effect(all.default, "default"),
  };
  if (written.allow.length + written.requireApproval.length + written.deny.length > 0) return written;
  throw new TypeError("a policy needs a pattern: give `allow`, `requireApproval` or `deny` at least one");
}

function named(tool) {
  if (typeof tool !== "string") throw new TypeError("a tool is named by a text");
}

module.exports = { Policy, finished };
