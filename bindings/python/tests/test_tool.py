"""Plain functions behind a policy."""

import inspect

import pytest

from fence import Approve, Denied, Gate, Policy, UsageError

EDITABLE = """fence 1 policy p
    ask send as sending { edit args.limit 1..50 }
    allow read_*, Mailer.send
    deny drop"""


def test_a_function_asks_first_and_keeps_its_face():
    gate = Gate(allow=["read_post"], deny=["drop"])

    @gate.tool
    def read_post(id: int, /, *more: int, lang: str = "en", **rest: int) -> str:
        """Reads."""
        return f"{id} {more} {lang} {rest}"

    @gate.tool(name="drop")
    def read_all() -> None:
        raise AssertionError("it ran")

    assert read_post(1) == "1 () en {}"
    assert read_post(1, 2, 3, lang="de", x=4) == "1 (2, 3) de {'x': 4}"
    assert (read_post.__name__, read_post.__doc__) == ("read_post", "Reads.")
    assert list(inspect.signature(read_post).parameters) == ["id", "more", "lang", "rest"]
    with pytest.raises(Denied, match="`drop` was not run"):
        read_all()


async def test_an_async_function_runs_with_what_was_approved():
    policy = Policy.from_text(EDITABLE, on_approval=lambda tool, args: Approve(edit={"args.limit": 50}))
    sent = []

    @policy.tool
    async def send(to: list[str], limit: int = 500) -> str:
        sent.append((to, limit))
        return "sent"

    assert inspect.iscoroutinefunction(send)
    assert await send(["x@list.test"]) == "sent"
    assert sent == [(["x@list.test"], 50)]
    assert policy.pending() == []


def test_keywords_that_are_no_part_of_the_call_are_passed_on_as_they_came():
    policy = Policy(allow=["read"])

    @policy.tool(ignore=["rest"])
    def read(a, **rest):
        return a, rest

    assert read(1, x=object) == (1, {"x": object})


def test_what_is_no_part_of_the_call_is_passed_on():
    policy = Policy.from_text(EDITABLE)

    class Mailer:
        @policy.tool(name="Mailer.send", ignore=["self", "connection"])
        def send(self, connection, to):
            return self, connection, to

    mailer, connection = Mailer(), object()
    assert mailer.send(connection, to="x") == (mailer, connection, "x")
    with pytest.raises(UsageError, match="conection"):
        policy.tool(name="x", ignore=["conection"])(lambda connection: None)


def test_a_failure_is_told():
    policy = Policy.from_text(EDITABLE)

    @policy.tool(call_id="c-1")
    def send(limit):
        raise ValueError("no network")

    request = policy.check("send", {"limit": 1}, call_id="c-1").request_id
    policy.approve(request)
    with pytest.raises(ValueError, match="no network"):
        send(1)
    assert policy.request(request)["state"] == "failed"
    assert policy.request(request)["history"][-1]["note"] == "ValueError: no network"


def test_arguments_that_are_no_json_never_reach_the_function():
    policy = Policy(allow=["*"])

    @policy.tool
    def read(x):
        raise AssertionError("it ran")

    with pytest.raises(UsageError, match="no JSON"):
        read(object())
    with pytest.raises(TypeError):
        read()
    assert policy.audit_trail == []
