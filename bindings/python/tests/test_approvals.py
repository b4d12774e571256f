"""What releases a call, and everything that must not."""

import asyncio
import functools
import threading
import time
from unittest.mock import AsyncMock, MagicMock, Mock

import pytest

from fence import ApprovalError, Approve, Denied, Policy, Refuse
from fence.testing import ManualClock

EDITORS = """fence 1 policy p
    group editors = "ana@example.com", "bo@example.com"
    ask send_* as sending { by 1 of editors  edit args.limit 1..50 }
    ask wire_* as wires { by 2 of editors }
    deny *_all because "never" instead "send to a few"
"""


def asking(callback, **more):
    return Policy(require_approval=["send_*"], on_approval=callback, **more)


async def later(value):
    return value


class Callable:
    async def __call__(self, tool, context):
        return False


async def async_no(tool, context):
    return False


@pytest.mark.parametrize(
    "callback",
    [
        lambda tool, context: False,
        lambda tool, context: 1,
        lambda tool, context: "yes",
        lambda tool, context: "True",
        lambda tool, context: [True],
        lambda tool, context: object(),
        lambda tool, context: Approve,
        lambda tool, context: Refuse("no"),
        lambda tool, context: (yes for yes in [True]),
        lambda tool: True,
        lambda tool, context: 1 / 0,
        lambda tool, context: later(False),
        lambda tool, context: later(later(True)),
        lambda tool, context: later(1),
        lambda tool, context: exec("raise SystemExit"),
        lambda tool, context: exec("raise StopIteration"),
        Mock(),
        MagicMock(),
        AsyncMock(),
        AsyncMock(return_value=False),
        Mock(return_value=later(False)),
        Callable(),
        async_no,
        functools.partial(async_no),
        type("T", (), {"__bool__": lambda self: True}),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_nothing_but_true_releases(callback):
    policy = asking(callback)
    result = policy.check("send_mail", {"n": 1})
    assert result.request_approval_blocking(timeout=5) is False
    request = policy.request(result.request_id)
    assert request["state"] == "denied"
    assert request["outcome"]["by"] == "on_approval"
    assert result.reason == f"a person refused: {request['outcome']['reason']}"


@pytest.mark.parametrize(
    "callback",
    [
        lambda tool, context: True,
        lambda tool, context: later(True),
        lambda tool, context: Approve(note="seen"),
        AsyncMock(return_value=True),
        Mock(return_value=True),
    ],
)
def test_what_releases(callback):
    result = asking(callback).check("send_mail", {"n": 1})
    assert result.request_approval_blocking() is True
    assert result.args == {"n": 1}


def test_an_exception_refuses_with_its_reason():
    result = asking(lambda tool, context: context["missing"]).check("send_mail")
    assert not result.request_approval_blocking()
    assert result.reason == "a person refused: on_approval failed: KeyError: 'missing'"


@pytest.mark.parametrize("sleep", [lambda: asyncio.sleep(30), lambda: time.sleep(30)])
async def test_no_answer_in_time_refuses(sleep):
    result = asking(lambda tool, context: sleep()).check("send_mail")
    begun = time.monotonic()
    assert await result.request_approval(timeout=0.2) is False
    assert time.monotonic() - begun < 5
    assert result.reason == "a person refused: on_approval did not answer in time"


async def test_people_may_be_faster_than_the_callback():
    policy = asking(lambda tool, context: asyncio.sleep(30), people=["ana@example.com"])
    result = policy.check("send_mail")
    waiting = asyncio.create_task(result.request_approval())
    await asyncio.sleep(0.1)
    policy.approve(result.request_id, "ana@example.com")
    assert await asyncio.wait_for(waiting, 5) is True


async def test_an_approval_is_used_once():
    policy = Policy(require_approval=["send_*"])
    result = policy.check("send_mail", {"n": 1})
    again = policy.check("send_mail", {"n": 1})
    assert again.request_id == result.request_id
    policy.approve(result.request_id)
    released = await asyncio.gather(result.request_approval(), again.request_approval())
    assert sorted(released) == [False, True]
    assert await result.request_approval() is False
    assert result.reason == "its approval was used already"


async def test_an_approval_is_for_one_call():
    policy = Policy(require_approval=["pay"])
    small = policy.check("pay", {"amount": 1})
    policy.approve(small.request_id)
    large = policy.check("pay", {"amount": 999_999})
    assert large.request_id != small.request_id
    assert await large.request_approval(timeout=0) is False


async def test_asking_again_finds_the_answer():
    policy = Policy(require_approval=["send_*"])
    with pytest.raises(Denied) as waits:
        await policy.async_authorize("send_mail", {"n": 1}, wait=0)
    assert waits.value.waits
    assert waits.value.request_id in str(waits.value)
    assert "same call again" in str(waits.value)
    policy.approve(waits.value.request_id)
    released = await policy.async_authorize("send_mail", {"n": 1}, wait=0)
    assert released.args == {"n": 1}
    released.done("sent")
    assert policy.request(released.request_id)["state"] == "done"
    with pytest.raises(ApprovalError, match="already"):
        released.done()


def test_a_refused_call_stays_refused():
    clock = ManualClock("2026-03-23T20:00:00Z")
    text = """fence 1 policy p window office = mon..fri 09:00..17:00
        ask send_* as sending { auto during office }"""
    policy = Policy.from_text(text, clock=clock, session="s-1")
    with pytest.raises(Denied) as waits:
        policy.authorize("send_mail", wait=0)
    policy.refuse(waits.value.request_id, reason="too late today")
    clock.advance(14 * 3600)
    assert policy.check("send_mail", {"other": 1}).allowed
    with pytest.raises(Denied, match="a person refused exactly this call") as refused:
        policy.authorize("send_mail")
    assert not refused.value.waits
    assert "something else" in str(refused.value)


def test_the_reason_of_a_denial_says_what_to_do_instead():
    with pytest.raises(Denied) as denied:
        Policy.from_text(EDITORS).authorize("send_all")
    assert denied.value.reason == "never. Instead: send to a few"
    assert "never. Instead: send to a few" in str(denied.value)
    assert denied.value.result.denied


def test_an_edit_keeps_within_its_bounds():
    policy = Policy.from_text(EDITORS)
    result = policy.check("send_mail", {"limit": 500, "to": "x"})
    for edit, says in [({"args.limit": 51}, "1 to 50"), ({"args.to": "y"}, "args.to"), ({"limit": 5}, "no field")]:
        with pytest.raises(ApprovalError, match=says) as refused:
            policy.approve(result.request_id, "ana@example.com", edit=edit)
        assert refused.value.code == "edit"
    assert policy.request(result.request_id)["version"] == 1
    policy.approve(result.request_id, "ana@example.com", edit={"args.limit": 50}, version=1)
    assert result.request_approval_blocking() is True
    assert result.args == {"limit": 50, "to": "x"}
    assert isinstance(result.args["limit"], int)


@pytest.mark.parametrize(("limit", "released"), [(50, True), (5000, False)])
def test_a_callback_may_change_the_call(limit, released):
    callback = lambda tool, context: Approve(edit={"args.limit": limit}, note="fewer")
    policy = Policy.from_text(EDITORS, on_approval=callback, approver="ana@example.com")
    result = policy.check("send_mail", {"limit": 500})
    assert result.request_approval_blocking() is released
    assert result.args == {"limit": limit if released else 500}
    assert released or "does not hold" in result.reason


def test_a_callback_is_one_voice_of_two():
    policy = Policy.from_text(EDITORS, on_approval=lambda t, c: True, approver="ana@example.com")
    result = policy.check("wire_money", {"n": 1})
    assert result.request_approval_blocking(timeout=0.2) is False
    assert policy.request(result.request_id)["needs"][0]["given"] == ["ana@example.com"]
    policy.approve(result.request_id, "bo@example.com")
    assert result.request_approval_blocking() is True


@pytest.mark.parametrize("who", [{"approver": "eve@example.com"}, {"user": "ana@example.com"}])
def test_a_yes_of_somebody_who_is_not_asked_counts_for_nothing(who):
    who = {"approver": "ana@example.com", **who}
    policy = Policy.from_text(EDITORS, on_approval=lambda tool, context: True, **who)
    result = policy.check("send_mail", {"limit": 1})
    assert result.request_approval_blocking(timeout=0.2) is False
    assert policy.request(result.request_id)["state"] == "pending"


def test_a_no_of_somebody_who_is_not_asked_ends_it_all_the_same():
    policy = Policy.from_text(EDITORS, on_approval=lambda tool, context: False)
    result = policy.check("send_mail", {"limit": 1})
    assert result.request_approval_blocking() is False
    assert policy.request(result.request_id)["state"] == "cancelled"
    assert "on_approval answered no" in result.reason


def test_strangers_and_older_versions_are_told_so():
    policy = Policy.from_text(EDITORS)
    result = policy.check("send_mail", {"limit": 1})
    for who, version, code in [
        ("eve@example.com", None, "unknown-person"),
        ("ana@example.com", 2, "stale"),
        ("ana@example.com", 0, "stale"),
    ]:
        with pytest.raises(ApprovalError) as refused:
            policy.approve(result.request_id, who, version=version)
        assert refused.value.code == code
    for id in ("r_00000000-0000-7000-8000-000000000000", "nonsense", ""):
        with pytest.raises(ApprovalError) as refused:
            policy.approve(id, "ana@example.com")
        assert refused.value.code == "not-found"


def test_an_approval_runs_out():
    clock = ManualClock("2026-03-23T10:00:00Z")
    policy = Policy(require_approval=["send_*"], clock=clock)
    unanswered, unused = policy.check("send_a"), policy.check("send_b")
    policy.approve(unused.request_id)
    clock.advance(3601)
    assert unanswered.request_approval_blocking() is False
    assert unanswered.reason == "nobody answered in time"
    assert unused.request_approval_blocking() is False
    with pytest.raises(ApprovalError, match="expired"):
        policy.approve(unanswered.request_id)


async def test_whoever_is_cancelled_makes_no_call():
    begun = asyncio.Event()

    async def on_approval(tool, context):
        begun.set()
        await asyncio.sleep(30)
        return True

    policy = asking(on_approval)
    result = policy.check("send_mail")
    waiting = asyncio.create_task(result.request_approval())
    await begun.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert policy.request(result.request_id)["state"] == "pending"


async def test_blocking_within_a_running_loop_does_not_lock_up():
    policy = asking(lambda tool, context: later(True))
    assert policy.check("send_mail").request_approval_blocking(timeout=5) is True


def test_a_wait_ends_with_an_answer_from_another_thread():
    policy = Policy(require_approval=["send_*"])
    result = policy.check("send_mail")
    threading.Timer(0.1, policy.approve, [result.request_id]).start()
    assert result.request_approval_blocking(timeout=10) is True


def test_what_needs_no_approval_asks_nobody():
    policy = Policy(allow=["read_*"], on_approval=lambda tool, context: 1 / 0)
    assert policy.check("read_a").request_approval_blocking() is True
    assert policy.check("other").request_approval_blocking() is False
    policy.check("read_a").done()
    with pytest.raises(ApprovalError):
        policy.approve("r_1")


def test_the_same_call_id_gets_the_first_decision():
    policy = Policy.from_text("fence 1 policy p ask send_* as s { auto first 1 per session }", session="s")
    first = policy.check("send_a", {"n": 1}, call_id="c-1")
    assert first.allowed
    again = policy.check("send_a", {"n": 1}, call_id="c-1")
    assert again.allowed and again.decision["repeated"]
    assert policy.check("send_a", {"n": 2}, call_id="c-1").denied
