// The page about Node, executed; and the examples.

import { test } from "node:test";
import { equal, ok } from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Runs a program with this Node; answers what it prints. */
async function output(file, cwd) {
  const { stdout } = await promisify(execFile)(process.execPath, ["--no-warnings", file], { cwd });
  return stdout.trim();
}

/** The blocks of a page: `[language, file, text]`. */
function blocks(page) {
  const found = page.matchAll(/^```(\w+)(?:,file=(\S+))?\n([\s\S]*?)^```$/gm);
  return [...found].map(([, language, file, text]) => [language, file, text]);
}

test("every program of docs/node.md prints what is shown after it", async () => {
  // Inside the package, so that its own name leads to it.
  const folder = mkdtempSync(here(".docs-"));
  try {
    const all = blocks(readFileSync(here("../../../docs/node.md"), "utf8"));
    for (const [, file, text] of all.filter(([, file]) => file)) writeFileSync(join(folder, file), text);
    const programs = all.flatMap(([language, file], at) => (language === "js" ? [[file, all[at + 1]]] : []));
    equal(programs.length, 7);
    for (const [file, [language, , shown]] of programs) {
      equal(language, "text", file);
      equal(await output(file, folder), shown.trim(), file);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

const SHOWN = {
  "quick_start.mjs": "delete_post: deny (matched: delete_*)",
  "openai_agents.mjs": "newsletter_send: sent to 50\nDone.",
  "ai.mjs": "newsletter_send: sent to 50\nDone.",
};

test("the examples run", async () => {
  for (const example of readdirSync(here("../examples"))) {
    const printed = await output(here(`../examples/${example}`));
    ok(SHOWN[example] && printed.endsWith(SHOWN[example]), `${example}: ${printed}`);
  }
});
