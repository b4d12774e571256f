"use strict";
// What users pass, checked before it is used: a misspelt key or a wrong type must not be overlooked.

const { nearest } = require("./native.js");
const { written } = require("./values.js");

const quoted = (word) => `\`${word}\``;

/** An object that has only these keys; `undefined` is an empty one. `note` is added to what is said of another key. */
function known(given, keys, what, note = "") {
  if (given === undefined) return {};
  if (given === null || typeof given !== "object" || Array.isArray(given)) {
    throw new TypeError(`${what} is an object`);
  }
  for (const key of Object.keys(given)) {
    if (keys.includes(key)) continue;
    const near = nearest(key, keys);
    const hint = near ? `; did you mean ${quoted(near)}?` : `: use ${keys.map(quoted).join(", ")}`;
    throw new TypeError(`${what} has no ${quoted(key)}${hint}${note}`);
  }
  return given;
}

function text(value, name) {
  if (value !== undefined && typeof value !== "string") {
    throw new TypeError(`${quoted(name)} must be a text`);
  }
  return value;
}

function callable(value, name) {
  if (value !== undefined && typeof value !== "function") {
    throw new TypeError(`${quoted(name)} must be a function`);
  }
  return value;
}

/** Milliseconds; `Infinity` is as long as it takes. */
function millis(value, name) {
  if (value !== undefined && !(typeof value === "number" && value >= 0)) {
    throw new TypeError(`${quoted(name)} must be a number of milliseconds`);
  }
  return value;
}

/** Which version of a request a person looked at. */
function version(value) {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 1 && value < 2 ** 32)) return value;
  throw new TypeError("`version` must be the whole number that the request shows");
}

/** A list of texts. A text is no list of its letters: `"read_*"` would allow everything. */
function patterns(value, name) {
  if (value === undefined) return [];
  if (typeof value === "string") {
    throw new TypeError(`${quoted(name)} must be a list of patterns: write [${JSON.stringify(value)}]`);
  }
  if (!Array.isArray(value)) throw new TypeError(`${quoted(name)} must be a list of patterns`);
  for (const pattern of value) {
    if (typeof pattern !== "string") {
      throw new TypeError(`${quoted(name)} holds something that is no text: ${String(pattern)}`);
    }
  }
  return [...value];
}

const EFFECTS = ["allow", "ask", "deny"];

function effect(value, name) {
  if (value === undefined || EFFECTS.includes(value)) return value ?? "deny";
  throw new TypeError(`${quoted(name)} must be ${EFFECTS.map(quoted).join(", ")}`);
}

const WHO = ["agent", "user", "session"];
const AGENT = ["id", "parents", "roles"];

/** Who calls: an agent's id (or its path), a person, a session. */
function who({ agent, user, session }) {
  if (agent !== undefined && typeof agent !== "string") {
    const { id, parents, roles } = known(agent, AGENT, "an agent");
    if (typeof id !== "string") throw new TypeError("`agent.id` must be a text");
    agent = {
      id,
      parents: parents && patterns(parents, "agent.parents"),
      roles: roles && patterns(roles, "agent.roles"),
    };
  }
  return { agent, user: text(user, "user"), session: text(session, "session") };
}

const ARGS = " (a tool's arguments go into `{ args: { … } }`)";
const CALL = ["args", "context", "callId", "timeout", ...WHO];

/** What goes with one call. `who` is left out where only arguments are given: that is the fast way. */
function call(given) {
  const { args, context, callId, timeout, ...rest } = known(given, CALL, "a call", ARGS);
  millis(timeout, "timeout");
  if (context === undefined && callId === undefined && Object.keys(rest).length === 0) return { args: written(args), timeout };
  return {
    args: written(args),
    timeout,
    who: { ...who(rest), context: written(context), callId: text(callId, "callId") },
  };
}

module.exports = { known, text, callable, millis, version, patterns, effect, who, call, WHO };
