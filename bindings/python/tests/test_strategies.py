"""Functions that policies name after `auto via`."""

import time
from datetime import timedelta

import pytest

from fence import Field, Policy, PolicyError, Strategy, UsageError

TEXT = "fence 1 policy p ask pay as paying { auto via risk(amount: args.amount, below: 50) }"


def policy(function, text=TEXT):
    return Policy.from_text(text, strategies={"risk": function})


def risk(call, *, amount: Field, below: float):
    """Releases what is small."""
    if not isinstance(amount, (int, float)):
        return None, "no amount"
    return amount / 10 < below, f"score {amount / 10}"


def test_it_releases_holds_or_cannot_tell():
    gate = policy(risk)
    assert gate.check("pay", {"amount": 499}).allowed
    assert gate.check("pay", {"amount": 500}).requires_approval
    unknown = gate.check("pay", {"amount": "many"})
    assert unknown.requires_approval
    assert unknown.decision["unknown"]
    assert gate.check("pay").requires_approval


async def test_it_may_take_its_time_while_the_loop_goes_on():
    import asyncio

    def slow(call, *, amount: Field, below: float):
        time.sleep(0.2)
        return True

    gate, ticks = policy(slow), 0

    async def tick():
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.01)

    ticking = asyncio.create_task(tick())
    results = await asyncio.gather(*(gate.async_check("pay", {"amount": n}) for n in range(4)))
    ticking.cancel()
    assert all(result.allowed for result in results)
    assert ticks > 5


@pytest.mark.parametrize(
    "answer",
    [1, "release", [True], object(), (True, "a", "b"), ("release", "x"), {"outcome": "release"}],
)
def test_any_other_answer_is_unknown(answer):
    def odd(call, *, amount: Field, below: float):
        return answer

    result = policy(odd).check("pay", {"amount": 1})
    assert result.requires_approval
    assert result.decision["unknown"]


def test_an_exception_and_a_missed_deadline_are_unknown():
    def broken(call, *, amount: Field, below: float):
        raise RuntimeError("no model")

    def slow(call, *, amount: Field, below: float):
        time.sleep(2)
        return True

    begun = time.monotonic()
    for function in (broken, Strategy(slow, deadline=0.1)):
        result = policy(function).check("pay", {"amount": 1})
        assert result.requires_approval and result.decision["unknown"]
    assert time.monotonic() - begun < 1.5


def test_it_sees_the_call_and_may_ask_the_gate_itself():
    seen = []

    def curious(call, *, within: timedelta, text: str = "none", n: int = 3, flag: bool = False):
        seen.append((call["tool"], call["args"], call["session"], within, text, n, flag))
        return gate.check("look").allowed

    text = 'fence 1 policy p allow look  ask pay as p { auto via risk(within: 1h, text: "a", flag: true) }'
    gate = policy(curious, text)
    assert gate.check("pay", {"amount": 1}, session="s-1").allowed
    assert seen == [("pay", {"amount": 1}, "s-1", "1h", "a", 3, True)]


def test_what_is_no_strategy():
    async def coming(call): ...

    def bare(call, *, amount): ...

    for function in (coming, bare, 7):
        with pytest.raises(UsageError, match="risk"):
            policy(function)
    with pytest.raises(PolicyError, match="F0"):
        policy(risk, "fence 1 policy p ask pay as p { auto via risk(amount: args.amount) }")
    with pytest.raises(UsageError, match="first"):
        Policy.from_text(TEXT, strategies={"first": risk})
    with pytest.raises(PolicyError):
        Policy.from_text(TEXT)
