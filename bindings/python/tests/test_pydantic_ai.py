"""The Pydantic AI adapter, with the real agent and deferred tools, and a scripted model."""

from datetime import date
from typing import Annotated

import pytest
from pydantic import AfterValidator
from pydantic_ai import (
    Agent,
    ApprovalRequired,
    CallDeferred,
    DeferredToolRequests,
    DeferredToolResults,
    FunctionToolset,
    RunContext,
    ToolApproved,
    ToolDefinition,
    ToolDenied,
)
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import FunctionModel
from pydantic_ai.toolsets import ExternalToolset

from fence import Policy, UsageError
from fence.pydantic_ai import FenceToolset

TEXT = """fence 1 policy shop
    group managers = "dee@example.com"
    allow read_*
    ask refund as refunds { by 1 of managers  edit args.amount shrink }
    ask ship as shipping when args.on like "2026-*" { by 1 of managers }
    deny drop_table because "tables are kept" instead "rename it"
"""
DEE = "dee@example.com"


class Shop:
    def __init__(self, *calls, policy=None, **options):
        self.ran, self.heard = [], []
        self.policy = policy or Policy.from_text(TEXT, session="s-1")
        left = [ToolCallPart(name, args, tool_call_id=f"c-{n}") for n, (name, args) in enumerate(calls)]

        def model(messages, info):
            self.heard = [p.content for m in messages for p in m.parts if isinstance(p, ToolReturnPart)]
            return ModelResponse([left.pop(0)] if left else [TextPart("end")])

        tools = FunctionToolset()

        @tools.tool_plain
        def refund(order: str, amount: int) -> str:
            self.ran.append((order, amount))
            return f"refunded {amount}"

        @tools.tool_plain
        def ship(order: str, on: date) -> str:
            self.ran.append((order, on))
            return "shipped"

        @tools.tool_plain
        def read_order(order: str) -> str:
            self.ran.append("read")
            return "an order"

        @tools.tool_plain
        def drop_table(name: str) -> str:
            self.ran.append("dropped")
            return "dropped"

        toolset = FenceToolset(tools, self.policy, **{"dialog": DEE, **options})
        self.agent = Agent(FunctionModel(model), toolsets=[toolset], output_type=[str, DeferredToolRequests])
        self.history = None

    async def run(self, results=None):
        done = await self.agent.run(
            None if results else "go", message_history=self.history, deferred_tool_results=results
        )
        self.history = done.all_messages()
        return done.output

    async def answer(self, id, answer, **metadata):
        return await self.run(DeferredToolResults(approvals={id: answer}, metadata={id: metadata}))


REFUND = ("refund", {"order": "o-1", "amount": 500})


async def test_allowed_runs_and_denied_says_what_to_do_instead():
    shop = Shop(("read_order", {"order": "o-1"}), ("drop_table", {"name": "posts"}))
    assert await shop.run() == "end"
    assert shop.ran == ["read"]
    assert "tables are kept. Instead: rename it" in shop.heard[-1]


async def test_an_ask_defers_and_goes_on_when_approved():
    shop = Shop(REFUND)
    asked = await shop.run()
    [call], [shown] = asked.approvals, asked.metadata.values()
    assert (call.tool_name, shop.ran) == ("refund", [])
    assert shown["version"] == 1
    assert await shop.answer(call.tool_call_id, True, version=1) == "end"
    assert shop.ran == [("o-1", 500)]
    request = shop.policy.request(shown["request_id"])
    assert (request["state"], request["votes"][0]["by"]) == ("done", DEE)


@pytest.mark.parametrize(
    ("args", "ran"),
    [
        ({"order": "o-1", "amount": 50}, [("o-1", 50)]),
        ({"order": "o-1", "amount": 5000}, []),
        ({"order": "o-2", "amount": 50}, []),
    ],
)
async def test_an_edit_keeps_within_its_bounds(args, ran):
    shop = Shop(REFUND)
    asked = await shop.run()
    await shop.answer(asked.approvals[0].tool_call_id, ToolApproved(override_args=args))
    assert shop.ran == ran


