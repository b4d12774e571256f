"""The conformance corpus, through the Python door: decision, rule, reason and digest of each call."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from fence import Policy

CORPUS = Path(__file__).resolve().parents[3] / "tests" / "conformance"


class Inexact(Exception):
    """A number that no float is."""


def exact(text):
    """The float of this text; ``repr`` gives back its digits."""
    number = float(text)
    if Decimal(repr(number)) != Decimal(text):
        raise Inexact
    return number


def lines():
    text = (CORPUS / "calls.jsonl").read_text(encoding="utf-8")
    for line in text.split("\n"):
        try:
            read = json.loads(line or "null", parse_float=exact)
        except Inexact:
            assert "python" in json.loads(line)["not"], line
            continue
        if read:
            yield read


LINES = list(lines())


def test_the_corpus_is_whole():
    assert len(LINES) >= 300
    assert len({line["policy"] for line in LINES}) >= 20


@pytest.mark.parametrize("name", sorted({line["policy"] for line in LINES}))
def test_the_answers_are_the_same_at_this_door(name):
    policy = Policy.from_file(CORPUS / "policies" / f"{name}.fence")
    wrong = []
    for line in LINES:
        if line["policy"] != name:
            continue
        result = policy.check(**line["call"])
        decided = {key: result.decision[key] for key in ("decision", "rule", "digest")}
        found = {**decided, "reason": result.reason}
        if found != line["expect"]:
            wrong.append((line["call"], found, line["expect"]))
    assert wrong == []
