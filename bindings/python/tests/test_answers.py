"""Answers that must not count for more than they say."""

import asyncio
import time

import pytest

from fence import Approve, Denied, Policy

TWO = """fence 1 policy p
    group editors = "ana@x.test", "bo@x.test"
    ask send as sending { by 2 of editors  edit args.limit 1..1000 }"""


def test_a_callback_is_shown_the_arguments_that_its_yes_releases():
    seen = []
    policy = Policy.from_text(
        TWO, on_approval=lambda tool, context: seen.append(context) or True, approver="bo@x.test"
    )
    result = policy.check("send", {"limit": 5})
    policy.approve(result.request_id, "ana@x.test", edit={"args.limit": 1000})
    assert result.request_approval_blocking(1) is True
    assert seen == [result.args] == [{"limit": 1000}]


def test_a_context_changed_in_place_never_releases_the_call_as_it_was():
    def fewer(tool, context):
        context["to"] = context["to"][:2]
        return True

    policy = Policy(require_approval=["mail"], on_approval=fewer)
    result = policy.check("mail", {"to": ["a"] * 10})
    assert result.request_approval_blocking(2) is False
    assert "Approve(edit=…)" in result.reason


def test_a_context_changed_in_place_is_an_edit_where_the_rule_lets_edit():
    def fewer(tool, context):
        context["limit"] = 50
        return True

    policy = Policy.from_text("fence 1 policy p ask mail as m { edit args.limit 1..50 }", on_approval=fewer)
    result = policy.check("mail", {"limit": 500})
    assert result.request_approval_blocking(2) is True
    assert result.args == {"limit": 50}


def test_true_in_place_of_1_is_a_change():
    def flip(tool, context):
        context["n"] = True
        return True

    policy = Policy(require_approval=["mail"], on_approval=flip)
    assert policy.check("mail", {"n": 1}).request_approval_blocking(2) is False


def test_a_yes_after_the_time_is_over_is_none():
    async def late(tool, context):
        time.sleep(0.3)
        return True

    policy = Policy(require_approval=["pay"], on_approval=late)
    result = policy.check("pay")
    assert result.request_approval_blocking(0.1) is False
    assert "in time" in result.reason


async def test_a_callback_that_is_cancelled_refuses():
    async def cancelled(tool, context):
        raise asyncio.CancelledError

    policy = Policy(require_approval=["pay"], on_approval=cancelled)
    result = policy.check("pay")
    assert await result.request_approval(2) is False
    assert policy.request(result.request_id)["state"] == "denied"


def test_a_callback_that_makes_its_own_call_is_not_asked_again():
    asked = []

    def again(tool, context):
        asked.append(tool)
        with pytest.raises(Denied, match="the very call"):
            policy.authorize("pay", {"a": 1})
        return True

    policy = Policy(require_approval=["pay"], on_approval=again)
    assert policy.authorize("pay", {"a": 1}, wait=5).args == {"a": 1}
    assert asked == ["pay"]


def test_what_people_see_is_not_rounded():
    account = 12345678901234567890
    policy = Policy(require_approval=["pay"])
    policy.check("pay", {"account": account, "n": 1000, "f": 2.5})
    [view] = policy.pending()
    assert (view["args"], type(view["args"]["n"])) == ({"account": account, "n": 1000, "f": 2.5}, int)


def test_an_edit_by_the_callback_still_counts():
    policy = Policy.from_text(
        "fence 1 policy p ask mail as m { edit args.limit 1..50 }",
        on_approval=lambda tool, context: Approve(edit={"args.limit": 7}),
    )
    result = policy.check("mail", {"limit": 500})
    assert result.request_approval_blocking(2) and result.args == {"limit": 7}
