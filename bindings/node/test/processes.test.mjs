// Threads, processes, many at once, and both kinds of module.

import { test } from "node:test";
import { deepEqual, equal, ok } from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import * as esm from "fence-policy";

const { Policy } = esm;
const folder = mkdtempSync(join(tmpdir(), "fence-node-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

/** Runs a script of its own process in the package's folder; answers what it prints. */
async function script(text, ...args) {
  const cwd = new URL("..", import.meta.url);
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", text, ...args], { cwd });
  return stdout.trim();
}

test("`import` and `require` give the same objects", () => {
  const cjs = createRequire(import.meta.url)("fence-policy");
  deepEqual(Object.keys(cjs).sort(), Object.keys(esm).sort());
  for (const name of Object.keys(cjs)) equal(cjs[name], esm[name], name);
});

test("a thousand calls at once, each with its own arguments", async () => {
  const policy = Policy.fromText("fence 1 policy p allow pay when args.amount < 500 deny pay when args.amount >= 500");
  const calls = Array.from({ length: 1000 }, (_, amount) => policy.checkAsync("pay", { args: { amount } }));
  const results = await Promise.all(calls);
  results.forEach((result, amount) => {
    equal(result.allowed, amount < 500);
    deepEqual(result.args, { amount });
  });
  equal(policy.auditTrail.length, 1000);
});

test("a counter is taken without gaps by a thousand at once", async () => {
  const policy = Policy.fromText("fence 1 policy p ask post as posts { auto first 100 per session }", {
    session: "s-1",
  });
  const calls = Array.from({ length: 1000 }, (_, n) => policy.checkAsync("post", { args: { n } }));
  equal((await Promise.all(calls)).filter((result) => result.allowed).length, 100);
});

test("the event loop goes on while decisions reach the disk and people are waited for", async () => {
  const policy = new Policy({ allow: ["read"], requireApproval: ["write"], database: join(folder, "loop.db") });
  let ticks = 0;
  const ticking = setInterval(() => ticks++, 1);
  for (let call = 0; call < 20; call++) await policy.checkAsync("read", { args: { call } });
  await policy.check("write").requestApproval({ timeout: 200 });
  clearInterval(ticking);
  ok(ticks > 20, `${ticks} ticks`);
});

test("worker threads load the add-on, too", async () => {
  const text = `
    const { parentPort } = require("node:worker_threads");
    const { Policy } = require("fence-policy");
    const strategies = { calm: () => "release" };
    const policy = Policy.fromText("fence 1 policy p ask x { auto via calm() }", { strategies });
    policy.checkAsync("x").then((result) => parentPort.postMessage(result.allowed));`;
  const workers = Array.from({ length: 4 }, () => new Worker(text, { eval: true }));
  const answers = await Promise.all(
    workers.map((worker) => new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject))),
  );
  deepEqual(answers, [true, true, true, true]);
  await Promise.all(workers.map((worker) => worker.terminate()));
});

const SHARED = `
  import { Policy } from "fence-policy";
  const policy = Policy.fromText("fence 1 policy p ask post as posts { auto first 7 per session }", { session: "s-1", database: process.argv[1] });`;

test("two processes share one database: counters without gaps, requests, approvals", async () => {
  const database = join(folder, "shared.db");
  const count = `${SHARED}
    let allowed = 0;
    for (let n = 0; n < 6; n++) allowed += (await policy.checkAsync("post", { args: { n, pid: process.pid } })).allowed;
    console.log(allowed);`;
  const counts = await Promise.all([script(count, database), script(count, database)]);
  equal(Number(counts[0]) + Number(counts[1]), 7);

  const waiting = script(
    `${SHARED}
    const authorized = await policy.authorize("post", { text: "from one process" });
    await authorized.done();
    console.log(authorized.args.text);`,
    database,
  );
  const people = Policy.fromText("fence 1 policy p ask post as posts { auto first 7 per session }", { database });
  const wanted = () => people.pending().find(({ args }) => args.text !== undefined);
  while (wanted() === undefined) await new Promise((wake) => setTimeout(wake, 20));
  await people.approve(wanted().id, "approver");
  equal(await waiting, "from one process");
  equal(people.auditTrail.length, 13);
});

test("a result keeps its own decision, however many others were let go", async () => {
  const held = `
    import { setFlagsFromString } from "node:v8";
    import { runInNewContext } from "node:vm";
    import { Policy } from "fence-policy";
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc");
    const policy = new Policy({ allow: ["x_*"] });
    const kept = [];
    for (let round = 0; round < 5; round++) {
      for (let n = 0; n < 2000; n++) {
        const result = policy.check(\`x_\${n}\`, { args: { round, n } });
        if (n % 97 === 0) kept.push([result, round, n]);
      }
      gc();
      await new Promise((wake) => setTimeout(wake, 10));
    }
    console.log(kept.every(([{ args, decision }, round, n]) => args.round === round && args.n === n && decision.decision === "allow"), kept.length);`;
  equal(await script(held), "true 105");
});

test("a program ends when nothing waits, also with strategies", async () => {
  const ended = `${SHARED}
    const other = Policy.fromText("fence 1 policy p ask x { auto via calm() }", { strategies: { calm: () => "release" } });
    console.log((await other.checkAsync("x")).allowed);`;
  equal(await script(ended, join(folder, "ended.db")), "true");
});

test("a database that cannot be written denies, and says why", async (t) => {
  const { DatabaseSync } = await import("node:sqlite").catch(() => ({}));
  if (DatabaseSync === undefined) return t.skip("this Node has no SQLite of its own to break the file with");
  const database = join(folder, "broken.db");
  const policy = new Policy({ allow: ["x"], database });
  ok(policy.check("x").allowed);
  const other = new DatabaseSync(database);
  const tables = other
    .prepare("select name from sqlite_master where type = 'table' and name not like 'sqlite_%'")
    .all();
  other.exec(`pragma foreign_keys = off; ${tables.map(({ name }) => `drop table "${name}";`).join(" ")}`);
  const result = policy.check("x");
  ok(result.denied);
  ok(result.reason.includes("could not be recorded"), result.reason);
});
