"""A Pydantic AI agent that refunds: a person approves less, and the run goes on.

    pip install fence-policy[pydantic-ai]
    python examples/pydantic_ai_agent.py
"""

import asyncio

from pydantic_ai import (
    Agent,
    DeferredToolRequests,
    DeferredToolResults,
    FunctionToolset,
    ToolApproved,
)
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import FunctionModel

from fence import Policy
from fence.pydantic_ai import FenceToolset

policy = Policy.from_text("""
    fence 1
    policy shop
    group managers = "dee@example.com"
    ask refund as refunds { by 1 of managers  edit args.amount shrink }
""")

tools = FunctionToolset()


@tools.tool_plain
def refund(order: str, amount: int) -> str:
    """Refunds an order."""
    return f"refunded {amount} for {order}"


def scripted(messages, info):
    """In place of a model: it asks for a refund, then says what it heard. Use your own."""
    for part in messages[-1].parts:
        if isinstance(part, ToolReturnPart):
            return ModelResponse([TextPart(str(part.content))])
    return ModelResponse([ToolCallPart("refund", {"order": "o-1", "amount": 500})])


agent = Agent(
    FunctionModel(scripted),
    toolsets=[FenceToolset(tools, policy, dialog="dee@example.com")],
    output_type=[str, DeferredToolRequests],
)


async def main():
    run = await agent.run("Refund o-1.")
    [call] = run.output.approvals
    shown = run.output.metadata[call.tool_call_id]
    print("asks:", call.tool_name, call.args, "may edit", shown["may_edit"])

    answers = DeferredToolResults(
        approvals={call.tool_call_id: ToolApproved(override_args={"order": "o-1", "amount": 50})},
        metadata={call.tool_call_id: {"version": shown["version"]}},
    )
    run = await agent.run(message_history=run.all_messages(), deferred_tool_results=answers)
    print(run.output)


asyncio.run(main())
