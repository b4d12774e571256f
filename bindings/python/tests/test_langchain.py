"""The LangChain middleware, with the real agent, graph and checkpointer, and a scripted model."""

import pytest
from langchain.agents import create_agent
from langchain.tools import tool
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command, interrupt

from fence import Policy
from fence.langchain import FenceMiddleware
from fence.testing import ManualClock

TEXT = """fence 1 policy mailer
    zone "UTC"
    window office = mon..fri 09:00..17:00
    group editors = "ana@example.com", "bo@example.com"
    allow read_*
    ask send_mail as mailing {
      auto during office
      by 1 of editors
      edit args.limit 1..50
      because "a person reads it first"
    }
    deny drop_table because "tables are kept" instead "rename it"
"""
ANA = "ana@example.com"


class Model(GenericFakeChatModel):
    """Says what it is told to say."""

    def bind_tools(self, tools, **kwargs):
        return self


class Agent:
    """An agent that makes these calls, one after another, and remembers what ran."""

    def __init__(self, *calls, clock="2026-03-22T12:00:00Z", database=None, saver=None, **options):
        self.ran = []
        self.clock = ManualClock(clock)
        on_approval = options.pop("on_approval", None)
        approver = options.pop("approver", ANA)
        self.policy = Policy.from_text(
            TEXT, clock=self.clock, database=database, on_approval=on_approval, approver=approver
        )
        self.config = {"configurable": {"thread_id": "t-1"}}

        @tool
        def send_mail(to: str, limit: int = 10) -> str:
            """Sends."""
            self.ran.append(("send_mail", to, limit))
            return f"sent to {limit}"

        @tool
        def read_mail(n: int) -> str:
            """Reads."""
            self.ran.append(("read_mail", n))
            return "a mail"

        @tool
        def drop_table(name: str) -> str:
            """Drops."""
            self.ran.append(("drop_table", name))
            return "dropped"

        said = [
            AIMessage("", tool_calls=[{"name": n, "args": a, "id": f"c-{i}"}]) if n else AIMessage("end")
            for i, (n, a) in enumerate([*calls, (None, None)])
        ]
        self.saver = saver or InMemorySaver()
        self.graph = create_agent(
            Model(messages=iter(said)),
            [send_mail, read_mail, drop_table],
            middleware=[FenceMiddleware(self.policy, **{"dialog": ANA, **options})],
            checkpointer=self.saver,
        )

    def run(self, given=None):
        given = given or {"messages": [("user", "go")]}
        return self.graph.invoke(given, self.config)

    def resume(self, answer):
        return self.run(Command(resume=answer))

    @property
    def told(self):
        """What the tools answered."""
        messages = self.graph.get_state(self.config).values["messages"]
        return [(m.status, m.content) for m in messages if m.type == "tool"]


MAIL = ("send_mail", {"to": "all@list.test", "limit": 500})


def test_allowed_runs_and_denied_says_what_to_do_instead():
    agent = Agent(("read_mail", {"n": 1}), ("drop_table", {"name": "posts"}))
    agent.run()
    assert agent.ran == [("read_mail", 1)]
    (read, _), (status, text) = agent.told
    assert (read, status) == ("success", "error")
    assert "tables are kept. Instead: rename it" in text


def test_an_ask_interrupts_and_goes_on_when_approved():
    agent = Agent(MAIL)
    [asked] = agent.run()["__interrupt__"]
    assert agent.ran == []
    assert asked.value["type"] == "tool_approval"
    assert (asked.value["name"], asked.value["args"]) == MAIL
    assert asked.value["may_edit"] == {"args.limit": "a number from 1 to 50"}
    agent.resume({"type": "approve", "version": asked.value["version"]})
    assert agent.ran == [("send_mail", "all@list.test", 500)]
    request = agent.policy.request(asked.value["request_id"])
    assert request["state"] == "done"
    assert [vote["by"] for vote in request["votes"]] == [ANA]


def test_an_edit_reaches_the_tool():
    agent = Agent(MAIL)
    agent.run()
    action = {"name": "send_mail", "args": {"to": "all@list.test", "limit": 50}}
    agent.resume({"type": "edit", "edited_action": action})
    assert agent.ran == [("send_mail", "all@list.test", 50)]


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("send_mail", {"to": "all@list.test", "limit": 5000}),
        ("send_mail", {"to": "other@list.test", "limit": 50}),
        ("send_mail", {"limit": 50}),
        ("drop_table", {"name": "posts"}),
    ],
)
def test_an_edit_beyond_its_bounds_runs_nothing(name, args):
    agent = Agent(MAIL)
    agent.run()
    agent.resume({"type": "edit", "edited_action": {"name": name, "args": args}})
    assert agent.ran == []
    assert agent.told[0][0] == "error"


