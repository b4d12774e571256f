"""Values of the wrong kind are refused under Fence's own base error, and nothing is lost in numbers."""

import gc
import weakref

import pytest

from fence import Denied, FenceError, Field, Policy, Unavailable, UsageError

ASKS = Policy(require_approval=["pay"])
REQUEST = ASKS.check("pay").request_id


@pytest.mark.parametrize(
    "mistake",
    [
        lambda: ASKS.check(5),
        lambda: ASKS.check("a\ud800"),
        lambda: ASKS.check("pay", user=5),
        lambda: ASKS.check("pay", user="\ud800"),
        lambda: ASKS.check("pay", session=5),
        lambda: ASKS.check("pay", call_id=5),
        lambda: ASKS.check("pay", agent="\ud800"),
        lambda: ASKS.check("pay", agent={"id": "a", "parents": "bc"}),
        lambda: ASKS.approve(REQUEST, version=-1),
        lambda: ASKS.approve(REQUEST, version=2**40),
        lambda: ASKS.approve(REQUEST, version=True),
        lambda: ASKS.approve(REQUEST, note=5),
        lambda: ASKS.approve(REQUEST, edit={5: 1}),
        lambda: ASKS.approve(REQUEST, edit="x"),
        lambda: ASKS.approve(5),
        lambda: ASKS.approve(REQUEST, person=5),
        lambda: ASKS.refuse(REQUEST, reason=5),
        lambda: ASKS.request(5),
        lambda: ASKS.check("pay").done(5),
        lambda: Policy(allow=["x"], session=5),
        lambda: Policy(allow=["x"], user="\ud800"),
        lambda: Policy(allow=["x"], database=5),
    ],
)
def test_a_value_of_the_wrong_kind_is_a_fence_error(mistake):
    with pytest.raises(UsageError) as refused:
        mistake()
    assert isinstance(refused.value, TypeError)


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), True, "x"])
def test_a_timeout_that_is_no_time_is_a_fence_error(seconds):
    with pytest.raises(FenceError):
        ASKS.check("pay").request_approval_blocking(seconds)


def test_a_database_in_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(Unavailable, match="no folder"):
        Policy(allow=["x"], database=tmp_path / "mistyped" / "fence.db")
    assert not (tmp_path / "mistyped").exists()


def test_strategies_get_numbers_unrounded():
    got = []

    def risk(call, *, account: Field):
        got.extend([account, call["args"]["account"], call["args"]["n"]])

    policy = Policy.from_text(
        "fence 1 policy p ask pay as x { auto via risk(account: args.account) }", strategies={"risk": risk}
    )
    policy.check("pay", {"account": 12345678901234567890, "n": 1000})
    assert got == [12345678901234567890, 12345678901234567890, 1000]
    assert {type(each) for each in got} == {int}


def test_generators_are_no_tools():
    policy = Policy(allow=["*"])

    def plain(n):
        yield n

    async def later(n):
        yield n

    for function in (plain, later):
        with pytest.raises(UsageError, match="generator"):
            policy.tool(function)


def test_a_policy_that_keeps_its_last_result_is_collected():
    class Kept(Policy):
        pass

    policy = Kept(require_approval=["pay"])
    policy.last = policy.check("pay")
    gone = weakref.ref(policy)
    del policy
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("pattern, denied", [("delete_*", {"delete_x"}), ("*delete_*", {"delete_x", "ns.delete_x", "mcp__db__delete_x"})])
def test_a_pattern_is_about_the_whole_name(pattern, denied):
    policy = Policy(deny=[pattern], default="allow")
    for name in ("delete_x", "ns.delete_x", "mcp__db__delete_x"):
        assert policy.check(name).denied is (name in denied)


def test_a_call_that_was_refused_stays_refused_in_its_session():
    policy = Policy(require_approval=["pay"], session="s-1")
    policy.refuse(policy.check("pay", {"n": 1}).request_id, reason="no")
    with pytest.raises(Denied, match="refused exactly this call"):
        policy.authorize("pay", {"n": 1}, wait=0)
