"use strict";
// What a model is told of a call that is not made.

const { Denied } = require("./errors.js");

/** The refusal of a result that was denied, or that nobody approved. */
function refusal(result) {
  const { tool, reason, requestId, decision, state } = result;
  const words = state === "pending" ? waiting(tool, decision.request) : over(tool, reason, decision.instead);
  return new Denied(words, { tool, reason, requestId, decision });
}

function waiting(tool, { id, expires_at: until }) {
  return (
    `Not done: \`${tool}\` needs a person's approval and nobody has answered yet (request ${id}, open until ${until}). ` +
    "Go on with something else. To use the approval once it is given, make exactly the same call again."
  );
}

function over(tool, reason, instead) {
  const next = instead ? "" : " Do not repeat this call: find another way, or tell the user that it is not permitted.";
  return `Not done: \`${tool}\` was refused: ${reason.replace(/\.$/, "")}.${next}`;
}

module.exports = { refusal };
