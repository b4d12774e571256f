"use strict";
// The add-on, from the package's own folder.

const { join } = require("node:path");
const { addon } = require("./addon.js");

try {
  module.exports = require(join(__dirname, "..", addon));
} catch (error) {
  const missing = error.code === "MODULE_NOT_FOUND";
  const why = missing
    ? "this package has none for this platform; `npm run build` makes it from the sources"
    : error.message;
  throw new Error(`fence-policy cannot load ${addon}: ${why}`, { cause: error });
}
