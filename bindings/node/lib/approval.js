"use strict";
// One request on its way through people: the program's own callback first, then everybody else, then
// the claim that releases the call once.

const { attempt, words } = require("./errors.js");
const { asked, short } = require("./callback.js");
const { written } = require("./values.js");

/** Waits for an answer, `timeout` milliseconds at most: `{ state, reason }`. With 0 it only looks. */
async function answer(host, handle, timeout) {
  const begun = performance.now();
  if (host.onApproval && timeout !== 0) {
    const refused = await callBack(host, handle, timeout);
    if (refused !== null) return { state: "denied", reason: refused };
  }
  const left = timeout === undefined ? undefined : Math.max(0, timeout - (performance.now() - begun));
  return attempt(() => host.native.wait(handle, left));
}

/** Uses an approval: `{ args }`, the arguments to make the call with, or `{ state, reason }`. */
async function claim({ native }, handle, exact = false) {
  const { digest } = attempt(() => native.request(native.requestId(handle)));
  if (exact && digest !== JSON.parse(native.decision(handle)).digest) {
    return { state: "edited", reason: "the approver changed the call" };
  }
  try {
    return { state: "claimed", args: await native.claim(handle, exact) };
  } catch (error) {
    return { state: "unclaimed", reason: error.message };
  }
}

/** Asks the program's callback; its answer is the approver's vote. Answers why it refuses, else null. */
async function callBack({ native, onApproval, approver }, handle, timeout) {
  const shown = () => attempt(() => native.request(native.requestId(handle)));
  const { id, version, state, tool, args, expiresAt } = shown();
  if (state !== "pending") return null;
  const longest = timeout ?? Date.parse(expiresAt) - Date.now();
  // What the callback gets is its own: what it changes there is compared with what stands in the request.
  const said = await asked(() => onApproval(tool, args), longest, { before: shown().args, after: args });
  if (said === null) return null;
  if (said.refuse === undefined) {
    const failed = await vote(() => native.approve(id, approver, { version, edit: written(said.edit), note: said.note }));
    // Where the vote does not count, other people decide; a change out of bounds is no answer.
    if (failed === null || said.edit === undefined) return null;
    said.refuse = short(`the callback's change cannot be made: ${failed}${said.hint ?? ""}`);
  }
  // A no stands here even where this approver is not one of those who are asked.
  await vote(() => native.refuse(id, approver, { version, note: said.refuse }));
  return said.refuse;
}

/** Null, or why the vote does not count. */
async function vote(cast) {
  try {
    await cast();
    return null;
  } catch (error) {
    return words(error);
  }
}

module.exports = { answer, claim };
