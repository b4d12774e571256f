"""The official Python client in front of published servers, with `fence mcp` between them."""

import asyncio
import json
import os
import pathlib
import sys
import tempfile
import unittest

from mcp import StdioServerParameters
from mcp.client.client import Client
from mcp.client.stdio import stdio_client
from mcp_types import CreateMessageResult, ElicitResult, ListRootsResult, Root, TextContent

HERE = pathlib.Path(__file__).parent
FENCE = os.environ.get("FENCE", str(HERE / "../../../target/debug/fence"))
CALLS = (HERE / "calls.json").read_text(encoding="utf-8")
DOT = bytes.fromhex("89504e470d0a1a0a")
# This client has no tasks of its own, and the tools that want some are not offered to it.
TASKS = {"simulate-research-query"}
SETTINGS = """\
pending_cap = 100
[people."ana@example.com"]
[mcp]
server = "s"
agent = "desk-1"
wait = "0s"
"""


def place(policy):
    """A folder with a policy, settings and files to read."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fence-mcp-"))
    (folder / "p.fence").write_text(f"fence 1\npolicy p\n{policy}\n", encoding="utf-8")
    (folder / "fence.toml").write_text(SETTINGS, encoding="utf-8")
    (folder / "big.txt").write_text("a line of a large file\n" * 200_000, encoding="utf-8")
    (folder / "dot.png").write_bytes(DOT)
    return folder


def server(name, folder):
    """The command of a published server."""
    script = HERE / f"node_modules/@modelcontextprotocol/server-{name}/dist/index.js"
    return ["node", str(script), *([str(folder)] if name == "filesystem" else [])]


def connect(command, folder, mode="legacy", answer=None, more=()):
    """A client with `fence mcp` in front of a server."""
    words = ["mcp", "p.fence", "--db", "fence.db", *more, "--", *command]
    parameters = StdioServerParameters(command=FENCE, args=words, cwd=folder)

    async def sample(_context, _params):
        text = TextContent(type="text", text="something")
        return CreateMessageResult(role="assistant", model="none", content=text)

    async def elicit(_context, params):
        return (answer or (lambda _: ElicitResult(action="accept", content={})))(params)

    async def roots(_context):
        return ListRootsResult(roots=[Root(uri=f"file://{folder}")])

    quiet = open(os.devnull, "w", encoding="utf-8")
    return Client(
        stdio_client(parameters, errlog=quiet),
        mode=mode,
        sampling_callback=sample,
        elicitation_callback=elicit,
        list_roots_callback=roots,
    )


def text(result):
    return result.content[0].text


class Published(unittest.IsolatedAsyncioTestCase):
    """Servers that others publish."""

    async def of(self, name, policy):
        folder = place(policy)
        calls = json.loads(CALLS.replace("FOLDER", str(folder)))[name]
        async with connect(server(name, folder), folder) as client:
            # Some servers offer some tools only after they have seen what the client can do.
            await asyncio.sleep(0.5)
            listed = [tool.name for tool in (await client.list_tools()).tools]
            names = listed or list(calls)
            results = {}
            for tool in [tool for tool in names if tool not in TASKS]:
                results[tool] = await client.call_tool(tool, calls[tool])
            return listed, results

    async def test_every_listed_tool_is_callable_where_the_policy_allows_it(self):
        for name, least in (("everything", 12), ("filesystem", 14)):
            listed, results = await self.of(name, "default allow")
            self.assertGreaterEqual(len(listed), least)
            for tool, result in results.items():
                self.assertFalse(result.is_error, f"{tool}: {result}")

    async def test_no_tool_is_listed_or_callable_where_the_policy_denies_it(self):
        for name in ("everything", "filesystem"):
            listed, results = await self.of(name, 'deny * because "not here"')
            self.assertEqual(listed, [])
            for tool, result in results.items():
                self.assertTrue(result.is_error and text(result).startswith(("not here", "the server does not list")), tool)

    async def test_every_tool_is_asked_for_where_the_policy_asks(self):
        for name in ("everything", "filesystem"):
            _, results = await self.of(name, 'ask * because "ask first"')
            for tool, result in results.items():
                self.assertTrue(result.is_error and "Nothing was done yet" in text(result), tool)

    async def test_progress_cancellation_and_large_results_pass(self):
        folder = place("default allow")
        async with connect(server("everything", folder), folder) as client:
            steps = []

            async def heard(progress, _total, _message):
                steps.append(progress)

            await client.call_tool("trigger-long-running-operation", {"duration": 0.8, "steps": 4}, progress_callback=heard)
            self.assertEqual(steps[:3], [1, 2, 3])
            long = client.call_tool("trigger-long-running-operation", {"duration": 30, "steps": 30})
            with self.assertRaises(TimeoutError):
                await asyncio.wait_for(long, 0.5)
            self.assertEqual(text(await client.call_tool("echo", {"message": "on"})), "Echo: on")
        async with connect(server("filesystem", folder), folder) as client:
            big = await client.call_tool("read_text_file", {"path": str(folder / "big.txt")})
            self.assertEqual(len(text(big)), 200_000 * 23)


class Modern(unittest.IsolatedAsyncioTestCase):
    """A client and a server of the newer revision."""

    POLICY = 'allow s/add\ngroup a = "ana@example.com"\nask s/forget { by 1 of a because "ask first" }'

    async def asked(self, action, more=()):
        folder = place(self.POLICY)
        forms = []

        def answer(params):
            forms.append(params.message)
            return action

        command = [sys.executable, str(HERE / "modern_server.py")]
        async with connect(command, folder, "2026-07-28", answer, more) as client:
            tools = [tool.name for tool in (await client.list_tools()).tools]
            self.assertEqual(tools, ["add", "forget"])
            self.assertEqual(text(await client.call_tool("add", {"a": 2, "b": 40})), "42")
            return forms, await client.call_tool("forget", {"what": "it"})

    async def test_the_person_at_the_dialog_answers_what_the_call_was_held_for(self):
        ana = ("--dialog", "ana@example.com")
        accepted = ElicitResult(action="accept", content={"approve": True})
        forms, result = await self.asked(accepted, ana)
        self.assertEqual((text(result), len(forms)), ("forgot it", 1))
        self.assertIn("s/forget", forms[0])
        forms, result = await self.asked(ElicitResult(action="decline"), ana)
        self.assertTrue(result.is_error and "refused" in text(result))

    async def test_without_a_dialog_of_the_settings_nobody_is_asked_here(self):
        accepted = ElicitResult(action="accept", content={"approve": True})
        forms, result = await self.asked(accepted)
        self.assertEqual(forms, [])
        self.assertTrue(result.is_error and "Nothing was done yet" in text(result))


if __name__ == "__main__":
    unittest.main()
