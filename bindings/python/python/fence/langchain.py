"""Fence for LangChain agents: a middleware in front of every tool.

>>> agent = create_agent(model, tools, middleware=[FenceMiddleware(policy)], checkpointer=saver)

An ask interrupts the graph with ``{"type": "tool_approval", "name": …, "args": …, "request_id": …,
"version": …}``. The person named as ``dialog`` answers with ``Command(resume=…)``:
``{"type": "approve"}``, ``{"type": "edit", "edited_action": {"name": …, "args": …}}`` or
``{"type": "reject", "message": …}``; with the ``version`` that was shown, where it is not 1. Without
``dialog``, and with any other answer, people answer through Fence, and resuming only looks whether
they have.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from langchain.agents.middleware import AgentMiddleware
from langchain.agents.middleware.types import ToolCallRequest
from langchain_core.messages import ToolMessage
from langgraph.types import Command, interrupt

from ._dialog import changes, shown
from ._errors import ApprovalError, FenceError
from ._fence import PolicyResult
from ._policy import Policy

Answer = ToolMessage | Command[Any]
Who = Callable[[ToolCallRequest], Mapping[str, Any]]


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

    def wrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Answer]
    ) -> Answer:
        """Runs the tool with the approved arguments, or tells why not."""
        try:
            result = self.policy.check(**self._call(request))
            self._dialog(request, result)
            released = result.allowed or result.request_approval_blocking(self.wait)
            if not released:
                raise self.policy.denial(result)
        except FenceError as refusal:
            return _refusal(request, refusal)
        try:
            answer = handler(_approved(request, result))
        except Exception as error:
            result.failed(str(error)[:2000])
            raise
        return _finished(result, answer)

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[Answer]]
    ) -> Answer:
        """As :meth:`wrap_tool_call`."""
        try:
            result = await self.policy.async_check(**self._call(request))
            self._dialog(request, result)
            released = result.allowed or await result.request_approval(self.wait)
            if not released:
                raise self.policy.denial(result)
        except FenceError as refusal:
            return _refusal(request, refusal)
        try:
            answer = await handler(_approved(request, result))
        except Exception as error:
            result.failed(str(error)[:2000])
            raise
        return _finished(result, answer)

    def _call(self, request: ToolCallRequest) -> dict[str, Any]:
        """The call as Fence judges it. Its id makes a resumed graph find the first decision."""
        call = request.tool_call
        who = dict(self.who(request)) if self.who else {}
        thread = request.runtime.config.get("configurable", {}).get("thread_id")
        if thread is not None:
            who.setdefault("session", str(thread))
        return {"tool": call["name"], "args": call["args"], "call_id": call["id"], **who}

    def _dialog(self, request: ToolCallRequest, result: PolicyResult) -> None:
        """Interrupts where people must answer, and counts what comes back as the person's answer."""
        if not (self.pause and result.requires_approval):
            return
        waiting = shown(self.policy, result)
        if waiting is None:
            return
        call = request.tool_call
        answer = interrupt(
            {
                "type": "tool_approval",
                "tool_call_id": call["id"],
                "name": call["name"],
                "args": result.args,
                "description": result.reason,
                **waiting,
            }
        )
        if self.dialog is not None and isinstance(answer, Mapping):
            self._count(result, answer, self.dialog)

    def _count(self, result: PolicyResult, answer: Mapping[str, Any], person: str) -> None:
        request, version = result.request_id or "", answer.get("version", 1)
        match answer.get("type"):
            case "approve":
                self.policy.approve(request, person, version=version)
            case "edit":
                action = answer["edited_action"]
                if action["name"] != result.tool:
                    raise ApprovalError("an edit cannot change the tool", "edit")
                edit = changes(result.args, action["args"])
                self.policy.approve(request, person, version=version, edit=edit)
            case "reject" | "respond":
                reason = str(answer.get("message") or "no reason given")
                self.policy.refuse(request, person, reason, version=version)


def _approved(request: ToolCallRequest, result: PolicyResult) -> ToolCallRequest:
    return request.override(tool_call={**request.tool_call, "args": result.args})


def _finished(result: PolicyResult, answer: Answer) -> Answer:
    if isinstance(answer, ToolMessage) and answer.status == "error":
        result.failed(str(answer.content)[:2000])
    else:
        result.done()
    return answer


def _refusal(request: ToolCallRequest, refusal: FenceError) -> ToolMessage:
    call = request.tool_call
    return ToolMessage(str(refusal), name=call["name"], tool_call_id=call["id"], status="error")
