// What the tests of the clients share: servers, a folder for each test, and `fence mcp` between.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTaskMessageQueue, InMemoryTaskStore } from '@modelcontextprotocol/sdk/experimental/tasks/stores/in-memory.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';

const here = import.meta.dirname;
export const FENCE = process.env.FENCE ?? join(here, '../../../target/debug/fence');
const CALLS = JSON.parse(readFileSync(join(here, 'calls.json'), 'utf8'));
const CAPABILITIES = {
  sampling: {},
  elicitation: { form: {}, url: {} },
  roots: { listChanged: true },
  tasks: { list: {}, cancel: {}, requests: { sampling: { createMessage: {} }, elicitation: { create: {} } } },
};
const DOT = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** A folder with a policy, settings and files to read. */
export function place(policy) {
  const folder = mkdtempSync(join(tmpdir(), 'fence-mcp-'));
  writeFileSync(join(folder, 'p.fence'), `fence 1\npolicy p\n${policy}\n`);
  const settings = 'pending_cap = 100\n[people."ana@example.com"]\n[mcp]\nserver = "s"\nagent = "desk-1"\nwait = "0s"\n';
  writeFileSync(join(folder, 'fence.toml'), settings);
  writeFileSync(join(folder, 'big.txt'), 'a line of a large file\n'.repeat(200_000));
  writeFileSync(join(folder, 'dot.png'), Buffer.from(DOT, 'base64'));
  return folder;
}

/** The command of a published server. */
export function server(name, folder) {
  const script = join(here, `node_modules/@modelcontextprotocol/server-${name}/dist/index.js`);
  return ['node', script, ...(name === 'filesystem' ? [folder] : [])];
}

/** A call of each tool of a server. */
export function calls(name, folder) {
  const text = JSON.stringify(CALLS[name]).replaceAll('FOLDER', folder);
  return Object.entries(JSON.parse(text));
}

/** Answers at once, or as a task where that is wanted. */
async function answered(request, extra, result) {
  if (!request.params.task) return result;
  const task = await extra.taskStore.createTask({ ttl: 60_000 });
  await extra.taskStore.storeTaskResult(task.taskId, 'completed', result);
  return { task };
}

/** A client of a program on standard streams; `heard` collects what comes unasked. */
export async function connect(t, [command, ...args], folder) {
  const tasks = { taskStore: new InMemoryTaskStore(), taskMessageQueue: new InMemoryTaskMessageQueue() };
  const client = new Client({ name: 'tests', version: '1' }, { capabilities: CAPABILITIES, ...tasks });
  t.after(() => client.close());
  const heard = [];
  client.fallbackNotificationHandler = async (notification) => void heard.push(notification);
  client.setRequestHandler(ListRootsRequestSchema, async () => ({ roots: [{ uri: `file://${folder}` }] }));
  const said = { role: 'assistant', model: 'none', content: { type: 'text', text: 'something' } };
  client.setRequestHandler(CreateMessageRequestSchema, (request, extra) => answered(request, extra, said));
  client.setRequestHandler(ElicitRequestSchema, (request, extra) => {
    heard.push(request);
    return answered(request, extra, { action: request.params.mode === 'url' ? 'accept' : 'decline' });
  });
  await client.connect(new StdioClientTransport({ command, args, cwd: folder, stderr: 'ignore' }));
  // Some servers offer some tools only after they have seen what the client can do.
  await new Promise((ready) => setTimeout(ready, 500));
  return { client, heard };
}

/** `fence mcp` in front of a server. */
export function fenced(command, more = []) {
  return [FENCE, 'mcp', 'p.fence', '--db', 'fence.db', ...more, '--', ...command];
}

/** Calls a tool, as a task where the tool wants that. */
export async function call(client, tool, args) {
  if (tool !== 'simulate-research-query') return client.callTool({ name: tool, arguments: args });
  let last;
  for await (const message of client.experimental.tasks.callToolStream({ name: tool, arguments: args })) last = message;
  if (last.type !== 'result') throw new Error(JSON.stringify(last));
  return last.result;
}

/** Where the everything server is over HTTP. */
export async function overHttp(t) {
  const port = await free();
  const [command, ...args] = server('everything');
  const child = spawn(command, [...args, 'streamableHttp'], { env: { ...process.env, PORT: String(port) } });
  t.after(() => child.kill());
  await new Promise((ready, failed) => {
    child.once('exit', (code) => failed(new Error(`the server ended with ${code}`)));
    child.stderr.on('data', (text) => String(text).includes('listening') && ready());
  });
  return `http://127.0.0.1:${port}/mcp`;
}

async function free() {
  const probe = createServer();
  await new Promise((ready) => probe.listen(0, '127.0.0.1', ready));
  const { port } = probe.address();
  await new Promise((ready) => probe.close(ready));
  return port;
}
