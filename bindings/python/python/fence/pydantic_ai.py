"""Fence for Pydantic AI: a toolset behind a policy.

>>> agent = Agent(model, toolsets=[FenceToolset(tools, policy)], output_type=[str, DeferredToolRequests])

An ask ends the run with ``DeferredToolRequests``; its ``metadata`` says what is asked. The person
named as ``dialog`` answers with ``DeferredToolResults``: ``ToolApproved()``, with ``override_args`` for
an edit, or ``ToolDenied(message)``; with the ``version`` that was shown in its ``metadata``, where it is
not 1: ``metadata`` then has its ``args`` too. Without ``dialog`` people answer through Fence, and resuming only looks whether they have.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from pydantic_ai import ApprovalRequired, CallDeferred, RunContext
from pydantic_ai.messages import ModelResponse, ToolCallPart
from pydantic_ai.tools import AgentDepsT
from pydantic_ai.toolsets import ToolsetTool, WrapperToolset
from pydantic_core import to_jsonable_python

from ._dialog import Kept, changes, opened_now, same, shown, version_shown
from ._errors import ApprovalError, FenceError, UsageError
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

    begun: Kept[tuple[Any, PolicyResult]] = field(default_factory=Kept, repr=False)
    """Calls that were released, and whose tool then asked for an approval of its own."""

    async def get_tools(self, ctx: RunContext[AgentDepsT]) -> dict[str, ToolsetTool[AgentDepsT]]:
        """The wrapped tools. Those that run elsewhere never come by here, so none is let in."""
        tools = await self.wrapped.get_tools(ctx)
        outside = [name for name, tool in tools.items() if tool.tool_def.kind == "external"]
        if outside:
            raise UsageError(
                f"{outside} run outside the agent, where this toolset cannot judge them: "
                "ask `policy.authorize` where they run, and do not wrap them"
            )
        return tools

    async def call_tool(
        self,
        name: str,
        tool_args: dict[str, Any],
        ctx: RunContext[AgentDepsT],
        tool: ToolsetTool[AgentDepsT],
    ) -> Any:
        """Runs the tool with the approved arguments, or tells why not."""
        place = (ctx.tool_call_id, name)
        try:
            given = _copied(name, tool_args)
            args = _json(name, given)
            begun = self.begun.pop(place) if ctx.tool_call_approved else None
            if begun is not None and same(begun[0], args):
                result = begun[1]
            else:
                result = await self._released(name, args, ctx, tool)
            run_with = given if same(result.args, args) else _edited(result, tool, ctx)
        except FenceError as refusal:
            return str(refusal)
        try:
            answer = await self.wrapped.call_tool(name, run_with, ctx, tool)
        except ApprovalRequired:
            self.begun.put(place, (args, result))
            raise
        except CallDeferred:
            result.done("deferred")
            raise
        except BaseException as error:
            result.failed(f"{type(error).__name__}: {error}"[:2000])
            raise
        result.done()
        return answer

    async def _released(
        self, name: str, args: Any, ctx: RunContext[AgentDepsT], tool: ToolsetTool[AgentDepsT]
    ) -> PolicyResult:
        """The call as it may run. Raises where it may not, or where people must be asked first."""
        pause = self.policy.on_approval is None if self.pause is None else self.pause
        who = dict(self.who(ctx)) if self.who else {}
        asked = _asked(ctx, tool, args)
        overridden = not same(asked, args)
        result = await self.policy.async_check(name, asked, **who)
        if overridden and not result.requires_approval:
            # Nobody of Fence's was asked: what comes back is a call like any other.
            asked, overridden = args, False
            result = await self.policy.async_check(name, args, **who)
        if pause and result.requires_approval:
            self._dialog(ctx, result, args if overridden else None)
        if not (result.allowed or await result.request_approval(0.0 if pause else self.wait)):
            raise self.policy.denial(result)
        if overridden and not same(result.args, args):
            why = f"`override_args` are not what people approved for `{name}`"
            result.failed(why)
            raise ApprovalError(f"{why}: it was not run", "edit")
        return result

    def _dialog(self, ctx: RunContext[AgentDepsT], result: PolicyResult, override: Any) -> None:
        """Defers the call until people answer; an approval counts as the person's answer."""
        waiting = shown(self.policy, result)
        if waiting is None:
            return
        # A request that this very check opened was shown to nobody: no answer is one to it.
        if not ctx.tool_call_approved or opened_now(self.policy, result):
            raise ApprovalRequired(metadata=waiting)
        if self.dialog is not None:
            version = version_shown((ctx.tool_call_metadata or {}).get("version", 1))
            edit = {} if override is None else changes(waiting["args"], override)
            self.policy.approve(waiting["request_id"], self.dialog, version=version, edit=edit)


def _asked(ctx: RunContext[Any], tool: ToolsetTool[Any], args: Any) -> Any:
    """What the model asked for, where the call comes back with what an approver made of it."""
    if not ctx.tool_call_approved:
        return args
    for message in reversed(ctx.messages):
        for part in message.parts if isinstance(message, ModelResponse) else ():
            if isinstance(part, ToolCallPart) and part.tool_call_id == ctx.tool_call_id:
                return _json(part.tool_name, _valid(tool, ctx, part.args_as_dict()))
    return args


def _copied(name: str, args: dict[str, Any]) -> dict[str, Any]:
    """The arguments that run, out of reach of whoever has those that came."""
    try:
        return copy.deepcopy(args)
    except Exception as error:
        raise UsageError(f"the arguments of `{name}` cannot be kept: {error}") from error


def _json(name: str, args: Any) -> Any:
    try:
        return to_jsonable_python(args)
    except Exception as error:
        raise UsageError(f"the arguments of `{name}` are no JSON: {error}") from error


def _valid(tool: ToolsetTool[Any], ctx: RunContext[Any], args: Any) -> dict[str, Any]:
    """Arguments as the tool wants them."""
    try:
        text = json.dumps(args)
        return dict(tool.args_validator.validate_json(text, context=ctx.validation_context))
    except ValueError as error:
        raise UsageError(f"the arguments do not fit `{tool.tool_def.name}`: {error}") from error


def _edited(result: PolicyResult, tool: ToolsetTool[Any], ctx: RunContext[Any]) -> dict[str, Any]:
    """What an approver changed, as the tool wants it: what was approved, or nothing, runs."""
    args, name = result.args, result.tool
    try:
        valid = _valid(tool, ctx, args)
        if same(_json(name, valid), args):
            return valid
        why = f"`{name}` would make something else of the approved arguments"
    except UsageError as error:
        why = str(error)
    result.failed(why)
    raise UsageError(f"{why}: it was not run")
