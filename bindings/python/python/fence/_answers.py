"""What ``on_approval`` answers, and how a request is brought to its end.

The callback is asked while people may answer as well; whoever is first, counts. Only ``True`` and
:class:`Approve` release, and only if whoever the callback answers as is among those who are asked.
"""

from __future__ import annotations

import asyncio
import copy
import inspect
import time
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Union

from . import _fence
from ._dialog import changes, same
from ._errors import ApprovalError
from ._fence import PolicyResult
from ._soon import in_thread, soon

if TYPE_CHECKING:
    from ._policy import Policy


@dataclass(frozen=True)
class Approve:
    """Release the call, perhaps with changes: ``Approve(edit={"args.limit": 50})``."""

    edit: Mapping[str, Any] = field(default_factory=dict)
    """Fields as a policy writes them, with their new values; only what the rule lets approvers edit."""
    note: str | None = None
    """The approver's words, for the record."""


@dataclass(frozen=True)
class Refuse:
    """Do not release the call, for this reason."""

    reason: str
    """It is recorded, and told to the model."""


Answer = Union[bool, None, Approve, Refuse]
OnApproval = Callable[[str, dict[str, Any]], Union[Answer, Awaitable[Answer]]]

class _InPlace(Approve):
    """A yes with changes that were made to ``context`` itself."""


_IN_PLACE = (
    "on_approval changed `context` in place, which is no approval of the call as it stands: "
    "it may answer Approve(edit=…), as far as the rule lets approvers edit"
)
_NO = Refuse("on_approval answered no")
# Nobody of those who are asked: others decide.
_OTHERS_DECIDE = {"not-asked", "requester", "stale", "unknown-person", "represented", "not-pending"}
# The requests that a callback is being asked about: what it does itself must not ask it again.
_ASKING: ContextVar[frozenset[str]] = ContextVar("fence_asking", default=frozenset())


async def request_approval(policy: Policy, result: PolicyResult, timeout: float | None) -> bool:
    """Brings the request of a result to its end; ``True`` releases the call, this once."""
    if not result.requires_approval:
        return result.allowed
    if result.request_id in _ASKING.get():
        result._refused("on_approval made the very call that it is asked about")
        return False
    deadline = None if timeout is None else time.monotonic() + timeout
    if policy.on_approval is not None and timeout != 0:
        await _ask(policy, policy.on_approval, result, deadline)
    state, reason = await soon(result._wait, _left(deadline))
    if state != "approved":
        result._refused(reason)
        return False
    return await _claim(result)


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())


async def _ask(
    policy: Policy, callback: OnApproval, result: PolicyResult, deadline: float | None
) -> None:
    """Asks the callback, until it answers, people do, or time is over, which counts as a no."""
    view = _fence.request(policy, result.request_id or "")
    if view["state"] != "pending":
        return
    context = copy.deepcopy(view["args"])
    answering = asyncio.ensure_future(_call(callback, view["id"], view["tool"], context))
    waiting = asyncio.ensure_future(soon(result._wait, _left(deadline)))
    try:
        await asyncio.wait({answering, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if answering.done() and _left(deadline) != 0.0:
            answer = answering.result()
        elif waiting.done() and waiting.result()[0] != "pending":
            return
        else:
            answer = Refuse("on_approval did not answer in time")
    finally:
        answering.cancel()
        waiting.cancel()
    answer = _with_changes(answer, view["args"], context)
    await asyncio.to_thread(_vote, policy, result, view["version"], answer)


def _with_changes(
    answer: Approve | Refuse | None, shown: Mapping[str, Any], left: Mapping[str, Any]
) -> Approve | Refuse | None:
    """A yes to arguments that the callback changed where they stood: the changes are its edit."""
    if not isinstance(answer, Approve):
        return answer
    try:
        if same(shown, left):
            return answer
        return _InPlace({**changes(shown, left), **answer.edit}, answer.note)
    except Exception as error:
        return Refuse(f"{_IN_PLACE}: {error}"[:2000])


async def _call(
    callback: OnApproval, request: str, tool: str, context: dict[str, Any]
) -> Approve | Refuse | None:
    """What the callback answers, with nothing taken for a yes that is none."""
    _ASKING.set(_ASKING.get() | {request})
    try:
        is_async = inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(
            getattr(callback, "__call__", None)
        )
        if is_async:
            answer: Any = callback(tool, context)
        else:
            answer = await in_thread(callback, tool, context)
        if inspect.isawaitable(answer):
            answer = await answer
    except (Exception, asyncio.CancelledError) as error:
        return Refuse(f"on_approval failed: {type(error).__name__}: {error}"[:2000])
    if answer is True:
        return Approve()
    if answer is None or isinstance(answer, (Approve, Refuse)):
        return answer
    if answer is False:
        return _NO
    return Refuse(f"on_approval answered a {type(answer).__name__}, not True, False or None")


def _vote(
    policy: Policy, result: PolicyResult, version: int, answer: Approve | Refuse | None
) -> None:
    request, person = result.request_id or "", policy.approver
    if isinstance(answer, Approve):
        try:
            _fence.approve(policy, request, person, version, dict(answer.edit), answer.note)
        except ApprovalError as error:
            if error.code in _OTHERS_DECIDE:
                return
            answer = Refuse(_unheld(answer, error))
        except Exception as error:
            answer = Refuse(_unheld(answer, error))
    if isinstance(answer, Refuse):
        _refuse(policy, result, answer.reason)


def _unheld(answer: Approve, error: Exception) -> str:
    why = _IN_PLACE if isinstance(answer, _InPlace) else "on_approval's answer does not hold"
    return f"{why}: {error}"[:2000]


def _refuse(policy: Policy, result: PolicyResult, reason: str) -> None:
    """A no is a no, also of somebody whose vote does not count: then the request is withdrawn."""
    request = result.request_id or ""
    try:
        _fence.refuse(policy, request, policy.approver, reason or "no reason given")
    except ApprovalError:
        try:
            result._withdraw(reason)
        except ApprovalError:
            pass  # It has ended: there is nothing left to refuse.


async def _claim(result: PolicyResult) -> bool:
    """Uses the approval. Whoever is cancelled meanwhile makes no call, and says so."""
    claiming = asyncio.ensure_future(asyncio.to_thread(result._claim))
    try:
        return await asyncio.shield(claiming)
    except asyncio.CancelledError:
        claiming.add_done_callback(lambda claimed: _give_up(result, claimed))
        raise


def _give_up(result: PolicyResult, claimed: asyncio.Future[bool]) -> None:
    if not claimed.cancelled() and claimed.exception() is None and claimed.result():
        result.failed("cancelled before it was made")
