"use strict";
// What the program's own callback says about a call. Whatever is no proper answer refuses, and says why.

const { isDeepStrictEqual } = require("node:util");
const { words } = require("./errors.js");
const { known, text } = require("./options.js");
const { isPlain } = require("./values.js");

const ANSWER = ["approve", "edit", "note", "refuse"];
const LONGEST = 500;
const LATE = { refuse: "the callback gave no answer in time" };
const HINT = "; a change is given as `{ approve: true, edit: { \"args.…\": … } }`";

/**
 * `{ edit, note, hint }`, `{ refuse }`, or null for "ask others". What the callback changed in its own copy of the
 * arguments, from `before` to `after`, is its edit.
 */
async function asked(ask, longest, { before, after }) {
  const begun = performance.now();
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve(LATE), Math.min(longest, 2 ** 31 - 1));
  });
  try {
    const said = await Promise.race([(async () => ask())(), late]);
    // Who holds up the thread holds up the timer as well.
    const answered = performance.now() - begun > longest ? LATE : read(said);
    return answered === null || answered.refuse !== undefined ? bounded(answered) : changed(answered, before, after);
  } catch (error) {
    return bounded({ refuse: `the callback failed: ${words(error)}` });
  } finally {
    clearTimeout(timer);
  }
}

function read(said) {
  if (said === null || said === undefined) return null;
  if (said === true) return {};
  if (said === false) return { refuse: "the callback refused" };
  if (typeof said !== "object") return { refuse: `the callback answered ${typeof said}, not true, false or null` };
  // Its own members only: what a prototype lends is not said.
  const { approve, edit, note, refuse } = { ...known(said, ANSWER, "the callback's answer") };
  text(note, "note");
  if (typeof refuse === "string" && approve !== true) return { refuse };
  if (approve !== true || refuse !== undefined) {
    return { refuse: "the callback answered neither `approve: true` nor a `refuse` reason" };
  }
  if (edit === undefined) return { note };
  if (edit === null || typeof edit !== "object" || !isPlain(edit)) {
    return { refuse: "the callback's `edit` is no object of fields and their new values" };
  }
  return Object.keys(edit).length === 0 ? { note } : { edit, note };
}

/** An approval with what was changed in place. */
function changed(said, before, after) {
  const made = {};
  compare(before, after, "args", made);
  if (Object.keys(made).length === 0) return said;
  if (said.edit === undefined) return { ...said, edit: made, hint: HINT };
  if (isDeepStrictEqual(said.edit, made)) return said;
  return { refuse: `the callback changed the arguments in place, and not as its \`edit\` says${HINT}` };
}

function compare(before, after, place, made) {
  if (isDeepStrictEqual(before, after)) return;
  if (!alike(before, after)) made[place] = after;
  else for (const key of Object.keys(before)) compare(before[key], after[key], `${place}.${key}`, made);
}

/** Whether both are objects with the same members. */
function alike(...both) {
  if (!both.every((value) => value !== null && typeof value === "object" && !Array.isArray(value))) return false;
  const [one, other] = both.map((value) => Object.keys(value).sort());
  return isDeepStrictEqual(one, other);
}

const bounded = (said) => (said === null ? null : { refuse: short(said.refuse) });

/** A reason as long as one may be. */
const short = (reason) => reason.slice(0, LONGEST).trim() || "no reason given";

module.exports = { asked, short };
