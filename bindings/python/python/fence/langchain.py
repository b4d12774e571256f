"""Fence for LangChain agents: a middleware in front of every tool.

>>> agent = create_agent(model, tools, middleware=[FenceMiddleware(policy)], checkpointer=saver)

An ask interrupts the graph with ``{"type": "tool_approval", "name": …, "args": …, "request_id": …,
"version": …}``. The person named as ``dialog`` answers with ``Command(resume=…)``:
``{"type": "approve"}``, ``{"type": "edit", "edited_action": {"name": …, "args": …}}`` or
``{"type": "reject", "message": …}``; with the ``version`` that was shown, where it is not 1, and better
with the ``request_id`` too. Without ``dialog``, and with any other answer, people answer through Fence, and resuming only looks whether
they have.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from langchain.agents.middleware import AgentMiddleware
from langchain.agents.middleware.types import ToolCallRequest
from langchain_core.messages import ToolMessage
from langgraph.errors import GraphBubbleUp
from langgraph.types import Command, interrupt
from pydantic import BaseModel, ValidationError

from ._dialog import Kept, changes, opened_now, same, shown, version_shown
from ._errors import ApprovalError, FenceError, UsageError
from ._fence import PolicyResult
from ._policy import Policy

Answer = ToolMessage | Command[Any]
Who = Callable[[ToolCallRequest], Mapping[str, Any]]


@dataclass(frozen=True)
class _Begun:
    """A tool that was released, and then interrupted the graph itself: it runs on as released."""

    call: Mapping[str, Any]
    result: PolicyResult


class FenceMiddleware(AgentMiddleware[Any, Any, Any]):
    """Judges every tool call; what may not run becomes a message that says what to do instead."""

    def __init__(
        self,
        policy: Policy,
        *,
        dialog: str | None = None,
        pause: bool | None = None,
        wait: float | None = None,
        who: Who | None = None,
    ) -> None:
        """``dialog`` is the one person who answers interrupts. ``pause=False`` holds the call, at
        most ``wait`` seconds, for ``on_approval`` and people instead of interrupting; that is the
        default where the policy has ``on_approval``. ``who`` gives ``agent``, ``user``, ``session``
        of a call; the session is the graph's thread unless it says otherwise.
        """
        super().__init__()
        self.policy = policy
        self.dialog = dialog
        self.pause = policy.on_approval is None if pause is None else pause
        self.wait = 0.0 if self.pause else wait
        self.who = who
        self._asked: Kept[dict[str, Any]] = Kept()
        self._begun: Kept[_Begun] = Kept()

    def wrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Answer]
    ) -> Answer:
        """Runs the tool with the approved arguments, or tells why not."""
        try:
            call = self._call(request)
            result = self._goes_on(request, call)
            if result is None:
                result = self.policy.check(**call)
                self._dialog(request, result)
                if not (result.allowed or result.request_approval_blocking(self.wait)):
                    raise self.policy.denial(result)
            approved = _approved(request, call["args"], result)
        except FenceError as refusal:
            return _refusal(request, refusal)
        with self._running(request, call, result):
            answer = handler(approved)
        return _finished(result, answer)

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[Answer]]
    ) -> Answer:
        """As :meth:`wrap_tool_call`."""
        try:
            call = self._call(request)
            result = self._goes_on(request, call)
            if result is None:
                result = await self.policy.async_check(**call)
                self._dialog(request, result)
                if not (result.allowed or await result.request_approval(self.wait)):
                    raise self.policy.denial(result)
            approved = _approved(request, call["args"], result)
        except FenceError as refusal:
            return _refusal(request, refusal)
        with self._running(request, call, result):
            answer = await handler(approved)
        return _finished(result, answer)

    def _call(self, request: ToolCallRequest) -> dict[str, Any]:
        """The call as Fence judges it. The model's id of it is no part: it may come again."""
        who = dict(self.who(request)) if self.who else {}
        thread = request.runtime.config.get("configurable", {}).get("thread_id")
        if thread is not None:
            who.setdefault("session", str(thread))
        return {"tool": request.tool_call["name"], "args": _parsed(request), **who}

    def _dialog(self, request: ToolCallRequest, result: PolicyResult) -> None:
        """Interrupts where people must answer, and counts what comes back as the person's answer.

        LangGraph tells answers to a node apart by their order. So once a node has been asked it
        interrupts in each of its runs, also where the answer does not count any more: else it would
        be taken for an answer to the tool's own question.
        """
        if not self.pause or result.denied:
            return
        waiting = shown(self.policy, result) if result.requires_approval else None
        asked = self._asked_before(request, result)
        if waiting is None and asked is None:
            return
        question = self._question(request, result, waiting) if waiting else asked or {}
        self._asked.put(_place(request), question)
        answer = interrupt(question)
        if self.dialog is None or not isinstance(answer, Mapping):
            return
        if result.allowed:
            self._respect(question, answer, self.dialog)
        # A request that this very run opened was shown to nobody: the answer is to an earlier one.
        elif waiting is not None and not opened_now(self.policy, result):
            self._count(result, waiting, answer, self.dialog)

    def _asked_before(self, request: ToolCallRequest, result: PolicyResult) -> dict[str, Any] | None:
        """What an earlier run of this node asked, maybe in another process."""
        asked = self._asked.get(_place(request))
        notes = request.runtime.config.get("configurable", {}).get("__pregel_scratchpad")
        resumes = notes is not None and (notes.resume or notes.get_null_resume(False) is not None)
        if asked is not None or not resumes:
            return asked
        digest = result.decision["digest"]
        for view in self.policy.pending():
            if view["digest"] == digest:
                return {"request_id": view["id"], "version": view["version"]}
        return {} if result.requires_approval else None

    def _respect(
        self, question: Mapping[str, Any], answer: Mapping[str, Any], person: str
    ) -> None:
        """The policy has come to allow what was asked: a person's no, or other wish, stands."""
        kind = answer.get("type")
        if kind in ("reject", "respond"):
            reason = str(answer.get("message") or "no reason given")
            self.policy.refuse(question.get("request_id", ""), person, reason)
            raise ApprovalError(f"the call was not run: a person refused: {reason}", "denied")
        if kind == "edit":
            why = "a person wants it changed: make the call as it should be, it needs no approval now"
            raise ApprovalError(f"the call was not run: {why}", "edit")

    def _question(
        self, request: ToolCallRequest, result: PolicyResult, waiting: Mapping[str, Any]
    ) -> dict[str, Any]:
        call = request.tool_call
        return {
            "type": "tool_approval",
            "tool_call_id": call["id"],
            "name": call["name"],
            "description": result.reason,
            **waiting,
        }

    def _count(
        self,
        result: PolicyResult,
        waiting: Mapping[str, Any],
        answer: Mapping[str, Any],
        person: str,
    ) -> None:
        request, version = waiting["request_id"], version_shown(answer.get("version", 1))
        if answer.get("request_id", request) != request:
            raise ApprovalError("the answer is to another request", "stale")
        match answer.get("type"):
            case "approve":
                self.policy.approve(request, person, version=version)
            case "edit":
                self.policy.approve(
                    request, person, version=version, edit=_edit(result, waiting, answer)
                )
            case "reject" | "respond":
                reason = str(answer.get("message") or "no reason given")
                self.policy.refuse(request, person, reason, version=version)

    def _goes_on(self, request: ToolCallRequest, call: Mapping[str, Any]) -> PolicyResult | None:
        """What was released already, where the tool itself interrupted its earlier run."""
        place = _place(request)
        begun = self._begun.get(place)
        if begun is None or not same(begun.call, call):
            return None
        asked = self._asked.get(place)
        if asked is not None:
            interrupt(asked)
        # Whoever takes it runs it; a run that interrupted above has left it there.
        return begun.result if self._begun.pop(place) is begun else None

    @contextmanager
    def _running(
        self, request: ToolCallRequest, call: Mapping[str, Any], result: PolicyResult
    ) -> Iterator[None]:
        try:
            yield
        except GraphBubbleUp:
            self._begun.put(_place(request), _Begun(call, result))
            raise
        except BaseException as error:
            result.failed(f"{type(error).__name__}: {error}"[:2000])
            raise


