// What people do with the dashboard, in Chromium, against a real server and database.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { settled, SHOTS, startBrowser, startFence, STORY, windowOf } from "./support.mjs";

let fence;
let browser;
before(async () => { [fence, browser] = await Promise.all([startFence(), startBrowser()]); });
after(async () => { await browser?.close(); await fence?.stop(); });

const mail = (n, more = {}) => ({ to: Array.from({ length: n }, (_, at) => `reader${at + 1}@list.test`), subject: "Spring sale", ...more });
const outcome = async (id) => (await fence.call("GET", `/v1/requests/${id}`)).body;
const claim = (id) => fence.call("POST", `/v1/requests/${id}/claim`, {});
let session = 0;
const fresh = () => ({ session: undefined, call_id: `c-${session += 1}` });

async function answering(who, options) {
  const window = await windowOf(browser, fence, who, options);
  window.open = async (id) => {
    await window.page.goto(`${fence.url}/requests/${id}`);
    await window.page.locator(".live").first().waitFor();
    await settled(window.page);
  };
  window.close = async () => {
    assert.deepEqual(window.trouble, []);
    await window.context.close();
  };
  return window;
}

test("a request appears by itself, is announced, and is approved in two steps", async () => {
  const { page, close } = await answering("ana");
  await page.locator(".live").first().waitFor();
  const id = await fence.ask("email_send_bulk", mail(5), fresh());
  const card = page.locator(`[id="${id}"]`);
  await card.waitFor();
  assert.match(await page.locator("#arrivals").textContent(), /New request: email_send_bulk/);
  await card.locator("a.open").click({ noWaitAfter: true });
  assert.equal(new URL(page.url()).pathname, "/", "a card that has just appeared ignores clicks");
  await settled(page);
  await card.locator("a.open").click();
  await page.getByRole("heading", { name: "What would run" }).waitFor();
  await settled(page);
  await page.getByRole("button", { name: "Approve…" }).click();
  const last = page.getByRole("button", { name: "Approve this call" });
  await last.waitFor();
  assert.equal((await outcome(id)).state, "pending", "opening the last step decides nothing");
  await settled(page);
  await last.click();
  await page.getByText("Approved, not yet used").first().waitFor();
  assert.equal((await claim(id)).status, 200);
  assert.notEqual((await claim(id)).status, 200, "an approval is used once");
  await close();
});

test("a refusal needs a reason, and the agent learns it", async () => {
  const id = await fence.ask("email_send_bulk", mail(6), fresh());
  const { page, open, close } = await answering("ana");
  await open(id);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Refuse…");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Refuse this call" }).click();
  assert.equal((await outcome(id)).state, "pending", "no reason, no refusal");
  await page.getByLabel("Reason").fill("Not on a <b>Friday</b>");
  await page.getByRole("button", { name: "Refuse this call" }).click();
  await page.locator("#outcome").getByText("Not on a <b>Friday</b>").waitFor();
  const view = await outcome(id);
  assert.equal(view.state, "denied");
  assert.equal(view.outcome.reason, "Not on a <b>Friday</b>");
  await close();
});

test("an edit shows its difference first, and only the edited call is released", async () => {
  const id = await fence.ask("email_send_bulk", mail(7), fresh());
  const { page, open, close } = await answering("ana");
  await open(id);
  await page.getByRole("button", { name: "Edit…" }).click();
  const box = page.getByLabel("args.to");
  await box.fill((await box.inputValue()).split("\n").slice(0, 4).join("\n"));
  await page.getByRole("button", { name: "Review the changes" }).click();
  await page.getByText("7 → 4 items").waitFor();
  await page.getByText("Removed 3").waitFor();
  await settled(page);
  await page.getByRole("button", { name: "Approve the changed call" }).click();
  await page.getByText("Approved, not yet used").first().waitFor();
  const claimed = await claim(id);
  assert.equal(claimed.status, 200);
  assert.equal(claimed.body.call.args.to.length, 4);
  await close();
});

test("an edit beyond its bounds is refused and keeps what was written", async () => {
  const id = await fence.ask("email_send_bulk", mail(8), fresh());
  const { page, open, close } = await answering("ana");
  await open(id);
  await page.getByRole("button", { name: "Edit…" }).click();
  await page.getByLabel("args.to").fill(mail(9).to.join("\n"));
  await page.getByRole("button", { name: "Review the changes" }).click();
  await settled(page);
  await page.getByRole("button", { name: "Approve the changed call" }).click();
  await page.getByRole("alert").first().waitFor();
  assert.equal((await page.getByLabel("args.to").inputValue()).split("\n").length, 9);
  assert.equal((await outcome(id)).state, "pending");
  await close();
});

