"""The OpenAI Agents adapter, with the real runner and run state, and a scripted model."""

import json

import pytest
from agents import Agent, ModelResponse, RunConfig, Runner, RunState, Usage, function_tool
from agents.models.interface import Model
from agents.tool_context import ToolContext
from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
)

from fence import ApprovalError, Approve, Policy, UsageError
from fence.openai_agents import approve, guard, reject
from fence.testing import ManualClock

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


async def test_an_interruption_is_answered_for_its_own_session_alone():
    policy = Policy.from_text(TEXT)
    desks = [Desk(PAY, policy=policy, who=lambda ctx, s=s: {"session": s}) for s in ("s-1", "s-2")]
    results = [await desk.run() for desk in desks]
    state, [item] = results[0].to_state(), results[0].interruptions
    approve(policy, state, item, EVA)
    assert [view["session"] for view in policy.pending()] == ["s-2"]


@pytest.mark.parametrize("restarted", [False, True])
async def test_an_answer_to_a_refused_call_approves_nobody_elses(restarted):
    policy = Policy.from_text(TEXT)
    desks = [Desk(PAY, policy=policy, who=lambda ctx, s=s: {"session": s}) for s in ("s-1", "s-2")]
    first = await desks[0].run()
    policy.refuse(policy.pending()[0]["id"], EVA, "not they")
    await desks[1].run()
    state, [item] = first.to_state(), first.interruptions
    if restarted:
        for tool in desks[0].agent.tools:
            tool.on_invoke_tool.fence.asked._values.clear()
    with pytest.raises(UsageError, match="no request waits"):
        approve(policy, state, item, EVA)
    assert [view["session"] for view in policy.pending()] == ["s-2"]


async def test_an_expired_interruption_is_not_approved_and_leaves_nothing_behind():
    clock = ManualClock("2026-03-23T10:00:00Z")
    policy = Policy.from_text(TEXT, clock=clock)
    desk = Desk(PAY, policy=policy, dialog=EVA)
    first = await desk.run()
    clock.advance(2 * 3600)
    state, [item] = first.to_state(), first.interruptions
    with pytest.raises(UsageError, match="no request waits"):
        approve(policy, state, item, EVA)
    state.approve(item)
    await desk.run(state)
    assert desk.ran == []


def other(run, **options):
    @function_tool(**options)
    def other(n: int) -> str:
        """Does."""
        run.append(n)
        return "done"

    return other


async def test_a_repeated_call_id_is_judged_and_counted_each_time():
    ran = []
    policy = Policy.from_text("fence 1 policy p ask other as x { auto first 2 per session }", session="s")
    for _ in range(4):
        model = Script(("other", {"n": 1}))
        await Runner.run(Agent(name="a", tools=guard(policy, [other(ran)]), model=model), "go", run_config=CONFIG)
    assert ran == [1, 1]


@pytest.mark.parametrize("policy", [Policy(allow=["other"]), Policy(require_approval=["other"])])
@pytest.mark.parametrize("pause", [True, False])
async def test_a_tools_own_approval_still_asks_and_releases_nothing_of_fences(policy, pause):
    ran, model = [], Script(("other", {"n": 1}))
    tools = guard(policy, [other(ran, needs_approval=True)], pause=pause, wait=0.0)
    agent = Agent(name="a", tools=tools, model=model)
    first = await Runner.run(agent, "go", run_config=CONFIG)
    [item] = first.interruptions
    assert ran == []
    state = first.to_state()
    state.approve(item)
    await Runner.run(agent, state, run_config=CONFIG)
    assert ran == ([1] if policy.check("other").allowed else [])


@pytest.mark.parametrize("raw", ['{"n":NaN}', "[1]", '"x"', "{bad", '{"n":1e999}'])
@pytest.mark.parametrize("answer", [approve, reject])
async def test_arguments_that_are_no_json_are_told_to_the_model(raw, answer):
    ran, model, policy = [], Script(("other", {})), Policy(require_approval=["other"])
    model.turns[0].arguments = raw
    agent = Agent(name="a", tools=guard(policy, [other(ran)]), model=model)
    result = await Runner.run(agent, "go", run_config=CONFIG)
    for item in result.interruptions:
        state = result.to_state()
        answer(policy, state, item)
        await Runner.run(agent, state, run_config=CONFIG)
    assert ran == [] and len(model.heard) == 1


async def test_a_tool_sees_the_approved_arguments_in_its_context_too():
    seen = []

    @function_tool
    def pay(ctx: ToolContext, amount: int) -> str:
        """Pays."""
        seen.append((amount, ctx.tool_arguments, ctx.tool_call.arguments))
        return "paid"

    policy = Policy.from_text(
        "fence 1 policy p ask pay as x { edit args.amount 1..50 }",
        on_approval=lambda tool, args: Approve(edit={"args.amount": 50}),
    )
    model = Script(("pay", {"amount": 500}))
    await Runner.run(Agent(name="a", tools=guard(policy, [pay]), model=model), "go", run_config=CONFIG)
    assert seen == [(50, '{"amount": 50}', '{"amount": 50}')]


def test_only_function_tools_can_be_guarded():
    with pytest.raises(UsageError):
        guard(Policy.from_text(TEXT), [lambda x: x])