def test_a_refusal_reaches_the_model_and_stays_when_a_window_opens():
    agent = Agent(MAIL, MAIL, clock="2026-03-23T08:59:00Z")
    agent.run()
    agent.clock.set("2026-03-23T09:01:00Z")
    agent.resume({"type": "reject", "message": "nobody agreed to mail"})
    assert agent.ran == []
    (_, first), (_, again) = agent.told
    assert "a person refused: nobody agreed to mail" in first
    assert "a person refused exactly this call" in again


def test_the_verdict_is_frozen_when_a_window_opens_before_the_answer():
    agent = Agent(MAIL)
    [asked] = agent.run()["__interrupt__"]
    agent.clock.advance(60)
    agent.policy.refuse(asked.value["request_id"], "bo@example.com", "no")
    agent.clock.set("2026-03-23T10:00:00Z")
    agent.resume({"type": "approve"})
    assert agent.ran == []
    assert "a person refused exactly this call" in agent.told[0][1]


@pytest.mark.parametrize("answer", ["approve", True, {"type": "APPROVE"}, [{"type": "approve"}], {"decisions": [{"type": "approve"}]}])
def test_anything_else_is_no_answer(answer):
    agent = Agent(MAIL)
    agent.run()
    agent.resume(answer)
    assert agent.ran == []
    assert "a person must approve it" in agent.told[0][1]


def test_an_older_version_is_not_approved():
    agent = Agent(MAIL)
    agent.run()
    agent.resume({"type": "approve", "version": 2})
    assert agent.ran == []


def test_without_a_dialog_people_answer_through_fence():
    agent = Agent(MAIL, dialog=None)
    [asked] = agent.run()["__interrupt__"]
    agent.resume({"type": "approve"})
    assert agent.ran == []
    agent = Agent(MAIL, dialog=None)
    [asked] = agent.run()["__interrupt__"]
    agent.policy.approve(asked.value["request_id"], "bo@example.com", edit={"args.limit": 5})
    agent.resume({"type": "look"})
    assert agent.ran == [("send_mail", "all@list.test", 5)]


def test_an_approval_is_for_the_call_that_was_shown():
    changed = ("send_mail", {"to": "mallory@list.test", "limit": 500})
    agent = Agent(MAIL, changed)
    agent.run()
    [asked] = agent.resume({"type": "approve"})["__interrupt__"]
    assert agent.ran == [("send_mail", "all@list.test", 500)]
    assert asked.value["args"] == changed[1]


def test_a_graph_goes_on_in_another_process(tmp_path):
    """The first process ends between question and answer; only its files are left."""
    saver = InMemorySaver()
    first = Agent(MAIL, database=tmp_path / "fence.db", saver=saver)
    first.run()
    second = Agent(database=tmp_path / "fence.db", saver=saver)
    second.resume({"type": "approve"})
    assert (first.ran, second.ran) == ([], [("send_mail", "all@list.test", 500)])


def test_a_callback_holds_the_call_instead():
    agent = Agent(MAIL, on_approval=lambda tool, args: args["limit"] <= 500)
    agent.run()
    assert agent.ran == [("send_mail", "all@list.test", 500)]
    agent = Agent(MAIL, on_approval=lambda tool, args: 1 / 0)
    agent.run()
    assert agent.ran == []
    assert "on_approval failed: ZeroDivisionError" in agent.told[0][1]


async def test_the_same_asynchronously():
    agent = Agent(MAIL, ("drop_table", {"name": "posts"}))
    asked = await agent.graph.ainvoke({"messages": [("user", "go")]}, agent.config)
    assert asked["__interrupt__"][0].value["name"] == "send_mail"
    await agent.graph.ainvoke(Command(resume={"type": "approve"}), agent.config)
    assert agent.ran == [("send_mail", "all@list.test", 500)]
    assert [status for status, _ in agent.told] == ["success", "error"]


TWO = """fence 1 policy p
    group editors = "ana@x.test", "bo@x.test"
    ask send as sending { by 2 of editors  edit args.limit 1..1000 }"""


