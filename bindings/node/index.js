"use strict";
// Fence: a policy layer between AI agents and their tools.

const { Policy } = require("./lib/policy.js");
const { PolicyResult } = require("./lib/result.js");
const { FenceError, Denied } = require("./lib/errors.js");

module.exports = { Policy, PolicyResult, FenceError, Denied };