test("what somebody else decides appears in place, and the buttons go", async () => {
  const id = await fence.ask("email_send_bulk", mail(10), fresh());
  const [ana, bo] = [await answering("ana"), await answering("bo")];
  await ana.open(id);
  await bo.open(id);
  await bo.page.getByRole("button", { name: "Refuse…" }).click();
  await bo.page.getByLabel("Reason").fill("The list is old");
  await bo.page.getByRole("button", { name: "Refuse this call" }).click();
  await ana.page.locator("#outcome").getByText("The list is old").waitFor();
  await ana.page.locator("#outcome").getByText("bo@example.com").waitFor();
  assert.equal(await ana.page.getByRole("button", { name: "Approve…" }).count(), 0);
  await ana.close();
  await bo.close();
});

test("an answer to an older version counts for nothing and shows what changed", async () => {
  const id = await fence.ask("payment_refund", { amount: 120, order: "A-7" }, fresh());
  const ana = await answering("ana", { javaScriptEnabled: false });
  await ana.page.goto(`${fence.url}/requests/${id}?answer=approve`);
  const edited = await fence.call("POST", `/v1/requests/${id}/approve`, { version: 1, edits: [{ field: "args.amount", value: 100 }] }, "bo");
  assert.equal(edited.status, 200, JSON.stringify(edited.body));
  await ana.page.getByRole("button", { name: "Approve this call" }).click();
  const told = ana.page.getByRole("alert").filter({ hasText: "It changed while you were reading" });
  assert.match(await told.textContent(), /You saw version 1; this is version 2.*not counted.*args\.amount.*120.*100/);
  const view = await outcome(id);
  assert.deepEqual(view.votes.map((vote) => vote.by), ["bo@example.com"]);
  await ana.page.getByRole("button", { name: "Approve…" }).click();
  await ana.page.getByRole("button", { name: "Approve this call" }).click();
  await ana.page.getByText("Approved, not yet used").first().waitFor();
  await ana.close();
});

test("what was edited by somebody else is shown in place before it can be answered", async () => {
  const id = await fence.ask("payment_refund", { amount: 130, order: "A-8" }, fresh());
  const { page, open, close } = await answering("ana");
  await open(id);
  await page.getByRole("button", { name: "Refuse…" }).click();
  await page.getByLabel("Reason").fill("half written");
  await fence.call("POST", `/v1/requests/${id}/approve`, { version: 1, edits: [{ field: "args.amount", value: 90 }] }, "bo");
  await page.getByText("Somebody edited this request").waitFor();
  assert.equal(await page.getByLabel("Reason").inputValue(), "half written", "nothing written is taken away");
  await page.getByRole("link", { name: "Back" }).click();
  await page.getByRole("heading", { name: "What was edited" }).waitFor();
  await close();
});

test("two people must agree where the rule says so", async () => {
  const id = await fence.ask("payment_refund", { amount: 120, currency: "EUR" }, fresh());
  const [ana, bo] = [await answering("ana"), await answering("bo")];
  await ana.open(id);
  await bo.open(id);
  await ana.page.getByRole("button", { name: "Approve…" }).click();
  await settled(ana.page);
  await ana.page.getByRole("button", { name: "Approve this call" }).click();
  await ana.page.locator("#needs").getByText("1 of 2").waitFor();
  await bo.page.locator("#needs").getByText("1 of 2").waitFor();
  assert.equal((await outcome(id)).state, "pending");
  await bo.page.getByRole("button", { name: "Approve…" }).click();
  await settled(bo.page);
  await bo.page.getByRole("button", { name: "Approve this call" }).click();
  await ana.page.getByText("Approved, not yet used").first().waitFor();
  await ana.close();
  await bo.close();
});

test("after the deadline the page says so and nothing can be approved", async () => {
  const { page, close } = await answering("ana");
  const id = await fence.ask("quick_thing", { n: 1 }, fresh());
  await page.goto(`${fence.url}/requests/${id}?answer=approve`);
  await page.locator("#outcome").getByText("Expired").waitFor({ timeout: 12000 });
  const late = page.getByRole("button", { name: "Approve this call" });
  if (await late.count()) await late.click();
  assert.equal((await outcome(id)).state, "expired");
  await close();
});

