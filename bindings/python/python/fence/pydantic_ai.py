"""Fence for Pydantic AI: a toolset behind a policy.

>>> agent = Agent(model, toolsets=[FenceToolset(tools, policy)], output_type=[str, DeferredToolRequests])

An ask ends the run with ``DeferredToolRequests``; its ``metadata`` says what is asked. The person
named as ``dialog`` answers with ``DeferredToolResults``: ``ToolApproved()``, with ``override_args`` for
an edit, or ``ToolDenied(message)``; with the ``version`` that was shown in its ``metadata``, where it is
not 1. Without ``dialog`` people answer through Fence, and resuming only looks whether they have.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

from pydantic_ai import ApprovalRequired, RunContext
from pydantic_ai.messages import ModelResponse, ToolCallPart
from pydantic_ai.tools import AgentDepsT
from pydantic_ai.toolsets import ToolsetTool, WrapperToolset
from pydantic_core import to_jsonable_python

from ._dialog import changes, shown
from ._errors import FenceError
from ._fence import PolicyResult
from ._policy import Policy


@dataclass
class FenceToolset(WrapperToolset[AgentDepsT]):
    """Judges every call of the wrapped tools; what may not run answers with what to do instead."""

    policy: Policy
    _: KW_ONLY
    dialog: str | None = None
    """The one person whose answers deferred results give."""
    pause: bool | None = None
    """``False`` holds a call for ``on_approval`` and people instead of deferring it; that is the
    default where the policy has ``on_approval``."""
    wait: float | None = None
    """How many seconds a call is held."""
    who: Callable[[RunContext[AgentDepsT]], Mapping[str, Any]] | None = None
    """``agent``, ``user`` and ``session`` of a call."""

    async def call_tool(
        self,
        name: str,
        tool_args: dict[str, Any],
        ctx: RunContext[AgentDepsT],
        tool: ToolsetTool[AgentDepsT],
    ) -> Any:
        """Runs the tool with the approved arguments, or tells why not."""
        pause = self.policy.on_approval is None if self.pause is None else self.pause
        who = dict(self.who(ctx)) if self.who else {}
        try:
            args = to_jsonable_python(tool_args)
            asked = _asked(ctx, tool, args)
            result = await self.policy.async_check(name, asked, call_id=ctx.tool_call_id, **who)
            if pause and result.requires_approval:
                self._dialog(ctx, result, args)
            if not (result.allowed or await result.request_approval(0.0 if pause else self.wait)):
                raise self.policy.denial(result)
        except FenceError as refusal:
            return str(refusal)
        try:
            answer = await self.wrapped.call_tool(name, _valid(tool, result.args), ctx, tool)
        except Exception as error:
            result.failed(str(error)[:2000])
            raise
        result.done()
        return answer

    def _dialog(self, ctx: RunContext[AgentDepsT], result: PolicyResult, args: Any) -> None:
        """Defers the call until people answer; an approval counts as the person's answer."""
        waiting = shown(self.policy, result)
        if waiting is None:
            return
        if not ctx.tool_call_approved:
            raise ApprovalRequired(metadata=waiting)
        if self.dialog is not None:
            version = (ctx.tool_call_metadata or {}).get("version", 1)
            edit = changes(result.args, args)
            self.policy.approve(result.request_id or "", self.dialog, version=version, edit=edit)


def _asked(ctx: RunContext[Any], tool: ToolsetTool[Any], args: Any) -> Any:
    """What the model asked for, where the call comes back with what an approver made of it."""
    if not ctx.tool_call_approved:
        return args
    for message in reversed(ctx.messages):
        for part in message.parts if isinstance(message, ModelResponse) else ():
            if isinstance(part, ToolCallPart) and part.tool_call_id == ctx.tool_call_id:
                return to_jsonable_python(_valid(tool, part.args_as_dict()))
    return args


def _valid(tool: ToolsetTool[Any], args: Any) -> dict[str, Any]:
    """The arguments as the tool wants them: what was judged is what runs."""
    return dict(tool.args_validator.validate_json(json.dumps(args)))
