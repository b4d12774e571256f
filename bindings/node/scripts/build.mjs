// Builds the add-on with cargo and puts it into the package's folder: `npm run build -- [--release | --profile NAME]`

import { spawnSync } from "node:child_process";
import { copyFileSync, renameSync } from "node:fs";
import { fileURLToPath } from "node:url";
import naming from "../lib/addon.js";

const folder = fileURLToPath(new URL("..", import.meta.url));
const options = [
  "build",
  "--package",
  "fence-policy-node",
  "--message-format",
  "json-render-diagnostics",
  ...process.argv.slice(2),
];
const cargo = spawnSync(process.env.CARGO ?? "cargo", options, {
  cwd: folder,
  encoding: "utf8",
  stdio: ["ignore", "pipe", "inherit"],
  maxBuffer: 1 << 28,
});
if (cargo.status !== 0) process.exit(cargo.status ?? 1);

const built = cargo.stdout
  .split("\n")
  .filter(Boolean)
  .map((line) => JSON.parse(line));
const library = built.find(({ reason, target }) => reason === "compiler-artifact" && target.name === "fence_node");
const place = folder + naming.addon;
// Renamed into place: a process that has the old one open keeps it.
copyFileSync(library.filenames[0], `${place}.new`);
renameSync(`${place}.new`, place);
console.log(place);
