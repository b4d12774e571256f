"use strict";
// Values for the add-on: exact JSON, every value read once. What `JSON.stringify` would drop or change is refused,
// and said by its place.

const { isDate, isProxy } = require("node:util").types;

const DEPTH = 64;
const VALUES = 100_000;
const LENGTH = 2 ** 20;

/** Why a value has no JSON, and where. */
class Refused {
  constructor(why) {
    this.why = why;
    this.place = "";
  }

  within(step) {
    this.place = step + this.place;
    return this;
  }
}

/** The JSON of a value; of one that has none, `!`, its place and the reason. `undefined` stays what it is. */
function written(value) {
  if (value === undefined) return undefined;
  try {
    return write(value, 0, { values: 0, length: 0 });
  } catch (error) {
    if (error instanceof Refused) return `!${error.place}\0${error.why}`;
    throw error;
  }
}

function write(value, depth, spent) {
  if (++spent.values > VALUES) throw new Refused(`has more than ${VALUES} values`);
  switch (typeof value) {
    case "string":
      return text(value, spent);
    case "number":
      // JavaScript's own spelling is the one that `JSON.stringify` writes.
      if (Number.isFinite(value)) return String(value);
      throw new Refused(`is ${value}`);
    case "boolean":
      return value ? "true" : "false";
    case "object":
      return value === null ? "null" : container(value, depth, spent);
    case "bigint":
      return bounded(value.toString(), spent);
    case "undefined":
      throw new Refused("is undefined: leave it out");
    default:
      throw new Refused(`is a ${typeof value}`);
  }
}

/** Texts that stand in JSON as they are. */
const SIMPLE = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

function text(value, spent) {
  if (value.length < 64 && SIMPLE.test(value)) return `"${bounded(value, spent)}"`;
  if (!value.isWellFormed()) throw new Refused("holds half of a surrogate pair");
  return JSON.stringify(bounded(value, spent));
}

function bounded(value, spent) {
  spent.length += value.length;
  if (spent.length > LENGTH) throw new Refused("is too large");
  return value;
}

function container(value, depth, spent) {
  // A proxy may say something else each time that it is asked.
  if (isProxy(value)) throw new Refused("is a Proxy: give the plain object");
  if (depth >= DEPTH) throw new Refused(`is nested more than ${DEPTH} deep, or holds itself`).within("…");
  return Array.isArray(value) ? list(value, depth + 1, spent) : object(value, depth + 1, spent);
}

function list(value, depth, spent) {
  let json = "[";
  let at = 0;
  try {
    for (; at < value.length; at++) json += (at === 0 ? "" : ",") + write(value[at], depth, spent);
  } catch (error) {
    throw error instanceof Refused ? error.within(`[${at}]`) : error;
  }
  return `${json}]`;
}

function object(value, depth, spent) {
  if (!isPlain(value)) {
    throw new Refused(isDate(value) ? "is a Date: write its `toISOString()`" : "is not a plain object");
  }
  if (Object.getOwnPropertySymbols(value).length > 0) throw new Refused("has a symbol for a key");
  let json = "{";
  for (const key of Object.keys(value)) {
    json += `${json === "{" ? "" : ","}${text(key, spent)}:`;
    try {
      json += write(value[key], depth, spent);
    } catch (error) {
      throw error instanceof Refused ? error.within(`.${key}`) : error;
    }
  }
  return `${json}}`;
}

/** `{…}` and `Object.create(null)`, of whatever realm; no instance of a class. */
function isPlain(value) {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

module.exports = { written, isPlain };
