// From nothing to a blocked call: `node examples/quick_start.mjs`

import { Denied, Policy } from "fence-policy";

const policy = new Policy({
  allow: ["read_*"],
  requireApproval: ["write_*"],
  deny: ["delete_*"],
  // Asked when a call needs a person: true releases, false refuses, null leaves it to others.
  onApproval: async (tool, args) => args.title !== "Rant",
});

// The functions that the agent may call, each under the policy.
const tools = {
  read_post: policy.tool("read_post", ({ id }) => `post ${id}`),
  write_post: policy.tool("write_post", ({ title }) => `wrote "${title}"`),
  delete_post: policy.tool("delete_post", ({ id }) => `deleted ${id}`),
};

/** What the model reads: the tool's output, or why there is none. */
async function call(name, args) {
  try {
    return await tools[name](args);
  } catch (error) {
    if (error instanceof Denied) return error.message;
    throw error;
  }
}

console.log(await call("read_post", { id: 7 }));
console.log(await call("write_post", { title: "Spring" }));
console.log(await call("write_post", { title: "Rant" }));
console.log(await call("delete_post", { id: 7 }));

for (const { tool, decision, reason } of policy.auditTrail) console.log(`${tool}: ${decision} (${reason})`);
