"""The conformance corpus, through the Python door: decision, rule, reason and digest of each call."""

import json
from pathlib import Path

import pytest

from fence import Policy

CORPUS = Path(__file__).resolve().parents[3] / "tests" / "conformance"
LINES = [json.loads(line) for line in (CORPUS / "calls.jsonl").read_text().splitlines() if line]
POLICIES = list(dict.fromkeys(line["policy"] for line in LINES))


@pytest.mark.parametrize("name", POLICIES)
def test_the_answers_are_the_same_at_this_door(name):
    policy = Policy.from_file(CORPUS / "policies" / f"{name}.fence")
    wrong = []
    for line in LINES:
        if line["policy"] != name or "python" in line.get("not", []):
            continue
        result = policy.check(**line["call"])
        found = {
            "decision": result.decision["decision"],
            "rule": result.decision["rule"],
            "reason": told(result.decision),
            "digest": result.decision["digest"],
        }
        if found != line["expect"]:
            wrong.append((line["call"], found, line["expect"]))
    assert wrong == []


def told(decision):
    """The reason as Rust gives it."""
    rule, effect = decision["rule"], decision["decision"]
    because = decision["because"] or (f"{effect} by the rule `{rule}`" if rule else f"{effect} by default")
    return f"{because}. Instead: {decision['instead']}" if decision["instead"] else because
