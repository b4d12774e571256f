"""An MCP server for the tests, on its standard streams and without any library.

Arguments: FOLDER. It writes every line it gets into FOLDER/got.jsonl, and reads its tools anew for
every `tools/list` from FOLDER/tools.json: a list of pages, each a list of tools. Without that file
it has the tools named below.
"""

import json
import os
import pathlib
import sys
import time

FOLDER = pathlib.Path(sys.argv[1])
NAMES = ["echo", "big", "die", "noise", "hidden", "want", "progress", "slow", "fail", "input", "raw", "late"]


def send(message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def receive():
    line = sys.stdin.readline()
    if not line:
        sys.exit(0)
    with open(FOLDER / "got.jsonl", "a", encoding="utf-8") as got:
        got.write(line)
    return json.loads(line)


def pages():
    file = FOLDER / "tools.json"
    if file.exists():
        return json.loads(file.read_text(encoding="utf-8"))
    return [[{"name": name, "inputSchema": {"type": "object"}} for name in NAMES]]


def tools(params):
    if (FOLDER / "endless").exists():
        return {"tools": [], "nextCursor": str(time.monotonic_ns())}
    all_pages, at = pages(), int(params.get("cursor", "0"))
    result = {"tools": all_pages[at], "kept": "as it is"}
    if at + 1 < len(all_pages):
        result["nextCursor"] = str(at + 1)
    return result


def text(words, **more):
    return {"content": [{"type": "text", "text": words}], **more}


def call(request, params):
    name, arguments = params["name"], params.get("arguments", {})
    if name == "big":
        return text("x" * arguments["bytes"])
    if name == "die":
        os._exit(7)
    if name == "noise":
        print("a log line on the wrong stream", flush=True)
    if name == "hidden":
        return text("fine\U000e0041\U000e0042\x1b[31m")
    if name == "raw":
        for line in arguments.get("lines", []):
            print(line, flush=True)
        return arguments.get("result", text("said"))
    if name == "late":
        while not (FOLDER / "go").exists():
            time.sleep(0.01)
        token = params.get("_meta", {}).get("progressToken")
        send({"method": "notifications/progress", "params": {"progressToken": token, "progress": 1, "message": "secret"}})
        return text("secret")
    if name == "fail":
        return text("no", isError=True)
    if name == "slow":
        while True:
            said = receive()
            if said.get("method") == "notifications/cancelled":
                return None
            if said.get("method") == "ping":
                send({"id": said["id"], "result": {}})
    if name == "progress":
        token = params["_meta"]["progressToken"]
        for step in (1, 2):
            send({"method": "notifications/progress", "params": {"progressToken": token, "progress": step}})
    if name == "want":
        send({"id": "w1", "method": arguments["method"], "params": arguments["params"]})
        return text(json.dumps(receive()))
    if name == "input" and "inputResponses" not in params:
        return {"resultType": "input_required", "inputRequests": arguments["requests"], "requestState": "mine"}
    return text(json.dumps(arguments), resultType="complete")


def answer(method, request, params):
    if method == "initialize":
        capabilities = {"tools": {"listChanged": True}}
        info = {"name": "script", "version": "1"}
        return {"protocolVersion": params["protocolVersion"], "capabilities": capabilities, "serverInfo": info}
    if method == "tools/list":
        return tools(params)
    if method == "tools/call":
        return call(request, params)
    if (FOLDER / "changed").exists():
        send({"method": "notifications/tools/list_changed"})
    return {"echoed": method}


def main():
    print("a log line on standard error", file=sys.stderr)
    while True:
        message = receive()
        if "method" not in message or "id" not in message:
            continue
        result = answer(message["method"], message, message.get("params", {}))
        if result is not None:
            send({"id": message["id"], "result": result})


main()
