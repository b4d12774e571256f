"""Fence for the OpenAI Agents SDK: function tools behind a policy.

>>> agent = Agent(name="mailer", tools=guard(policy, [send_mail, read_mail]))

An ask becomes an interruption of the run. Answer it with :func:`approve` or :func:`reject` and go on
with ``Runner.run(agent, state)``. Approving in the SDK alone counts only as the answer of the person
named as ``dialog``, and only for the one call that was shown: "always approve" releases nothing.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from agents import FunctionTool, RunContextWrapper, RunState
from agents.items import ToolApprovalItem
from agents.tool_context import ToolContext

from ._dialog import shown
from ._errors import FenceError, UsageError
from ._fence import PolicyResult
from ._policy import Policy

Who = Callable[[RunContextWrapper[Any]], Mapping[str, Any]]


def guard(
    policy: Policy,
    tools: Iterable[FunctionTool],
    *,
    dialog: str | None = None,
    pause: bool | None = None,
    wait: float | None = None,
    who: Who | None = None,
) -> list[Any]:
    """The same tools, each of which asks first; what may not run answers with what to do instead.

    ``dialog`` is the one person whose answers ``RunState.approve`` gives. ``pause=False`` holds a
    call, at most ``wait`` seconds, for ``on_approval`` and people instead of interrupting the run;
    that is the default where the policy has ``on_approval``. ``who`` gives ``agent``, ``user`` and
    ``session`` of a call.
    """
    pause = policy.on_approval is None if pause is None else pause
    gate = _Gate(policy, dialog, pause, 0.0 if pause else wait, who)
    return [gate.behind(tool) for tool in tools]


def approve(
    policy: Policy,
    state: RunState[Any],
    item: ToolApprovalItem,
    person: str | None = None,
    *,
    edit: Mapping[str, Any] | None = None,
    note: str | None = None,
    version: int = 1,
) -> None:
    """The person approves one interruption, perhaps with changes, and the run may go on."""
    policy.approve(_request(policy, item), person, version=version, edit=edit, note=note)
    state.approve(item)


def reject(
    policy: Policy,
    state: RunState[Any],
    item: ToolApprovalItem,
    person: str | None = None,
    reason: str = "no reason given",
) -> None:
    """The person refuses one interruption; the model is told why."""
    request = _request(policy, item)
    policy.refuse(request, person, reason)
    state.reject(
        item,
        rejection_message=f"`{item.tool_name}` was not run: a person refused: {reason}. Do not call "
        "it again like this: do something else, or tell the user.",
    )


def _request(policy: Policy, item: ToolApprovalItem) -> str:
    """The request that waits for an interruption: of this tool, with these arguments."""
    args = json.loads(item.arguments or "{}")
    same = [
        str(view["id"])
        for view in policy.pending()
        if view["tool"] == item.tool_name and view["args"] == args
    ]
    if len(same) != 1:
        raise UsageError(
            f"{len(same)} requests wait for this call of `{item.tool_name}`: "
            "answer with `policy.approve` or `policy.refuse`, then `state.approve`"
        )
    return same[0]


@dataclasses.dataclass(frozen=True)
class _Gate:
    policy: Policy
    dialog: str | None
    pause: bool
    wait: float | None
    who: Who | None

    def behind(self, tool: FunctionTool) -> FunctionTool:
        if not isinstance(tool, FunctionTool):
            raise UsageError(f"only function tools can be guarded, not {tool!r}")
        run = tool.on_invoke_tool

        async def needs_approval(
            ctx: RunContextWrapper[Any], args: dict[str, Any], call_id: str
        ) -> bool:
            if not self.pause:
                return False
            result = await self._check(ctx, tool.name, args, call_id)
            return result.requires_approval and shown(self.policy, result) is not None

        async def invoke(ctx: ToolContext[Any], arguments: str) -> Any:
            try:
                args = json.loads(arguments or "{}")
                result = await self._check(ctx, tool.name, args, ctx.tool_call_id)
                self._count(ctx, result)
                if not (result.allowed or await result.request_approval(self.wait)):
                    raise self.policy.denial(result)
            except (FenceError, ValueError) as refusal:
                return str(refusal)
            try:
                answer = await run(ctx, json.dumps(result.args))
            except Exception as error:
                result.failed(str(error)[:2000])
                raise
            result.done()
            return answer

        return dataclasses.replace(tool, on_invoke_tool=invoke, needs_approval=needs_approval)

    async def _check(
        self, ctx: RunContextWrapper[Any], name: str, args: dict[str, Any], call_id: str
    ) -> PolicyResult:
        who = dict(self.who(ctx)) if self.who else {}
        return await self.policy.async_check(name, args, call_id=call_id, **who)

    def _count(self, ctx: ToolContext[Any], result: PolicyResult) -> None:
        """An approval in the SDK is the answer of the person at its dialog, for this call alone."""
        if not (self.pause and self.dialog and result.requires_approval):
            return
        if shown(self.policy, result) is None:
            return
        this_call = ctx.is_tool_approved(ctx.tool_name, ctx.tool_call_id) is True
        every_call = ctx.is_tool_approved(ctx.tool_name, "") is True
        if this_call and not every_call:
            self.policy.approve(result.request_id or "", self.dialog, version=1)
