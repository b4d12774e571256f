// A real `fence serve` on a database of its own, and a real Chromium.

import { execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { chromium } from "playwright-core";

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, "../..");
const FENCE = process.env.FENCE ?? join(ROOT, "target/debug/fence");
const BROWSERS = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
export const SHOTS = process.env.FENCE_SCREENSHOTS ? join(ROOT, "docs/images") : null;

const POLICY = `fence 1
policy content_manager
group editors = "ana@example.com", "bo@example.com"
group managers = "dee@example.com"

ask email_send_* as outbound {
  auto when count(args.to) <= 2
  by 1 of editors
  then 1 of managers after 20m
  expires 1h
  edit args.to shrink, args.subject any
  offer session
  because "mail to more than two people is read by an editor first"
  instead "send a test batch first"
}
ask payment_* as payments {
  by 2 of editors
  edit args.amount 1..200
  because "money moves only when two people agree"
}
ask quick_* as quick {
  by 1 of editors
  expires 4s
}
allow blog_*
default deny
`;

/** The policy behind the pictures of the documentation. */
export const STORY = `fence 1
policy content_manager
group editors = "ana@example.com", "bo@example.com"
group finance = "ana@example.com", "dee@example.com"

ask email_send_* as outbound {
  auto when count(args.to) <= 50
  by 2 of editors
  expires 1h
  edit args.to shrink, args.subject any
  offer session
  because "mail to more than 50 people is read by two editors first"
}
ask payment_* as payments {
  by 2 of finance
  expires 4h
  because "money moves only when two people agree"
}
ask blog_publish_* as publishing {
  by 1 of editors
  expires 8h
  because "edits to live posts are read by an editor first"
}
default deny
`;

const PEOPLE = `[people."ana@example.com"]
name = "Ana"
[people."bo@example.com"]
name = "Bo"
[people."dee@example.com"]
name = "Dee"
break_glass = true
`;

/** Starts a server of its own; `stop` ends it and removes what it wrote. */
export async function startFence(policy = POLICY) {
  const folder = mkdtempSync(join(tmpdir(), "fence-browser-"));
  writeFileSync(join(folder, "content.fence"), policy);
  writeFileSync(join(folder, "fence.toml"), PEOPLE);
  const database = ["--db", join(folder, "fence.db"), "--config", join(folder, "fence.toml")];
  const token = async (...args) => {
    const { stdout } = await run(FENCE, ["token", "create", "--json", ...args, ...database]);
    return JSON.parse(stdout).token;
  };
  const tokens = {
    ana: await token("--role", "approver", "--person", "ana@example.com"),
    bo: await token("--role", "approver", "--person", "bo@example.com"),
    dee: await token("--role", "approver", "--person", "dee@example.com"),
    agent: await token("--role", "agent", "--agent", "content-1"),
  };
  const server = spawn(FENCE, ["serve", join(folder, "content.fence"), "--listen", "127.0.0.1:0", ...database], { stdio: ["ignore", "pipe", "pipe"] });
  const url = await listening(server);
  const call = async (method, path, body, who = "agent") => {
    const headers = { authorization: `Bearer ${tokens[who]}`, "content-type": "application/json" };
    const response = await fetch(url + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : null };
  };
  const ask = async (tool, args, more = {}) => {
    const { status, body } = await call("POST", "/v1/decide", { tool, args, ...more });
    if (status !== 200 || body.decision !== "ask") throw new Error(`no ask: ${status} ${JSON.stringify(body)}`);
    return body.request.id;
  };
  const stop = async () => {
    server.kill("SIGTERM");
    await new Promise((ended) => server.once("exit", ended));
    rmSync(folder, { recursive: true, force: true });
  };
  return { url, tokens, call, ask, stop };
}

/** The address that the server says it listens on. */
function listening(server) {
  return new Promise((found, failed) => {
    let said = "";
    const hear = (chunk) => {
      said += chunk;
      const address = /https?:\/\/127\.0\.0\.1:\d+/.exec(said);
      if (address) found(address[0]);
    };
    server.stdout.on("data", hear);
    server.stderr.on("data", hear);
    server.once("exit", (code) => failed(new Error(`fence serve ended with ${code}: ${said}`)));
  });
}

export async function startBrowser() {
  const executablePath = BROWSERS.find((path) => path && existsSync(path));
  if (!executablePath) throw new Error("no Chromium: install it, or name it in CHROMIUM");
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  return chromium.launch({ executablePath, args });
}

/** A window of one person, signed in; `trouble` collects whatever must never happen. */
export async function windowOf(browser, fence, who, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  const trouble = [];
  context.on("dialog", (dialog) => { trouble.push(`dialog ${dialog.message()}`); dialog.dismiss(); });
  context.on("request", (request) => { if (!request.url().startsWith(fence.url)) trouble.push(`request ${request.url()}`); });
  context.on("weberror", (error) => trouble.push(`error ${error.error()}`));
  context.on("console", (line) => { if (line.type() === "error" && !/status of 4\d\d/.test(line.text())) trouble.push(`console ${line.text()}`); });
  const page = await context.newPage();
  page.setDefaultTimeout(8000);
  await page.goto(fence.url + "/");
  await page.getByLabel("Token").fill(fence.tokens[who]);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("heading", { name: "Queue", level: 1 }).waitFor();
  return { page, context, trouble };
}

/** Waits until the half second is over in which a fresh button ignores clicks. */
export const settled = (page) => page.waitForTimeout(600);