test("everything works by keyboard, and no single key approves", async () => {
  const first = await fence.ask("email_send_bulk", mail(12), fresh());
  const { page, close } = await answering("ana");
  await page.locator(".live").first().waitFor();
  await page.locator(`[id="${first}"]`).waitFor();
  for (let at = 0; at < 30; at += 1) {
    await page.keyboard.press("j");
    if (await page.evaluate((id) => document.activeElement.closest("[data-card]")?.id === id, first)) break;
  }
  await page.keyboard.press("k");
  await page.locator(`[id="${first}"] a.open`).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "What would run" }).waitFor();
  await settled(page);
  await page.keyboard.press("?");
  await page.getByRole("heading", { name: "Keys" }).waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("a");
  await page.getByRole("button", { name: "Approve this call" }).waitFor();
  await page.keyboard.press("Enter");
  assert.equal((await outcome(first)).state, "pending", "Enter right behind `a` is ignored");
  await settled(page);
  await page.keyboard.press("Enter");
  await page.getByText("Approved, not yet used").first().waitFor();

  const second = await fence.ask("email_send_bulk", mail(13), fresh());
  await page.goto(`${fence.url}/requests/${second}`);
  await settled(page);
  await page.keyboard.press("r");
  await page.getByRole("heading", { name: "Refuse" }).waitFor();
  await page.keyboard.type("no");
  await settled(page);
  await page.keyboard.press("Control+Enter");
  await page.locator("#outcome").getByText("Refused").waitFor();
  await close();
});

const PAGES = ["/", "/history", "/decisions", "/policies", "/policies/content_manager", "/insight", "/grants", "/halts", "/delegations"];

test("a phone shows every page without sideways scrolling, the answer at the thumb", async () => {
  const id = await fence.ask("email_send_bulk", mail(60, { body: "long ".repeat(400), note: `x${"y".repeat(300)}` }), fresh());
  const { page, open, close } = await answering("ana", { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });
  for (const path of [...PAGES, `/requests/${id}`, `/requests/${id}?answer=edit`]) {
    await page.goto(fence.url + path);
    const beyond = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(beyond, 0, `${path} is ${beyond} px too wide`);
    const small = await page.evaluate(() => [...document.querySelectorAll("button, .button, summary, select, input:not([type=hidden]):not([type=radio]):not([type=checkbox]), .sections a, .tabs a")]
      .filter((control) => control.checkVisibility() && control.getBoundingClientRect().height < 44 && getComputedStyle(control).position !== "absolute")
      .map((control) => control.outerHTML.slice(0, 80)));
    assert.deepEqual(small, [], path);
  }
  await open(id);
  const bar = await page.getByRole("button", { name: "Refuse…" }).boundingBox();
  assert.ok(bar.y > 740 / 2 && bar.y + bar.height <= 740, "the answer is at the bottom edge");
  await page.getByRole("button", { name: "Approve…" }).tap();
  await settled(page);
  const button = await page.getByRole("button", { name: "Approve this call" }).boundingBox();
  assert.ok(button.y + button.height <= 740, "the last step is within reach");
  await page.getByRole("button", { name: "Approve this call" }).tap();
  await page.getByText("Approved, not yet used").first().waitFor();
  await close();
});

test("script in any argument stays text: no dialog, no request, no element", async () => {
  const payloads = ["<img src=x onerror=alert(1)>", "</textarea><script>alert(2)</script>", "</script><script>alert(3)</script>\u2028", "javascript:alert(4)", "\u202egpj.exe", "\u001b]8;;https://evil.example\u0007click"];
  const args = mail(3, { subject: payloads.join(" "), body: payloads.join("\n"), [payloads[0]]: payloads, huge: `<i>${"x".repeat(100_000)}</i>` });
  const { page, open, context, trouble } = await answering("ana");
  const id = await fence.ask("email_send_bulk", args, { ...fresh(), context: { reason: payloads.join(" ") } });
  for (const path of ["/", `/requests/${id}`, `/requests/${id}?answer=edit`, `/requests/${id}?answer=refuse`, "/decisions", "/insight"]) {
    await page.goto(fence.url + path);
    await page.waitForTimeout(100);
    const foreign = await page.evaluate(() => document.querySelectorAll("main :is(img, script, iframe, object, embed, i, b, style, link)").length);
    assert.equal(foreign, 0, path);
  }
  assert.deepEqual(trouble, []);
  await open(id);
  const text = await page.locator("dl.args").first().textContent();
  assert.ok(text.includes("<img src=x onerror=alert(1)>"));
  assert.ok(text.includes("⟦U+202E⟧gpj.exe"));
  assert.ok(text.includes(`<i>${"x".repeat(100_000)}</i>`), "100 kB in full");
  const denied = await page.evaluate(() => {
    const script = Object.assign(document.createElement("script"), { textContent: "window.ran = true" });
    document.body.append(script);
    document.body.setAttribute("style", "color: red");
    return { ran: window.ran, red: getComputedStyle(document.body).color };
  });
  assert.equal(denied.ran, undefined, "the policy of the page forbids inline script");
  assert.notEqual(denied.red, "rgb(255, 0, 0)", "and inline style");
  assert.ok(trouble.length >= 2 && trouble.every((line) => /Content Security Policy/.test(line)), "and both were reported");
  await context.close();
});