async def test_a_refusal_through_fence_stays():
    shop = Shop(REFUND, REFUND)
    asked = await shop.run()
    [shown] = asked.metadata.values()
    shop.policy.refuse(shown["request_id"], DEE, "not this customer")
    assert await shop.answer(asked.approvals[0].tool_call_id, True) == "end"
    assert shop.ran == []
    assert "a person refused exactly this call" in shop.heard[0]
    assert "a person refused exactly this call" in shop.heard[1]


async def test_a_denied_deferral_runs_nothing():
    shop = Shop(REFUND)
    asked = await shop.run()
    await shop.answer(asked.approvals[0].tool_call_id, ToolDenied("no"))
    assert (shop.ran, shop.heard) == ([], ["no"])


@pytest.mark.parametrize(("dialog", "version"), [(None, 1), (DEE, 2), ("eve@example.com", 1)])
async def test_what_is_no_answer_of_the_person_releases_nothing(dialog, version):
    shop = Shop(REFUND, dialog=dialog)
    asked = await shop.run()
    await shop.answer(asked.approvals[0].tool_call_id, True, version=version)
    assert shop.ran == []


async def test_people_answer_through_fence():
    shop = Shop(REFUND, dialog=None)
    asked = await shop.run()
    [shown] = asked.metadata.values()
    shop.policy.approve(shown["request_id"], DEE, edit={"args.amount": 5})
    await shop.answer(asked.approvals[0].tool_call_id, True)
    assert shop.ran == [("o-1", 5)]


async def test_typed_arguments_are_judged_as_json_and_run_as_typed():
    shop = Shop(("ship", {"order": "o-1", "on": "2026-03-23"}))
    asked = await shop.run()
    await shop.answer(asked.approvals[0].tool_call_id, True)
    assert shop.ran == [("o-1", date(2026, 3, 23))]


async def test_a_callback_holds_the_call_instead():
    for answer, ran in [(True, [("o-1", 500)]), (False, [])]:
        policy = Policy.from_text(TEXT, on_approval=lambda tool, args: answer, approver=DEE)
        shop = Shop(REFUND, policy=policy)
        assert await shop.run() == "end"
        assert shop.ran == ran


class Loose:
    """Any toolset behind any policy."""

    def __init__(self, policy, tools, *calls, **options):
        self.policy, self.history, left = policy, None, list(calls)

        def model(messages, info):
            self.heard = [p.content for m in messages for p in m.parts if isinstance(p, ToolReturnPart)]
            return ModelResponse([ToolCallPart(*left.pop(0), tool_call_id="c")] if left else [TextPart("end")])

        toolset = FenceToolset(tools, policy, **options)
        self.agent = Agent(FunctionModel(model), toolsets=[toolset], output_type=[str, DeferredToolRequests])

    async def run(self, results=None):
        done = await self.agent.run(
            None if results else "go", message_history=self.history, deferred_tool_results=results
        )
        self.history = done.all_messages()
        return done.output

    async def answer(self, answer=True, **metadata):
        return await self.run(DeferredToolResults(approvals={"c": answer}, metadata={"c": metadata}))


def paying(ran, unit=int):
    tools = FunctionToolset()

    @tools.tool_plain
    def pay(amount: unit) -> str:
        ran.append(amount)
        return "paid"

    return tools


CENTS = Annotated[int, AfterValidator(lambda euros: euros * 100)]
PAY = ("pay", {"amount": 5})
TWO = """fence 1 policy p
    group editors = "ana@x.test", "bo@x.test"
    ask pay as paying { by 2 of editors  edit args.amount 1..100000 }"""


async def test_what_was_judged_is_what_runs_though_the_validator_changes_it():
    ran, policy = [], Policy.from_text("fence 1 policy p allow pay when args.amount <= 1000")
    await Loose(policy, paying(ran, CENTS), PAY, ("pay", {"amount": 50})).run()
    assert ran == [500]


