// The examples that people find published for approval workflows, in TypeScript: compiled by tsc, and run.

import { test } from "node:test";
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { Policy, type OnApproval, type PolicyResult } from "fence-policy";

/** A content agent. */
const contentManager = (onApproval?: OnApproval) =>
  new Policy({
    name: "content-manager",
    allow: ["blog_list_*", "blog_read_*", "analytics_*", "seo_audit_*"],
    requireApproval: ["blog_publish_*", "blog_update_*", "email_send_*", "social_post_*"],
    deny: ["blog_delete_*", "user_*", "billing_*", "db_raw_*"],
    default: "deny",
    onApproval,
  });

test("the shortest start", () => {
  const policy = new Policy({ allow: ["read_*"], requireApproval: ["write_*"], deny: ["delete_*"] });
  const result: PolicyResult = policy.check("write_user_profile");
  ok(result.requiresApproval);
  equal(result.reason, "matched: write_*");
});

test("a content agent's three kinds of call", () => {
  const policy = contentManager();
  const verdicts = (result: PolicyResult) => [result.allowed, result.requiresApproval, result.denied];
  deepEqual(verdicts(policy.check("blog_list_posts")), [true, false, false]);
  deepEqual(verdicts(policy.check("blog_publish_draft")), [false, true, false]);
  deepEqual(verdicts(policy.check("blog_delete_post_42")), [false, false, true]);
  equal(policy.check("blog_list_posts").reason, "matched: blog_list_*");
  equal(policy.check("blog_delete_post_42").reason, "matched: blog_delete_*");
  equal(policy.check("launch_rocket").reason, "default policy: deny");
});

test("deny beats approval beats allow beats default, in whatever order", () => {
  const policy = new Policy({ deny: ["a_b_c"], allow: ["a_*"], requireApproval: ["a_b_*"], default: "allow" });
  ok(policy.check("a_x").allowed);
  ok(policy.check("a_b_x").requiresApproval);
  ok(policy.check("a_b_c").denied);
  ok(policy.check("other").allowed);
});

test("an agent loop", async () => {
  const asked: [string, unknown][] = [];
  const policy = contentManager(async (toolName, context) => {
    asked.push([toolName, context]);
    return context.title !== "Rant";
  });
  const made: [string, object][] = [];
  const callTool = async (toolName: string, args: { title?: string }) => {
    const result = policy.check(toolName);
    if (result.denied) return { error: result.reason };
    if (result.requiresApproval) {
      const approved = await policy.requestApproval(toolName, { args });
      if (!approved) return { error: "denied by human reviewer" };
    }
    made.push([toolName, args]);
    return { done: true };
  };
  deepEqual(await callTool("blog_read_post", {}), { done: true });
  deepEqual(await callTool("blog_publish_draft", { title: "Spring" }), { done: true });
  deepEqual(await callTool("blog_publish_draft", { title: "Rant" }), { error: "denied by human reviewer" });
  deepEqual(await callTool("billing_refund", {}), { error: "matched: billing_*" });
  deepEqual(made, [
    ["blog_read_post", {}],
    ["blog_publish_draft", { title: "Spring" }],
  ]);
  deepEqual(
    asked.map(([, context]) => context),
    [{ title: "Spring" }, { title: "Rant" }],
  );
  deepEqual(policy.pending(), [], "the checks without arguments left nothing behind for people to answer");
});

test("a result asks for itself, and a promise that something else resolves later answers", async () => {
  const desk: { title: string; answer: (approved: boolean) => void }[] = [];
  const policy = new Policy({
    requireApproval: ["publish_*"],
    onApproval: (_tool, context) => new Promise((answer) => desk.push({ title: context.title, answer })),
  });
  const result = await policy.checkAsync("publish_blog_post", {
    args: { title: "Spring", scheduled_for: "2026-03-23" },
  });
  ok(result.requiresApproval);
  const approved = result.requestApproval();
  while (desk.length === 0) await new Promise((wake) => setTimeout(wake, 1));
  equal(desk[0].title, "Spring");
  desk[0].answer(true);
  ok(await approved);
  deepEqual(result.args, { title: "Spring", scheduled_for: "2026-03-23" });
});

