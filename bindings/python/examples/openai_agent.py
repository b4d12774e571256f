"""An agent of the OpenAI Agents SDK that pays: a person approves less, and the run goes on.

    pip install fence-policy[openai-agents]
    python examples/openai_agent.py
"""

import asyncio
import json

from agents import Agent, ModelResponse, RunConfig, Runner, Usage, function_tool
from agents.models.interface import Model
from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
)

from fence import Policy
from fence.openai_agents import approve, guard

policy = Policy.from_text("""
    fence 1
    policy payments
    group finance = "eva@example.com"
    ask pay as paying { by 1 of finance  edit args.amount shrink }
""")


@function_tool
def pay(to: str, amount: int) -> str:
    """Pays somebody."""
    return f"paid {amount} to {to}"


class Scripted(Model):
    """In place of a model: it asks to pay, then says what it heard. Use your own."""

    async def get_response(self, system_instructions, input, *args, **kwargs):
        heard = [i["output"] for i in input if isinstance(i, dict) and "output" in i]
        output = self.says(heard[-1]) if heard else self.pays()
        return ModelResponse(output=[output], usage=Usage(), response_id=None)

    def pays(self):
        arguments = json.dumps({"to": "acme", "amount": 500})
        return ResponseFunctionToolCall(
            type="function_call", name="pay", arguments=arguments, call_id="c-1"
        )

    def says(self, text):
        content = [ResponseOutputText(text=text, type="output_text", annotations=[])]
        return ResponseOutputMessage(
            id="m-1", type="message", role="assistant", status="completed", content=content
        )

    def stream_response(self, *args, **kwargs):
        raise NotImplementedError


async def main():
    tools = guard(policy, [pay], who=lambda ctx: {"agent": "payer-1", "session": "s-1"})
    agent = Agent(name="payer", model=Scripted(), tools=tools)
    config = RunConfig(tracing_disabled=True)

    result = await Runner.run(agent, "Pay acme.", run_config=config)
    [item] = result.interruptions
    print("asks:", item.name, item.arguments)

    state = result.to_state()
    approve(policy, state, item, "eva@example.com", edit={"args.amount": 50})
    result = await Runner.run(agent, state, run_config=config)
    print(result.final_output)


asyncio.run(main())