def _place(request: ToolCallRequest) -> tuple[Any, ...]:
    """One call of one run of the tools: the same when the graph runs it again."""
    places = request.runtime.config.get("configurable", {})
    return places.get("thread_id"), places.get("checkpoint_ns"), request.tool_call["id"]


def _edit(
    result: PolicyResult, waiting: Mapping[str, Any], answer: Mapping[str, Any]
) -> dict[str, Any]:
    action = answer.get("edited_action")
    if not isinstance(action, Mapping) or not isinstance(action.get("args"), Mapping):
        raise ApprovalError("an edit names `edited_action` with `name` and `args`", "edit")
    if action.get("name") != result.tool:
        raise ApprovalError("an edit cannot change the tool", "edit")
    return changes(waiting["args"], action["args"])


def _parsed(request: ToolCallRequest) -> Any:
    """The arguments as the tool will have them, where its parser can say: defaults filled in."""
    args = request.tool_call["args"]
    parsed = _valid(request, args)
    return args if parsed is None else parsed


def _valid(request: ToolCallRequest, args: Any) -> dict[str, Any] | None:
    """What the tool's own parser makes of arguments, as JSON; nothing where it cannot say."""
    schema = getattr(request.tool, "args_schema", None)
    if not (isinstance(schema, type) and issubclass(schema, BaseModel)):
        return None
    try:
        return schema.model_validate(args).model_dump(mode="json", by_alias=True)
    except ValidationError:
        return None  # The tool refuses them as well, or takes something that no model gives.
    except Exception as error:
        raise UsageError(f"the arguments of `{request.tool_call['name']}` are no JSON: {error}") from error


def _approved(request: ToolCallRequest, judged: Any, result: PolicyResult) -> ToolCallRequest:
    """The call to run: as it came where nobody changed it, else as it was changed."""
    args = result.args
    if same(args, judged):
        return request
    valid = _valid(request, args)
    if valid is not None and not same(valid, args):
        why = f"`{result.tool}` would make something else of the approved arguments"
        result.failed(why)
        raise UsageError(f"{why}: it was not run")
    return request.override(tool_call={**request.tool_call, "args": args})


def _finished(result: PolicyResult, answer: Answer) -> Answer:
    if isinstance(answer, ToolMessage) and answer.status == "error":
        result.failed(str(answer.content)[:2000])
    else:
        result.done()
    return answer


def _refusal(request: ToolCallRequest, refusal: FenceError) -> ToolMessage:
    call = request.tool_call
    return ToolMessage(str(refusal), name=call["name"], tool_call_id=call["id"], status="error")
