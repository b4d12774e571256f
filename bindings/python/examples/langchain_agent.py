"""A LangChain agent that mails: a person approves fewer recipients, and the graph goes on.

    pip install fence-policy[langchain]
    python examples/langchain_agent.py
"""

from langchain.agents import create_agent
from langchain.tools import tool
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from fence import Policy
from fence.langchain import FenceMiddleware

policy = Policy.from_text("""
    fence 1
    policy mailer
    group editors = "ana@example.com"
    ask send_mail as mailing { by 1 of editors  edit args.limit 1..50 }
    deny drop_table because "tables are kept" instead "rename it"
""")


@tool
def send_mail(subject: str, limit: int) -> str:
    """Sends a mailing to so many people."""
    return f"sent to {limit}"


@tool
def drop_table(name: str) -> str:
    """Drops a table."""
    return "dropped"


class Scripted(GenericFakeChatModel):
    """In place of a model: it says what stands here. Use your own."""

    def bind_tools(self, tools, **kwargs):
        return self


def calls(name, id, args):
    return AIMessage("", tool_calls=[{"name": name, "args": args, "id": id}])


model = Scripted(
    messages=iter(
        [
            calls("drop_table", "c-1", {"name": "posts"}),
            calls("send_mail", "c-2", {"subject": "Spring", "limit": 500}),
            AIMessage("done"),
        ]
    )
)
agent = create_agent(
    model,
    [send_mail, drop_table],
    middleware=[FenceMiddleware(policy, dialog="ana@example.com")],
    checkpointer=InMemorySaver(),
)
config = {"configurable": {"thread_id": "t-1"}}

state = agent.invoke({"messages": [("user", "Mail everybody.")]}, config)
[asked] = state["__interrupt__"]
print("asks:", asked.value["name"], asked.value["args"], "may edit", asked.value["may_edit"])

edited = {"name": "send_mail", "args": {"subject": "Spring", "limit": 50}}
answer = {"type": "edit", "edited_action": edited, "version": asked.value["version"]}
state = agent.invoke(Command(resume=answer), config)
for message in state["messages"]:
    if message.type == "tool":
        print(f"{message.name}: {message.content}")