class Loose:
    """Any tools behind any policy; each entry of ``said`` is a turn of calls ``(name, args, id)``."""

    def __init__(self, policy, tools, *said, **options):
        self.policy, self.config = policy, {"configurable": {"thread_id": "t"}}
        turns = [
            AIMessage("", tool_calls=[{"name": n, "args": a, "id": i} for n, a, i in turn])
            for turn in said
        ]
        middleware = [FenceMiddleware(policy, **options)]
        model = Model(messages=iter([*turns, AIMessage("end")]))
        self.graph = create_agent(model, tools, middleware=middleware, checkpointer=InMemorySaver())

    def run(self, given):
        return self.graph.invoke(given, self.config)

    def start(self):
        return self.run({"messages": [("user", "go")]})

    def resume(self, answer):
        return self.run(Command(resume=answer))


def limited(ran):
    @tool
    def send(limit: int = 500) -> str:
        """Sends."""
        ran.append(limit)
        return "sent"

    return send


def test_a_dialog_shows_the_arguments_of_the_version_it_names():
    ran, policy = [], Policy.from_text(TWO)
    agent = Loose(policy, [limited(ran)], [("send", {"limit": 5}, "c")], dialog="bo@x.test")
    agent.start()
    policy.approve(policy.pending()[0]["id"], "ana@x.test", edit={"args.limit": 1000})
    [asked] = agent.run(None)["__interrupt__"]
    assert (asked.value["args"], asked.value["version"]) == ({"limit": 1000}, 2)


@pytest.mark.parametrize("version", [None, True, "1", 1.0, 1])
def test_only_the_number_of_the_present_version_approves_it(version):
    ran, policy = [], Policy.from_text(TWO)
    agent = Loose(policy, [limited(ran)], [("send", {"limit": 5}, "c")], dialog="bo@x.test")
    agent.start()
    policy.approve(policy.pending()[0]["id"], "ana@x.test", edit={"args.limit": 1000})
    agent.resume({"type": "approve", "version": version})
    assert ran == []


def test_a_repeated_call_id_is_judged_and_counted_each_time():
    ran = []
    policy = Policy.from_text("fence 1 policy p ask send as s { auto first 1 per session }")
    agent = Loose(policy, [limited(ran)], *[[("send", {"limit": 1}, "call_0")]] * 3)
    agent.start()
    assert ran == [1]


def test_an_answer_to_fence_is_none_to_the_tools_own_question():
    ran = []

    @tool
    def wipe(n: int) -> str:
        """Wipes."""
        ran.append(interrupt("REALLY wipe?"))
        return "wiped"

    policy = Policy(require_approval=["wipe"], people=["ana@x.test"])
    agent = Loose(policy, [wipe], [("wipe", {"n": 1}, "c")])
    agent.start()
    request = policy.pending()[0]["id"]
    policy.approve(request, "ana@x.test")
    [asked] = agent.resume({"type": "approve"})["__interrupt__"]
    assert (ran, asked.value) == ([], "REALLY wipe?")
    agent.resume("yes")
    assert (ran, policy.request(request)["state"]) == (["yes"], "done")


def test_an_answer_to_an_expired_request_is_none_to_the_next():
    ran, clock = [], ManualClock("2026-03-23T10:00:00Z")
    policy = Policy(require_approval=["send"], clock=clock)
    agent = Loose(policy, [limited(ran)], [("send", {"limit": 1}, "c")], dialog="on_approval")
    agent.start()
    clock.advance(2 * 3600)
    agent.resume({"type": "approve"})
    assert ran == []


def test_a_person_who_wants_less_is_heard_though_the_policy_now_allows():
    agent = Agent(MAIL, clock="2026-03-23T08:59:00Z")
    agent.run()
    agent.clock.set("2026-03-23T09:01:00Z")
    action = {"name": "send_mail", "args": {"to": "all@list.test", "limit": 5}}
    agent.resume({"type": "edit", "edited_action": action})
    assert agent.ran == []


def test_what_the_tools_parser_makes_of_arguments_is_judged():
    for args in ({"limit": "500"}, {}, {"limit": 500}):
        ran, policy = [], Policy.from_text("fence 1 policy p allow send when not args.limit == 500")
        Loose(policy, [limited(ran)], [("send", args, "c")]).start()
        assert ran == []
