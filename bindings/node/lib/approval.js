"use strict";
// One request on its way through people: the program's own callback first, then everybody else, then
// the claim that releases the call once.

const { attempt } = require("./errors.js");
const { known } = require("./options.js");

const ANSWER = ["approve", "edit", "note", "refuse"];
const LONGEST = 500;

/** Waits for an answer, `timeout` milliseconds at most: `{ state, reason }`. With 0 it only looks. */
async function answer({ native, onApproval, approver }, handle, timeout) {
  const begun = performance.now();
  if (onApproval && timeout !== 0) {
    const request = attempt(() => native.request(native.requestId(handle)));
    const refused = await callBack(native, onApproval, approver, request, timeout);
    if (refused !== null) return { state: "denied", reason: refused };
  }
  const left = timeout === undefined ? undefined : Math.max(0, timeout - (performance.now() - begun));
  return attempt(() => native.wait(handle, left));
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
async function callBack(native, onApproval, approver, request, timeout) {
  const { id, version, state, tool, args, expiresAt } = request;
  if (state !== "pending") return null;
  const longest = timeout ?? Date.parse(expiresAt) - Date.now();
  const said = await asked(() => onApproval(tool, args), longest);
  if (said === null) return null;
  if (said.refuse === undefined) {
    const { edit, note } = said;
    const voted = native.approve(id, approver, { version, edit, note });
    const failed = await voted.then(
      () => null,
      (error) => error,
    );
    // Where the vote does not count, other people decide; a change out of bounds is no answer.
    if (failed === null || edit === undefined) return null;
    said.refuse = bounded(`the callback's change cannot be made: ${failed.message}`);
  }
  // A no stands here even where this approver is not one of those who are asked.
  await native.refuse(id, approver, { version, note: said.refuse }).catch(() => {});
  return said.refuse;
}

/** `{ edit, note }`, `{ refuse }`, or null for "ask others". Whatever else happens refuses. */
async function asked(ask, longest) {
  let timer;
  const late = new Promise((resolve) => {
    const tell = () => resolve({ refuse: "the callback gave no answer in time" });
    timer = setTimeout(tell, Math.min(longest, 2 ** 31 - 1));
  });
  try {
    return read(await Promise.race([(async () => ask())(), late]));
  } catch (error) {
    return { refuse: bounded(`the callback failed: ${error?.message ?? error}`) };
  } finally {
    clearTimeout(timer);
  }
}

function read(said) {
  if (said === null || said === undefined) return null;
  if (said === true) return {};
  if (said === false) return { refuse: "the callback refused" };
  if (typeof said !== "object") {
    return { refuse: bounded(`the callback answered ${typeof said}, not true, false or null`) };
  }
  const { approve, edit, note, refuse } = known(said, ANSWER, "the callback's answer");
  if (typeof refuse === "string" && approve !== true) return { refuse: bounded(refuse) };
  if (approve === true && refuse === undefined) return { edit, note };
  return { refuse: "the callback answered neither `approve: true` nor a `refuse` reason" };
}

const bounded = (words) => String(words).slice(0, LONGEST).trim() || "no reason given";

module.exports = { answer, claim };
