"""An agent that asks `fence serve` before it acts, and makes the call that people approved.

    FENCE_TOKEN=… python3 agent.py [URL]

Standard library alone. Anything but a clear yes means no.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request

SERVER = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:7480"


def fence(method, path, body=None):
    request = urllib.request.Request(
        SERVER + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": "Bearer " + os.environ["FENCE_TOKEN"],
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def until_there(seconds):
    """The server may have been started a moment ago."""
    end = time.monotonic() + seconds
    while True:
        try:
            return urllib.request.urlopen(SERVER + "/healthz", timeout=5).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def wait_for_people(request_id):
    """The request once it no longer waits; people may take their time."""
    while True:
        request = fence("GET", f"/v1/requests/{request_id}?wait=30s")
        if request["state"] != "pending":
            return request


def send(call):
    """Where the tool would be called."""
    recipients = len(call["args"]["to"])
    print(f"sent {call['args']['subject']!r} to {recipients} recipients", flush=True)


def main():
    call = {
        "tool": "newsletter_send",
        "args": {"to": [f"reader{n}@list.test" for n in range(1, 13)], "subject": "Spring news"},
        "context": {"claim": "The marketing plan says that the spring issue goes out today."},
    }
    until_there(30)
    decision = fence("POST", "/v1/decide", call)
    print(f"{decision['decision']}: {decision.get('because') or ''}", flush=True)
    if decision["decision"] == "allow":
        return send(call)
    if decision["decision"] == "deny":
        return 1
    request = wait_for_people(decision["request"]["id"])
    if request["state"] != "approved":
        outcome = request["outcome"] or {}
        print(f"not sent: {request['state']}, {outcome.get('reason') or 'no reason given'}")
        return 1
    claimed = fence("POST", f"/v1/requests/{request['id']}/claim", {})
    # The call as people approved it: this one is made, not the one that was asked for.
    send(claimed["call"])
    fence("POST", f"/v1/requests/{request['id']}/result", {"result": "done"})
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except urllib.error.HTTPError as error:
        sys.exit(f"refused: {error.read().decode()}")
    except OSError as error:
        sys.exit(f"refused: no answer from {SERVER}: {error}")