test("without JavaScript everything but live updates works", async () => {
  const id = await fence.ask("email_send_bulk", mail(14), fresh());
  const { page, close } = await answering("ana", { javaScriptEnabled: false });
  await page.goto(fence.url + "/");
  await page.locator(`[id="${id}"] a.open`).click();
  await page.getByRole("button", { name: "Approve…" }).click();
  await page.getByRole("button", { name: "Approve this call" }).click();
  await page.getByText("Approved, not yet used").first().waitFor();
  await page.getByRole("button", { name: "Take it back…" }).click();
  await page.getByLabel("Reason").fill("wrong list");
  await page.getByRole("button", { name: "Take it back" }).click();
  await page.getByText("Approval taken back").first().waitFor();
  await close();
});

test("the look is remembered; signing out ends the login", async () => {
  const { page, close } = await answering("ana");
  await page.locator("details.me summary").click();
  await page.getByRole("button", { name: "Dark" }).click();
  await page.goto(fence.url + "/policies");
  assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
  await page.locator("details.me summary").click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.goto(fence.url + "/policies");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await close();
});

test("one person decides alone with the right to, a reason, and everybody's knowledge", async () => {
  const id = await fence.ask("payment_refund", { amount: 5, order: "A-9" }, fresh());
  const { page, open, close } = await answering("dee");
  await open(id);
  await page.getByRole("button", { name: "Approve…" }).click();
  await page.getByText("Break glass").click();
  await page.getByRole("checkbox").check();
  await settled(page);
  await page.getByRole("button", { name: "Approve this call" }).click();
  await page.getByRole("alert").filter({ hasText: "reason" }).waitFor();
  assert.equal((await outcome(id)).state, "pending");
  assert.ok(await page.getByRole("checkbox").isChecked(), "what was chosen is kept");
  await page.getByRole("textbox", { name: "Note" }).fill("the shop is on fire");
  await settled(page);
  await page.getByRole("button", { name: "Approve this call" }).click();
  await page.getByText("Approved, not yet used").first().waitFor();
  assert.ok((await outcome(id)).votes[0].break_glass);
  const ana = await answering("ana");
  await ana.open(id);
  assert.equal(await ana.page.getByText("Break glass").count(), 0, "only who has the right sees it");
  await ana.close();
  await close();
});

test("somebody away lets a colleague answer, and both names are kept", async () => {
  const bo = await answering("bo");
  await bo.page.goto(`${fence.url}/delegations`);
  await bo.page.getByLabel("Who").selectOption("dee@example.com");
  await bo.page.getByLabel("Until (UTC)").fill("2099-01-01T00:00");
  await bo.page.getByRole("button", { name: "Delegate" }).click();
  await bo.page.getByText("dee@example.com answers for bo@example.com").or(bo.page.getByRole("alert")).first().waitFor();
  if (await bo.page.getByRole("alert").count()) {
    assert.match(await bo.page.getByRole("alert").textContent(), /\d+ ?d|days|long/i);
    await bo.page.getByLabel("Until (UTC)").fill(new Date(Date.now() + 86400e3).toISOString().slice(0, 16));
    await bo.page.getByRole("button", { name: "Delegate" }).click();
    await bo.page.getByText("dee@example.com answers for bo@example.com").waitFor();
  }
  const id = await fence.ask("email_send_bulk", mail(15), fresh());
  const dee = await answering("dee");
  await dee.open(id);
  await dee.page.getByRole("button", { name: "Approve…" }).click();
  await dee.page.getByLabel("Answer for").selectOption("bo@example.com");
  await settled(dee.page);
  await dee.page.getByRole("button", { name: "Approve this call" }).click();
  await dee.page.getByText("Approved, not yet used").first().waitFor();
  const [vote] = (await outcome(id)).votes;
  assert.deepEqual([vote.by, vote.on_behalf_of], ["dee@example.com", "bo@example.com"]);
  await bo.page.getByRole("button", { name: /End/ }).click();
  await bo.page.getByText("Nobody answers for anybody else.").waitFor();
  await bo.close();
  await dee.close();
});

