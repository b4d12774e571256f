"""Fence for the OpenAI Agents SDK: function tools behind a policy.

>>> agent = Agent(name="mailer", tools=guard(policy, [send_mail, read_mail]))

An ask becomes an interruption of the run. Answer it with :func:`approve` or :func:`reject` and go on
with ``Runner.run(agent, state)``. Approving in the SDK alone counts only as the answer of the person
named as ``dialog``, and only for the one call that was shown: "always approve" releases nothing. A
tool's own ``needs_approval`` stays: the run is interrupted where either asks.
"""

from __future__ import annotations

import copy
import dataclasses
import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from agents import FunctionTool, RunContextWrapper, RunState
from agents.items import ToolApprovalItem
from agents.tool_context import ToolContext

from ._dialog import Kept, opened_now, same, shown
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
    """The person approves one interruption, perhaps with changes, and the run may go on.

    Where its request waits no more nothing is approved: :class:`UsageError`. Arguments that are no
    JSON object were judged by nobody; then the model is told so.
    """
    if _told_unfit(state, item):
        return
    request = _request(policy, state, item)
    policy.approve(request, person, version=version, edit=edit, note=note)
    state.approve(item)


def reject(
    policy: Policy,
    state: RunState[Any],
    item: ToolApprovalItem,
    person: str | None = None,
    reason: str = "no reason given",
) -> None:
    """The person refuses one interruption; the model is told why."""
    if _told_unfit(state, item):
        return
    policy.refuse(_request(policy, state, item), person, reason)
    state.reject(
        item,
        rejection_message=f"`{item.tool_name}` was not run: a person refused: {reason}. Do not call "
        "it again like this: do something else, or tell the user.",
    )


def _told_unfit(state: RunState[Any], item: ToolApprovalItem) -> bool:
    """The SDK interrupts for arguments that it cannot read: no answer of a person makes them a call."""
    try:
        _args(item.arguments)
    except ValueError as error:
        state.reject(item, rejection_message=f"`{item.tool_name}` was not run: {error}")
        return True
    return False


def _request(policy: Policy, state: RunState[Any], item: ToolApprovalItem) -> str:
    """The request that an interruption opened, which must still wait."""
    gate, ctx = _gate(policy, item), state._context
    if ctx is None:
        raise UsageError("the run's state has no context: make it with `result.to_state()`")
    name, call_id, args = item.tool_name or "", item.call_id or "", _args(item.arguments)
    request = gate.asked.get(gate.place(ctx, name, args, call_id)) or gate.again(ctx, name, args)
    if request is None or policy.request(request)["state"] != "pending":
        raise UsageError(
            f"no request waits for this call of `{name}` any more: go on with the run without an "
            "answer, or reject it with `state.reject`"
        )
    return request


def _gate(policy: Policy, item: ToolApprovalItem) -> _Gate:
    """Who guards the tool of an interruption."""
    for tool in item.agent.tools:
        gate = getattr(getattr(tool, "on_invoke_tool", None), "fence", None)
        if getattr(tool, "name", None) == item.tool_name and isinstance(gate, _Gate):
            if gate.policy is policy:
                return gate
    raise UsageError(f"`{item.tool_name}` is no tool that `guard` has put behind this policy")


def _args(arguments: str | None) -> dict[str, Any]:
    def constant(word: str) -> Any:
        raise ValueError(f"{word} is no JSON")

    try:
        args = json.loads(arguments or "{}", parse_constant=constant)
    except RecursionError:
        raise ValueError("its arguments nest too deep") from None
    if not isinstance(args, dict):
        raise ValueError("its arguments must be a JSON object")
    return args


