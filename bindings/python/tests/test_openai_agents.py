"""The OpenAI Agents adapter, with the real runner and run state, and a scripted model."""

import json

import pytest
from agents import Agent, ModelResponse, RunConfig, Runner, RunState, Usage, function_tool
from agents.models.interface import Model
from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
)

from fence import ApprovalError, Policy, UsageError
from fence.openai_agents import approve, guard, reject

TEXT = """fence 1 policy payments
    group finance = "eva@example.com", "finn@example.com"
    allow read_*
    ask pay as paying { by 1 of finance  edit args.amount 1..50  because "a person signs" }
    deny drop_table because "tables are kept" instead "rename it"
"""
EVA = "eva@example.com"
CONFIG = RunConfig(tracing_disabled=True)


class Script(Model):
    """Makes these calls, one turn after another."""

    def __init__(self, *calls):
        self.turns = [self.call(n, *call) for n, call in enumerate(calls)]
        self.heard = []

    @staticmethod
    def call(number, name, args):
        return ResponseFunctionToolCall(
            type="function_call", name=name, arguments=json.dumps(args), call_id=f"c-{number}"
        )

    async def get_response(self, system_instructions, input, *args, **kwargs):
        self.heard = [i["output"] for i in input if not isinstance(input, str) and i.get("type") == "function_call_output"]
        output = self.turns.pop(0) if self.turns else ResponseOutputMessage(
            id="m", type="message", role="assistant", status="completed",
            content=[ResponseOutputText(text="end", type="output_text", annotations=[])],
        )
        return ModelResponse(output=[output], usage=Usage(), response_id=None)

    def stream_response(self, *args, **kwargs):
        raise NotImplementedError


class Desk:
    def __init__(self, *calls, policy=None, **options):
        self.ran = []
        self.policy = policy or Policy.from_text(TEXT, session="s-1")
        self.model = Script(*calls)

        @function_tool
        def pay(to: str, amount: int) -> str:
            """Pays."""
            self.ran.append((to, amount))
            return f"paid {amount}"

        @function_tool
        def read_balance(account: str = "main") -> str:
            """Reads."""
            self.ran.append("read")
            return "100"

        @function_tool
        def drop_table(name: str) -> str:
            """Drops."""
            self.ran.append("dropped")
            return "dropped"

        tools = guard(self.policy, [pay, read_balance, drop_table], **options)
        self.agent = Agent(name="desk", model=self.model, tools=tools)

    async def run(self, given="go"):
        return await Runner.run(self.agent, given, run_config=CONFIG)


PAY = ("pay", {"to": "acme", "amount": 500})


async def test_allowed_runs_and_denied_says_what_to_do_instead():
    desk = Desk(("read_balance", {}), ("drop_table", {"name": "posts"}))
    result = await desk.run()
    assert result.interruptions == []
    assert desk.ran == ["read"]
    assert "tables are kept. Instead: rename it" in desk.model.heard[-1]


async def test_an_ask_interrupts_and_goes_on_when_approved():
    desk = Desk(PAY)
    first = await desk.run()
    [item] = first.interruptions
    assert (item.name, desk.ran) == ("pay", [])
    [request] = desk.policy.pending()
    state = first.to_state()
    approve(desk.policy, state, item, EVA)
    await desk.run(state)
    assert desk.ran == [("acme", 500)]
    assert desk.policy.request(request["id"])["state"] == "done"


async def test_an_edit_reaches_the_tool_and_keeps_within_its_bounds():
    desk = Desk(PAY)
    first = await desk.run()
    state, [item] = first.to_state(), first.interruptions
    with pytest.raises(ApprovalError, match="1 to 50"):
        approve(desk.policy, state, item, EVA, edit={"args.amount": 5000})
    approve(desk.policy, state, item, EVA, edit={"args.amount": 50})
    await desk.run(state)
    assert desk.ran == [("acme", 50)]


async def test_a_refusal_reaches_the_model_and_stays():
    desk = Desk(PAY, PAY)
    first = await desk.run()
    state, [item] = first.to_state(), first.interruptions
    reject(desk.policy, state, item, EVA, "no budget")
    done = await desk.run(state)
    assert (desk.ran, done.interruptions) == ([], [])
    assert "a person refused: no budget" in desk.model.heard[0]
    assert "a person refused exactly this call" in desk.model.heard[1]


async def test_the_sdks_own_approval_releases_nothing_without_a_dialog():
    desk = Desk(PAY)
    first = await desk.run()
    state, [item] = first.to_state(), first.interruptions
    state.approve(item)
    await desk.run(state)
    assert desk.ran == []
    assert "a person must approve it" in desk.model.heard[0]


async def test_the_sdks_own_approval_is_the_answer_of_the_person_at_the_dialog():
    desk = Desk(PAY, dialog=EVA)
    first = await desk.run()
    state, [item] = first.to_state(), first.interruptions
    [request] = desk.policy.pending()
    state.approve(item)
    await desk.run(state)
    assert desk.ran == [("acme", 500)]
    assert desk.policy.request(request["id"])["votes"][0]["by"] == EVA


async def test_always_approve_lets_nothing_else_through():
    desk = Desk(PAY, ("pay", {"to": "mallory", "amount": 999_999}), dialog=EVA)
    first = await desk.run()
    state, [item] = first.to_state(), first.interruptions
    state.approve(item, always_approve=True)
    await desk.run(state)
    assert desk.ran == []
    assert all("a person must approve it" in text for text in desk.model.heard)


async def test_a_run_goes_on_from_its_text_and_the_database(tmp_path):
    database = tmp_path / "fence.db"
    first = Desk(PAY, policy=Policy.from_text(TEXT, session="s-1", database=database))
    result = await first.run()
    text = result.to_state().to_string()
    second = Desk(policy=Policy.from_text(TEXT, session="s-1", database=database))
    state = await RunState.from_string(second.agent, text)
    [item] = state.get_interruptions()
    approve(second.policy, state, item, "finn@example.com")
    await second.run(state)
    assert (first.ran, second.ran) == ([], [("acme", 500)])


async def test_a_callback_holds_the_call_instead():
    for answer, ran in [(True, [("acme", 500)]), (False, [])]:
        callback = lambda tool, args: answer
        policy = Policy.from_text(TEXT, on_approval=callback, approver=EVA)
        desk = Desk(PAY, policy=policy)
        result = await desk.run()
        assert (desk.ran, result.interruptions) == (ran, [])


async def test_two_equal_requests_are_not_confused():
    policy = Policy.from_text(TEXT)
    desks = [Desk(PAY, policy=policy, who=lambda ctx, s=s: {"session": s}) for s in ("s-1", "s-2")]
    results = [await desk.run() for desk in desks]
    state, [item] = results[0].to_state(), results[0].interruptions
    with pytest.raises(UsageError, match="2 requests"):
        approve(policy, state, item, EVA)


def test_only_function_tools_can_be_guarded():
    with pytest.raises(UsageError):
        guard(Policy.from_text(TEXT), [lambda x: x])
