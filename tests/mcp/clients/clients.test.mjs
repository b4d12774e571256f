// The official TypeScript clients in front of published servers, with `fence mcp` between them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { call, calls, connect, fenced, overHttp, place, server } from './support.mjs';

/** The steps of which a client hears; it has stopped listening when the last comes with the result. */
async function progress(client) {
  const steps = [];
  const call = { name: 'trigger-long-running-operation', arguments: { duration: 0.8, steps: 4 } };
  await client.callTool(call, undefined, { onprogress: ({ progress }) => steps.push(progress) });
  return steps.slice(0, 3);
}

const SERVERS = ['everything', 'filesystem'];

for (const name of SERVERS) {
  test(`${name}: every tool is listed and callable where the policy allows it`, async (t) => {
    const folder = place('default allow');
    const { client } = await connect(t, fenced(server(name, folder)), folder);
    const direct = await connect(t, server(name, folder), folder);
    const names = async (of) => (await of.listTools()).tools.map((tool) => tool.name).sort();
    assert.deepEqual(await names(client), await names(direct.client));
    assert.deepEqual(await names(client), calls(name, folder).map(([tool]) => tool).sort());
    for (const [tool, args] of calls(name, folder)) {
      const result = await call(client, tool, args);
      assert.notEqual(result.isError, true, `${tool}: ${JSON.stringify(result)}`);
      assert.ok(result.content.length > 0, tool);
    }
  });

  test(`${name}: no tool is listed or callable where the policy denies it`, async (t) => {
    const folder = place('deny * because "not here"');
    const { client } = await connect(t, fenced(server(name, folder)), folder);
    assert.deepEqual((await client.listTools()).tools, []);
    for (const [tool, args] of calls(name, folder)) {
      const result = await client.callTool({ name: tool, arguments: args });
      assert.deepEqual(result, { content: [{ type: 'text', text: 'not here' }], isError: true }, tool);
    }
  });

  test(`${name}: every tool is asked for where the policy asks`, async (t) => {
    const folder = place('ask * because "ask first"');
    const { client } = await connect(t, fenced(server(name, folder)), folder);
    for (const [tool, args] of calls(name, folder)) {
      const result = await client.callTool({ name: tool, arguments: args });
      assert.equal(result.isError, true, tool);
      assert.match(result.content[0].text, /^ask first\. Nothing was done yet.*request r_/, tool);
    }
  });
}

test('progress, cancellation, notifications, prompts, resources and large results pass', async (t) => {
  const folder = place('default allow');
  const { client, heard } = await connect(t, fenced(server('everything', folder)), folder);
  assert.deepEqual(await progress(client), [1, 2, 3]);
  const stop = new AbortController();
  const long = { name: 'trigger-long-running-operation', arguments: { duration: 30, steps: 30 } };
  const cancelled = client.callTool(long, undefined, { signal: stop.signal });
  setTimeout(() => stop.abort('enough'), 300);
  await assert.rejects(cancelled, /enough/);
  await client.ping();
  await client.setLoggingLevel('debug');
  await client.callTool({ name: 'toggle-simulated-logging', arguments: {} });
  const logged = () => heard.some(({ method }) => method === 'notifications/message');
  for (let waited = 0; !logged() && waited < 100; waited += 1) await new Promise((r) => setTimeout(r, 100));
  assert.ok(logged(), 'a log message came');
  const { resources } = await client.listResources();
  assert.ok((await client.readResource({ uri: resources[0].uri })).contents[0].text.length > 100);
  await client.subscribeResource({ uri: resources[0].uri });
  await client.unsubscribeResource({ uri: resources[0].uri });
  assert.ok((await client.listResourceTemplates()).resourceTemplates.length > 0);
  assert.ok((await client.getPrompt({ name: 'simple-prompt' })).messages.length > 0);
  const ref = { type: 'ref/prompt', name: 'completable-prompt' };
  const completed = await client.complete({ ref, argument: { name: 'department', value: 'E' } });
  assert.deepEqual(completed.completion.values, ['Engineering']);

  const files = await connect(t, fenced(server('filesystem', folder)), folder);
  const big = await files.client.callTool({ name: 'read_text_file', arguments: { path: `${folder}/big.txt` } });
  assert.equal(big.content[0].text.length, 200_000 * 23);
});

test('what a server wants of the client is judged', async (t) => {
  const folder = place('allow s/trigger-*, s/get-roots-list, s/elicitation.create');
  const { client, heard } = await connect(t, fenced(server('everything', folder)), folder);
  const sampled = await client
    .callTool({ name: 'trigger-sampling-request', arguments: { prompt: 'x' } })
    .catch((error) => ({ isError: true, content: [{ text: String(error) }] }));
  assert.equal(sampled.isError, true, JSON.stringify(sampled));
  await client.callTool({ name: 'trigger-elicitation-request', arguments: {} });
  assert.ok(heard.some(({ method }) => method === 'elicitation/create'));
});

test('everything over streamable HTTP: allowed, denied, asked', async (t) => {
  const url = await overHttp(t);
  const folder = place('default allow\ndeny get-env because "not here"\nask get-sum because "ask first"');
  const { client, heard } = await connect(t, fenced([], ['--http', url]).slice(0, -1), folder);
  assert.ok(!(await client.listTools()).tools.some(({ name }) => name === 'get-env'));
  for (const [tool, args] of calls('everything', folder)) {
    const result = await call(client, tool, args);
    const refused = ['get-env', 'get-sum'].includes(tool);
    assert.equal(result.isError === true, refused, `${tool}: ${JSON.stringify(result)}`);
  }
  assert.deepEqual(await progress(client), [1, 2, 3]);
  assert.ok(heard.some(({ method }) => method === 'elicitation/create'));
});