test("bounded by time, in a callback and as a rule", async () => {
  const officeHours =
    (hour: number): OnApproval =>
    () =>
      hour >= 9 && hour < 17 ? true : null;
  const at = (hour: number) => new Policy({ requireApproval: ["publish_*"], onApproval: officeHours(hour) });
  ok(await at(10).requestApproval("publish_post"));
  const night = at(22).check("publish_post");
  equal(await night.requestApproval({ timeout: 20 }), false);
  equal(night.state, "pending", "it falls through to people, and waits for them");

  const always =
    "fence 1 policy hours window always = mon..sun 00:00..24:00 ask publish_* as publishing { auto during always }";
  ok(Policy.fromText(always).check("publish_post").allowed);
});

test("bounded by a threshold, in a callback and as a rule", async () => {
  const bulk: OnApproval = (tool, { to }) => (tool === "email_send_bulk" && to.length > 50 ? null : true);
  const recipients = (count: number) => Array.from({ length: count }, (_, at) => `reader-${at}@list.example`);
  const policy = contentManager(bulk);
  ok(await policy.requestApproval("email_send_bulk", { args: { to: recipients(50) } }));
  equal(await policy.requestApproval("email_send_bulk", { args: { to: recipients(51) }, timeout: 20 }), false);

  const rule = Policy.fromText("fence 1 policy bulk ask email_send_* as outbound { auto when count(args.to) <= 50 }");
  ok(rule.check("email_send_bulk", { args: { to: recipients(50) } }).allowed);
  ok(rule.check("email_send_bulk", { args: { to: recipients(51) } }).requiresApproval);
});

test("the first five go, the sixth asks, in a callback and as a rule", async () => {
  let posts = 0;
  const policy = new Policy({ requireApproval: ["social_post_*"], onApproval: () => (posts++ < 5 ? true : null) });
  const released: boolean[] = [];
  for (let post = 0; post < 6; post++) {
    released.push(await policy.requestApproval("social_post_note", { args: { post }, timeout: 20 }));
  }
  deepEqual(released, [true, true, true, true, true, false]);

  const rule = Policy.fromText("fence 1 policy warm ask social_post_* as warm_up { auto first 5 per session }", {
    session: "s-1",
  });
  const verdicts = [0, 1, 2, 3, 4, 5].map((post) => rule.check("social_post_note", { args: { post } }).allowed);
  deepEqual(verdicts, [true, true, true, true, true, false]);
});

test("a dry run: the approver sees what would happen", async () => {
  const policy = Policy.fromText(
    'fence 1 policy dry group owners = "ana@x.example" ask page_publish as pages { by 1 of owners preview required }',
  );
  const result = policy.check("page_publish", {
    args: { path: "/news" },
    context: { preview: { changed: ["headline"] } },
  });
  const [waiting] = policy.pending();
  deepEqual(waiting.preview, { changed: ["headline"] });
  await policy.approve(waiting.id, "ana@x.example", { version: waiting.version });
  ok(await result.requestApproval());

  const blind = policy.check("page_publish", { args: { path: "/blind" } });
  await policy.approve(blind.requestId!, "ana@x.example").then(
    () => ok(false, "nobody can approve what was not shown"),
    (error: Error) => match(error.message, /preview/),
  );
});

test("a modification: 500 recipients become 50 before approval, and the agent gets the changed call", async () => {
  const rule = "fence 1 policy mail ask newsletter_send as mailings { edit args.limit 1..50 }";
  const onApproval: OnApproval = (_tool, { limit }) =>
    limit > 50 ? { approve: true, edit: { "args.limit": 50 }, note: "start with a few" } : true;
  const policy = Policy.fromText(rule, { onApproval });
  const sent: { limit: number }[] = [];
  const send = policy.tool("newsletter_send", async (args: { limit: number }) => void sent.push(args));
  await send({ limit: 500 });
  deepEqual(sent, [{ limit: 50 }]);
});

test("the audit trail has every check, in order", () => {
  const policy = contentManager();
  for (const tool of ["blog_read_post", "blog_publish_post", "billing_refund", "launch_rocket"]) policy.check(tool);
  const trail = policy.auditTrail.map(({ tool, decision, reason }) => `${tool} ${decision} (${reason})`);
  deepEqual(trail, [
    "blog_read_post allow (matched: blog_read_*)",
    "blog_publish_post require_approval (matched: blog_publish_*)",
    "billing_refund deny (matched: billing_*)",
    "launch_rocket deny (default policy: deny)",
  ]);
  for (const { timestamp } of policy.auditTrail) {
    equal(new Date(timestamp).toISOString().slice(0, 19), timestamp.slice(0, 19));
    ok(timestamp.endsWith("Z"));
  }
});
