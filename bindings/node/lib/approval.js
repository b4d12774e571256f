"use strict";
// One request on its way through people: the program's own callback first, then everybody else, then
// the claim that releases the call once.

const { attempt } = require("./errors.js");
const { known } = require("./options.js");

const ANSWER = ["approve", "edit", "note", "refuse"];
const LONGEST = 500;

/**
 * Waits for an answer, `timeout` milliseconds at most, and uses an approval.
 * Answers `{ args }` with the arguments to make the call with, or `{ state, reason }`.
 */
async function approval({ native, onApproval, approver }, verdict, { timeout, exact = false }) {
  const until = timeout === undefined ? undefined : performance.now() + timeout;
  const left = () => (until === undefined ? undefined : Math.max(0, until - performance.now()));
  const request = () => attempt(() => native.request(verdict.requestId));
  if (onApproval) {
    const refused = await callBack(native, onApproval, approver, request(), left());
    if (refused !== null) return { state: "denied", reason: refused };
  }
  const { state, reason } = await attempt(() => verdict.wait(left()));
  if (state !== "approved") return { state, reason };
  if (exact && request().digest !== JSON.parse(verdict.decision).digest) {
    return { state: "edited", reason: "the approver changed the call" };
  }
  try {
    return { args: await verdict.claim(exact) };
  } catch (error) {
    return { state: "unclaimed", reason: error.message };
  }
}

/** Asks the program's callback and counts its answer as the approver's vote. Answers why it refuses, else null. */
async function callBack(native, onApproval, approver, { id, version, state, tool, args, expiresAt }, left) {
  if (state !== "pending") return null;
  const longest = left ?? Date.parse(expiresAt) - Date.now();
  const answer = await answered(() => onApproval(tool, args), longest);
  if (answer === null) return null;
  if (answer.refuse === undefined) {
    const { edit, note } = answer;
    const failed = await native.approve(id, approver, { version, edit, note }).then(() => null, (error) => error);
    // Where the vote does not count, other people decide; a change that is out of bounds is no answer.
    if (failed === null || edit === undefined) return null;
    answer.refuse = bounded(`the callback's change cannot be made: ${failed.message}`);
  }
  // A no stands here even where this approver is not one of those who are asked.
  await native.refuse(id, approver, { version, note: answer.refuse }).catch(() => {});
  return answer.refuse;
}

/** What the callback says: `{ edit, note }`, `{ refuse }`, or null for "ask others". Whatever else happens refuses. */
async function answered(ask, longest) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, Math.min(longest, 2 ** 31 - 1), { refuse: "the callback gave no answer in time" });
  });
  try {
    return read(await Promise.race([(async () => ask())(), late]));
  } catch (error) {
    return { refuse: bounded(`the callback failed: ${error?.message ?? error}`) };
  } finally {
    clearTimeout(timer);
  }
}

function read(answer) {
  if (answer === null || answer === undefined) return null;
  if (answer === true) return {};
  if (answer === false) return { refuse: "the callback refused" };
  if (typeof answer !== "object") return { refuse: `the callback answered neither true, false nor null but ${bounded(answer)}` };
  const { approve, edit, note, refuse } = known(answer, ANSWER, "the callback's answer");
  if (typeof refuse === "string" && approve !== true) return { refuse: bounded(refuse) };
  if (approve === true && refuse === undefined) return { edit, note };
  return { refuse: "the callback answered with neither `approve: true` nor a `refuse` reason" };
}

const bounded = (words) => String(words).slice(0, LONGEST) || "no reason given";

module.exports = { approval };