async def test_an_edit_that_the_validator_would_change_again_does_not_run():
    ran, policy = [], Policy.from_text("fence 1 policy p ask pay as x { edit args.amount 1..500 }")
    agent = Loose(policy, paying(ran, CENTS), PAY)
    await agent.run()
    policy.approve(policy.pending()[0]["id"], edit={"args.amount": 300})
    await agent.answer()
    assert (ran, len(agent.heard)) == ([], 1)
    assert "something else" in agent.heard[0]


async def test_a_tool_that_runs_outside_is_not_let_in_unjudged():
    schema = {"type": "object", "properties": {}}
    outside = ExternalToolset([ToolDefinition(name="drop_table", parameters_json_schema=schema)])
    with pytest.raises(UsageError, match="outside"):
        await Loose(Policy(deny=["drop_table"]), outside, ("drop_table", {})).run()


@pytest.mark.parametrize("version", [None, True, "1", 1])
async def test_only_the_number_of_the_present_version_approves_it(version):
    ran, policy = [], Policy.from_text(TWO)
    agent = Loose(policy, paying(ran), PAY, dialog="bo@x.test")
    await agent.run()
    policy.approve(policy.pending()[0]["id"], "ana@x.test", edit={"args.amount": 1000})
    await agent.answer(version=version)
    assert ran == []


async def test_a_repeated_call_id_is_judged_and_counted_each_time():
    ran = []
    policy = Policy.from_text("fence 1 policy p ask pay as x { auto first 1 per session }", session="s")
    await Loose(policy, paying(ran), PAY, PAY, PAY).run()
    assert ran == [5]


@pytest.mark.parametrize(("override", "runs"), [(5, False), (50, True), (400, False)])
async def test_overridden_arguments_run_only_where_people_approved_them(override, runs):
    ran, policy = [], Policy.from_text("fence 1 policy p ask pay as x { edit args.amount 1..100 }")
    agent = Loose(policy, paying(ran), ("pay", {"amount": 500}))
    await agent.run()
    policy.approve(policy.pending()[0]["id"], edit={"args.amount": 50})
    await agent.answer(ToolApproved(override_args={"amount": override}))
    assert ran == ([50] if runs else [])


async def test_a_tools_own_approval_is_none_of_fences():
    ran, tools = [], FunctionToolset()

    @tools.tool_plain(requires_approval=True)
    def pay(amount: int) -> str:
        ran.append(amount)
        return "paid"

    policy = Policy(require_approval=["pay"])
    agent = Loose(policy, tools, PAY, dialog="on_approval")
    await agent.run()
    asked = await agent.answer()
    assert ran == [] and asked.metadata["c"]["args"] == PAY[1]
    await agent.answer()
    assert ran == [5]


async def test_a_tool_that_asks_once_released_is_not_a_failure_and_runs_on():
    ran, tools = [], FunctionToolset()

    @tools.tool
    def pay(ctx: RunContext, amount: int) -> str:
        ran.append(amount)
        if len(ran) == 1:
            raise ApprovalRequired
        return "paid"

    policy = Policy(require_approval=["pay"])
    agent = Loose(policy, tools, PAY, dialog="on_approval")
    await agent.run()
    request = policy.pending()[0]["id"]
    await agent.answer()
    assert policy.request(request)["state"] == "claimed"
    await agent.answer()
    assert (ran, policy.request(request)["state"]) == ([5, 5], "done")


async def test_a_tool_that_defers_its_work_has_not_failed():
    tools = FunctionToolset()

    @tools.tool_plain
    def pay(amount: int) -> str:
        raise CallDeferred

    seen, policy = [], Policy(require_approval=["pay"], on_approval=lambda tool, args: True)
    policy.on_approval = lambda tool, args: seen.extend(policy.pending()) or True
    await Loose(policy, tools, PAY).run()
    assert policy.request(seen[0]["id"])["state"] == "done"
