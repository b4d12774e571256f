"use strict";
// What is thrown: a mistake of the program (`TypeError`), a fault (`FenceError`), a refusal (`Denied`).

/** Something that Fence cannot do; the call in question must not be made. */
class FenceError extends Error {
  name = "FenceError";
}

/** A call that is not to be made. The message is for the model: why, and what to do instead. */
class Denied extends FenceError {
  name = "Denied";

  constructor(message, { tool, reason, requestId = null, decision }) {
    super(message);
    Object.assign(this, { tool, reason, requestId, decision });
  }
}

/** The words of whatever was thrown; that may be anything. */
function words(thrown) {
  try {
    return String(thrown?.message ?? thrown);
  } catch {
    return "something without words was thrown";
  }
}

/** An error of the add-on, in Fence's own class and without the add-on's inner names. */
function fault(error) {
  return new FenceError(words(error).replace(/( on [A-Z]\w+\.\w+)+$/, ""), { cause: error });
}

/** Runs something of the add-on; its errors become `FenceError`s. */
function attempt(run) {
  try {
    const value = run();
    return value instanceof Promise ? value.catch((error) => Promise.reject(fault(error))) : value;
  } catch (error) {
    throw fault(error);
  }
}

module.exports = { FenceError, Denied, attempt, words };
