// Compiled, not run: the same types for `require`.

import fence = require("fence-policy");
import openai = require("fence-policy/openai-agents");
import ai = require("fence-policy/ai");

const policy: fence.Policy = fence.Policy.fromText("fence 1 policy p allow x");
export const allowed: boolean = policy.check("x").allowed;
export const guards = [openai.guard(policy), ai.guard(policy)];