@dataclasses.dataclass(frozen=True)
class _Gate:
    policy: Policy
    dialog: str | None
    pause: bool
    wait: float | None
    who: Who | None
    asked: Kept[str] = dataclasses.field(default_factory=Kept)
    """The requests of interruptions."""
    judged: Kept[PolicyResult] = dataclasses.field(default_factory=Kept)
    """Calls that the SDK had judged before it runs them: judged and counted once, for one run."""

    def behind(self, tool: FunctionTool) -> FunctionTool:
        if not isinstance(tool, FunctionTool):
            raise UsageError(f"only function tools can be guarded, not {tool!r}")
        run, own = tool.on_invoke_tool, tool.needs_approval

        async def needs_approval(
            ctx: RunContextWrapper[Any], args: dict[str, Any], call_id: str
        ) -> bool:
            given = copy.deepcopy(args)
            asks = own(ctx, given, call_id) if callable(own) else own
            own_asks = bool(await asks if inspect.isawaitable(asks) else asks)
            return await self._asks(ctx, tool.name, args, call_id, own_asks)

        async def invoke(ctx: ToolContext[Any], arguments: str) -> Any:
            try:
                args = _args(arguments)
                place = self.place(ctx, tool.name, args, ctx.tool_call_id)
                result = self.judged.pop(place)
                # Where the SDK has an approval it did not ask just now: what is kept is old.
                if result is None or ctx.is_tool_approved(ctx.tool_name, ctx.tool_call_id):
                    result = await self._check(ctx, tool.name, args)
                self._count(ctx, result)
                if not (result.allowed or await result.request_approval(self.wait)):
                    raise self.policy.denial(result)
            except (FenceError, ValueError) as refusal:
                return str(refusal)
            try:
                answer = await run(*_released(ctx, arguments, args, result))
            except BaseException as error:
                result.failed(f"{type(error).__name__}: {error}"[:2000])
                raise
            result.done()
            return answer

        invoke.fence = self  # type: ignore[attr-defined]
        return dataclasses.replace(tool, on_invoke_tool=invoke, needs_approval=needs_approval)

    async def _asks(
        self, ctx: RunContextWrapper[Any], name: str, args: dict[str, Any], call_id: str, own: bool
    ) -> bool:
        """Whether the run is interrupted: Fence asks, or the tool does."""
        if not self.pause:
            return own
        try:
            place = self.place(ctx, name, args, call_id)
            result = await self._check(ctx, name, args)
        except UsageError:
            return False  # The tool is not run: the model is told what is wrong with the call.
        if not result.requires_approval:
            if not own:
                self.judged.put(place, result)
            return own and not result.denied
        waiting = shown(self.policy, result)
        if waiting is not None:
            self.asked.put(place, str(waiting["request_id"]))
        return own or waiting is not None

    def place(
        self, ctx: RunContextWrapper[Any], name: str, args: dict[str, Any], call_id: str
    ) -> str:
        """One call of one agent: the SDK's id alone may come again for another."""
        who = dict(self.who(ctx)) if self.who else {}
        return json.dumps([name, args, call_id, who], sort_keys=True, default=repr)

    def again(self, ctx: RunContextWrapper[Any], name: str, args: dict[str, Any]) -> str | None:
        """The request of a call that another process interrupted for; nothing where it has ended."""
        result = self.policy.check(name, args, **(self.who(ctx) if self.who else {}))
        if not result.requires_approval:
            return None
        if opened_now(self.policy, result):
            result._withdraw("nobody asked for this call again")
            return None
        return result.request_id

    async def _check(
        self, ctx: RunContextWrapper[Any], name: str, args: dict[str, Any]
    ) -> PolicyResult:
        return await self.policy.async_check(name, args, **(self.who(ctx) if self.who else {}))

    def _count(self, ctx: ToolContext[Any], result: PolicyResult) -> None:
        """An approval in the SDK is the answer of the person at its dialog, for this call alone.

        The SDK shows the call as the model made it, which is version 1, and only what was asked
        before this run.
        """
        if not (self.pause and self.dialog and result.requires_approval):
            return
        if shown(self.policy, result) is None or opened_now(self.policy, result):
            return
        this_call = ctx.is_tool_approved(ctx.tool_name, ctx.tool_call_id) is True
        every_call = ctx.is_tool_approved(ctx.tool_name, "") is True
        if this_call and not every_call:
            self.policy.approve(result.request_id or "", self.dialog, version=1)


def _released(
    ctx: ToolContext[Any], arguments: str, judged: dict[str, Any], result: PolicyResult
) -> tuple[ToolContext[Any], str]:
    """The call to run; where an approver changed it, the tool's context says so too."""
    args = result.args
    if same(args, judged):
        return ctx, arguments or "{}"
    text = json.dumps(args)
    changed = copy.copy(ctx)
    changed.tool_arguments, changed._function_tool_arguments = text, None
    if ctx.tool_call is not None:
        changed.tool_call = ctx.tool_call.model_copy(update={"arguments": text})
    return changed, text
