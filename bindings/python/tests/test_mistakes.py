"""Mistakes in code, each of which would open the gate if it were let pass."""

import math

import pytest

from fence import FenceError, Policy, PolicyError, UsageError
from fence.testing import ManualClock


@pytest.mark.parametrize("name", ["allow", "require_approval", "deny", "people"])
@pytest.mark.parametrize("value", ["read_*", b"read_*", [1], [None], [["read_*"]], {"read_*": 1}, 7, None])
def test_a_text_where_a_list_belongs(name, value):
    with pytest.raises(UsageError, match=name) as refused:
        Policy(**{"allow": ["x"], name: value})
    assert isinstance(refused.value, TypeError)


@pytest.mark.parametrize("value", ["read_*", True, 1, object()])
def test_a_callback_that_is_no_function(value):
    with pytest.raises(UsageError, match="on_approval"):
        Policy(allow=["x"], on_approval=value)


def test_an_unknown_keyword():
    with pytest.raises(TypeError, match="require_aproval"):
        Policy(allow=["read_*"], require_aproval=["write_*"])
    with pytest.raises(TypeError, match="sesion"):
        Policy(allow=["read_*"]).check("read_a", sesion="s-1")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({}, "no rule"),
        ({"allow": []}, "no rule"),
        ({"allow": [""]}, "no pattern"),
        ({"allow": ['x" allow "*']}, "no pattern"),
        ({"allow": ["x\nallow *"]}, "no pattern"),
        ({"allow": ["x"], "name": "p allow *"}, "no name"),
        ({"allow": ["x"], "default": "Allow"}, "default"),
        ({"allow": ["x"], "default": "ask"}, "default"),
    ],
)
def test_lists_that_are_no_policy(arguments, says):
    with pytest.raises(PolicyError, match=says) as refused:
        Policy(**arguments)
    assert isinstance(refused.value, (ValueError, FenceError))


def test_a_policy_with_an_error_names_its_place():
    with pytest.raises(PolicyError, match=r"p\.fence:2:\d+: F\d+"):
        Policy.from_text("fence 1 policy p\nallow x when args.n = 1", name="p.fence")
    with pytest.raises(PolicyError, match="there is no such file"):
        Policy.from_file("no-such.fence")
    with pytest.raises(UsageError):
        Policy.from_file()


def deep(levels):
    value = 1
    for _ in range(levels):
        value = [value]
    return value


def circle():
    value = []
    value.append(value)
    return value


def bomb():
    value = [1] * 10
    for _ in range(20):
        value = [value] * 10
    return value


class Sly(dict):
    """Looks empty, and is not."""

    def items(self):
        return iter(())

    def __iter__(self):
        return iter(())


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (math.nan, "no number"),
        (math.inf, "no number"),
        (-math.inf, "no number"),
        ({1, 2}, "no JSON"),
        (b"text", "no JSON"),
        (object(), "no JSON"),
        (1j, "no JSON"),
        ({1: "a"}, "key"),
        ({None: "a"}, "key"),
        ("\ud800", "Unicode"),
        ({"\ud800": 1}, "Unicode"),
        pytest.param(10**5000, "digits|larger", id="5000 digits"),
        (deep(64), "deeper than 64"),
        (circle(), "deeper than 64"),
        (bomb(), "larger than a call"),
        ("x" * (1 << 20) + "xx", "large"),
    ],
)
def test_arguments_that_are_no_call(value, says):
    policy = Policy(allow=["*"], default="allow")
    with pytest.raises(UsageError, match=says):
        policy.check("send", {"deep": {"value": value}})


@pytest.mark.parametrize("args", ["{}", [], 7, [("a", 1)]])
def test_arguments_must_be_a_dict(args):
    policy = Policy(allow=["*"])
    for name in ("args", "context", "host_context"):
        with pytest.raises(UsageError, match=f"`{name}` must be a dict"):
            policy.check("send", **{name: args})
    with pytest.raises(UsageError, match="another name"):
        policy.check("send", {}, context={})


def test_what_is_judged_is_what_is_there():
    policy = Policy.from_text("fence 1 policy p allow pay when args.amount <= 5 and not has args.to")
    assert policy.check("pay", {"amount": 5}).allowed
    assert policy.check("pay", Sly(amount=5, to="mallory")).denied
    given = {"amount": 5}
    result = policy.check("pay", given)
    given["amount"] = 1_000_000
    result.args["amount"] = 1_000_000
    assert result.args == {"amount": 5}


@pytest.mark.parametrize(
    "value",
    [0, -1, 2**63, -(2**63) - 1, 10**60, 0.1, 1.0, 1e16, 1e300, 5e-324, -0.0, True, None, "é\u0000", [], {}, [1, "2", 3.5]],
)
def test_values_come_back_as_they_were(value):
    args = Policy(allow=["*"]).check("send", {"value": value}).args
    assert args == {"value": value}
    assert type(args["value"]) is type(value)


def test_numbers_are_exact():
    text = "fence 1 policy p allow pay when args.amount <= 9007199254740993"
    policy = Policy.from_text(text)
    assert policy.check("pay", {"amount": 9007199254740993}).allowed
    assert policy.check("pay", {"amount": 9007199254740994}).denied


def test_a_true_is_no_one():
    policy = Policy.from_text("fence 1 policy p allow pay when args.amount == 1")
    assert policy.check("pay", {"amount": 1}).allowed
    assert policy.check("pay", {"amount": True}).denied


@pytest.mark.parametrize(
    "agent", [7, {"id": 7}, {"id": "a", "role": ["x"]}, {"id": "a", "roles": "x"}, ["a"]]
)
def test_an_agent_is_an_id_or_its_three_parts(agent):
    policy = Policy(allow=["*"])
    with pytest.raises(UsageError, match="an agent is"):
        policy.check("send", agent=agent)
    with pytest.raises(UsageError, match="an agent is"):
        Policy(allow=["*"], agent=agent)


@pytest.mark.parametrize(
    "tool", ["", "delete all", " read_a", "read_a\u200b", "read\nallow", "a/b/c", "x" * 300]
)
def test_a_malformed_name_is_denied_and_recorded(tool):
    policy = Policy(allow=["*"], default="allow")
    assert policy.check(tool).denied
    assert [entry.decision for entry in policy.audit_trail] == ["deny"]


@pytest.mark.parametrize("tool", ["delete_all", "DELETE_all", "Delete_All", "ns/delete_x", "delete_é"])
def test_a_deny_misses_no_spelling(tool):
    assert Policy(allow=["*", "*/*"], deny=["delete_*", "*/delete_*"]).check(tool).denied


def test_a_question_mark_is_one_character_of_any_alphabet():
    policy = Policy.from_text('fence 1 policy p allow x when args.s like "read_?"')
    assert policy.check("x", {"s": "read_e"}).allowed
    composed, decomposed = policy.check("x", {"s": "read_\u00e9"}), policy.check("x", {"s": "read_e\u0301"})
    assert composed.allowed == decomposed.allowed


def test_a_time_that_is_none():
    with pytest.raises(UsageError):
        ManualClock("soon")
