"""Strategies that are Python functions: what may stand after ``auto via`` in a policy."""

from __future__ import annotations

import functools
import inspect
import json
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NewType, get_type_hints

from ._errors import UsageError
from ._fence import read_json

Field = NewType("Field", object)
"""A field of the call: a parameter so annotated gets the value that stands there, or ``None``."""

_KINDS: dict[Any, str] = {
    Field: "field",
    float: "number",
    int: "whole",
    str: "text",
    bool: "bool",
    timedelta: "duration",
}
_OUTCOMES = {True: "release", False: "hold", None: "unknown"}


@dataclass(frozen=True)
class Strategy:
    """A function with its deadline: ``strategies={"risk": Strategy(risk, deadline=0.2)}``."""

    function: Callable[..., Any]
    """``function(call, *, …)`` answers True (release), False (hold) or None (unknown), alone or
    with a reason: ``return False, "score 61"``. Its keyword-only parameters are what policies write
    within the brackets; their annotations say what each takes."""
    deadline: float = 1.0
    """Seconds; no answer in time is unknown, and the call waits for a person."""


@dataclass(frozen=True)
class Described:
    """A strategy as the native half wants it."""

    name: str
    summary: str
    deadline: float
    parameters: list[tuple[str, str, bool]]
    answer: Callable[[str, float], str]


def describe(name: str, given: Strategy | Callable[..., Any]) -> Described:
    """Reads off a function's signature what a policy may write."""
    strategy = given if isinstance(given, Strategy) else Strategy(given)
    function = strategy.function
    if not callable(function) or inspect.iscoroutinefunction(function):
        raise UsageError(f"the strategy `{name}` must be a plain function, not {function!r}")
    hints = get_type_hints(function)
    parameters = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is not parameter.KEYWORD_ONLY:
            continue
        kind = _KINDS.get(hints.get(parameter.name))
        if kind is None:
            kinds = "fence.Field, float, int, str, bool or timedelta"
            raise UsageError(f"`{parameter.name}` of the strategy `{name}` must be annotated: {kinds}")
        parameters.append((parameter.name, kind, parameter.default is parameter.empty))
    summary = (inspect.getdoc(function) or f"what `{name}` answers").splitlines()[0]
    answer = functools.partial(_in_time, function)
    return Described(name, summary, strategy.deadline, parameters, answer)


def _in_time(function: Callable[..., Any], question: str, deadline: float) -> str:
    """The answer, from a thread that may be left behind; without one in time it raises."""
    answers: queue.SimpleQueue[str] = queue.SimpleQueue()
    answer = threading.Thread(
        target=lambda: answers.put(_answer(function, question)), name="fence-strategy", daemon=True
    )
    answer.start()
    return answers.get(timeout=deadline)


def _answer(function: Callable[..., Any], question: str) -> str:
    """One question answered; whatever is no proper answer is unknown, with the reason."""
    try:
        asked: Mapping[str, Any] = read_json(question)
        found = function({**asked["call"], "at": asked.get("at")}, **asked["arguments"])
    except Exception as error:
        return _written("unknown", f"{type(error).__name__}: {error}")
    reason = None
    if isinstance(found, tuple) and len(found) == 2:
        found, reason = found
    if found is not None and not isinstance(found, bool):
        return _written("unknown", f"it answered a {type(found).__name__}")
    return _written(_OUTCOMES[found], reason)


def _written(outcome: str, reason: object) -> str:
    answer = {"outcome": outcome}
    if reason is not None:
        answer["reason"] = str(reason)[:500]
    return json.dumps(answer)