test("a link from a message leads to its request, through signing in where that is needed", async () => {
  const id = await fence.ask("email_send_bulk", mail(16), fresh());
  const { page, context } = await answering("ana");
  // A page of another site with the link on it, such as a mail read in the browser.
  await page.route("https://mail.example/*", (route) => route.fulfill({ contentType: "text/html", body: `<a href="${fence.url}/requests/${id}">Answer</a>` }));
  await page.goto("https://mail.example/inbox");
  await page.getByRole("link", { name: "Answer" }).click();
  await page.getByRole("heading", { name: "What would run" }).waitFor();
  await context.clearCookies();
  await page.goto(`${fence.url}/requests/${id}?answer=refuse`);
  await page.getByLabel("Token").fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").filter({ hasText: "no valid token" }).waitFor();
  await page.getByLabel("Token").fill(fence.tokens.ana);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Refuse" }).waitFor();
  assert.equal(new URL(page.url()).pathname, `/requests/${id}`);
  await context.close();
});

test("an agent can be stopped and resumed", async () => {
  const { page, close } = await answering("ana");
  await page.goto(fence.url + "/halts");
  await page.getByLabel("One agent").check();
  await page.getByLabel("Which agent or session").fill("content-1");
  await page.getByLabel("Reason").fill("it mails strangers");
  await page.getByLabel("Yes, deny these calls").check();
  await settled(page);
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await page.getByText("it mails strangers").waitFor();
  assert.equal((await fence.call("POST", "/v1/decide", { tool: "blog_read", args: {} })).body.decision, "deny");
  await page.getByText("Resume…").click();
  await page.getByLabel("Reason").first().fill("fixed");
  await settled(page);
  await page.getByRole("button", { name: "Resume", exact: true }).click();
  await page.getByText("Nothing is stopped.").waitFor();
  assert.equal((await fence.call("POST", "/v1/decide", { tool: "blog_read", args: {} })).body.decision, "allow");
  await close();
});

test("pictures for the documentation", { skip: !SHOTS }, async () => {
  const own = await startFence(STORY);
  const ask = (tool, args, more) => own.ask(tool, args, more);
  for (let at = 0; at < 9; at += 1) {
    const id = await ask("blog_publish_post", { post: `spring-${at}` });
    const how = at % 4 === 3 ? ["reject", { reason: "not yet" }] : ["approve", {}];
    await own.call("POST", `/v1/requests/${id}/${how[0]}`, how[1], "ana");
  }
  for (let at = 0; at < 14; at += 1) await own.call("POST", "/v1/decide", { tool: "email_send_bulk", args: mail(1 + (at % 2)) });
  await ask("payment_refund", { amount: 89.9, currency: "EUR", order: "A-1042", reason: "arrived broken" });
  await ask("blog_publish_post", { post: "spring-sale", slug: "spring-sale-2026" });
  const body = "Hello,\n\nour spring sale starts tomorrow at 9.\n\nYours,\nthe team";
  const id = await ask("email_send_bulk", { ...mail(412), body }, { context: { reason: "A short note to our readers." } });
  const { page, context } = await windowOf(browser, own, "ana", { viewport: { width: 1200, height: 760 } });
  const shoot = (name) => page.screenshot({ path: join(SHOTS, `${name}.png`) });
  await page.locator(".live").first().waitFor();
  await settled(page);
  await shoot("queue");
  await page.goto(`${own.url}/requests/${id}?answer=edit`);
  const box = page.getByLabel("args.to");
  await box.fill((await box.inputValue()).split("\n").slice(0, 408).join("\n"));
  await page.getByLabel("args.subject").fill("Spring sale starts on Friday");
  await page.getByRole("button", { name: "Review the changes" }).click();
  await page.getByText("412 → 408 items").waitFor();
  await settled(page);
  await shoot("edit");
  await context.close();
  const phone = await windowOf(browser, own, "ana", { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true, colorScheme: "dark" });
  await phone.page.goto(`${own.url}/requests/${id}`);
  await settled(phone.page);
  await phone.page.screenshot({ path: join(SHOTS, "phone.png") });
  await phone.context.close();
  await own.stop();
});
