"""A policy: what an agent may do, asked before every call."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from . import _answers, _fence
from ._answers import OnApproval
from ._errors import Denied, Unavailable, UsageError
from ._fence import AuditEntry, Core, ManualClock, PolicyResult
from ._soon import blocking, soon
from ._strategies import Described, Strategy, describe
from ._tool import guarded

if TYPE_CHECKING:
    from typing_extensions import Self

F = TypeVar("F", bound=Callable[..., Any])
Path = str | os.PathLike[str]
Agent = str | Mapping[str, Any]


@dataclass(frozen=True)
class _Parts:
    """Everything the native half is made of."""

    lists: bool
    texts: list[tuple[str, str]]
    files: list[Path]
    database: Path | None
    agent: Agent | None
    user: str | None
    session: str | None
    approver: str
    people: list[str]
    strategies: list[Described]
    clock: ManualClock | None


class Policy(Core):
    """Judges tool calls, records each decision before it answers, and lets people approve.

    As lists of patterns: deny stands over approval, approval over allow, and all three over the
    default, whatever their order. A pattern matches a tool's whole name; ``*`` is any text.

    Everything that is recorded is lost with the program unless ``database`` names a file.
    """

    on_approval: OnApproval | None
    """Who is asked first: ``on_approval(tool, context)`` with the call's arguments."""

    def __new__(
        cls,
        name: str = "policy",
        allow: Sequence[str] = (),
        require_approval: Sequence[str] = (),
        deny: Sequence[str] = (),
        default: str = "deny",
        on_approval: OnApproval | None = None,
        *,
        database: Path | None = None,
        agent: Agent | None = None,
        user: str | None = None,
        session: str | None = None,
        approver: str = "on_approval",
        people: Sequence[str] = (),
        clock: ManualClock | None = None,
    ) -> Self:
        """A policy written in code.

        ``on_approval`` answers as the person ``approver``; ``people`` are others who may answer.
        ``agent``, ``user`` and ``session`` stand for calls that do not say.
        """
        text = _fence.lists_text(
            _text("name", name),
            _texts("allow", allow),
            _texts("require_approval", require_approval),
            _texts("deny", deny),
            _text("default", default),
        )
        return cls._made(
            True, [(name, text)], [], on_approval, database=database, agent=agent, user=user,
            session=session, approver=approver, people=people, strategies={}, clock=clock,
        )  # fmt: skip

    @classmethod
    def from_file(
        cls,
        *paths: Path,
        on_approval: OnApproval | None = None,
        database: Path | None = None,
        agent: Agent | None = None,
        user: str | None = None,
        session: str | None = None,
        approver: str = "on_approval",
        people: Sequence[str] = (),
        strategies: Mapping[str, Strategy | Callable[..., Any]] | None = None,
        clock: ManualClock | None = None,
    ) -> Self:
        """Policies from ``.fence`` files; of several the strictest verdict stands.

        Whoever a policy's groups name may answer, unless ``people`` says who exists; ``people`` and
        ``approver`` are asked where a rule names no group. ``strategies`` are functions that
        policies name after ``auto via``.
        """
        if not paths:
            raise UsageError("name at least one policy file")
        return cls._made(
            False, [], list(paths), on_approval, database=database, agent=agent, user=user,
            session=session, approver=approver, people=people, strategies=strategies or {},
            clock=clock,
        )  # fmt: skip

    @classmethod
    def from_text(
        cls,
        text: str,
        *,
        name: str = "policy.fence",
        on_approval: OnApproval | None = None,
        database: Path | None = None,
        agent: Agent | None = None,
        user: str | None = None,
        session: str | None = None,
        approver: str = "on_approval",
        people: Sequence[str] = (),
        strategies: Mapping[str, Strategy | Callable[..., Any]] | None = None,
        clock: ManualClock | None = None,
    ) -> Self:
        """A policy from ``.fence`` text, without imports; otherwise as :meth:`from_file`."""
        return cls._made(
            False, [(_text("name", name), _text("text", text))], [], on_approval, database=database,
            agent=agent, user=user, session=session, approver=approver, people=people,
            strategies=strategies or {}, clock=clock,
        )  # fmt: skip

    @classmethod
    def _made(
        cls,
        lists: bool,
        texts: list[tuple[str, str]],
        files: list[Path],
        on_approval: OnApproval | None,
        *,
        people: Sequence[str],
        approver: str,
        strategies: Mapping[str, Strategy | Callable[..., Any]],
        **parts: Any,
    ) -> Self:
        if on_approval is not None and not callable(on_approval):
            raise UsageError(f"`on_approval` must be a function, not {on_approval!r}")
        _database(parts["database"])
        for what in ("user", "session"):
            if parts[what] is not None:
                _text(what, parts[what])
        described = [describe(name, each) for name, each in strategies.items()]
        policy = super().__new__(
            cls,
            _Parts(
                lists, texts, files, approver=_text("approver", approver),
                people=_texts("people", people), strategies=described, **parts,
            ),
        )  # fmt: skip
        policy.on_approval = on_approval
        return policy

    async def async_check(
        self,
        tool: str,
        args: dict[str, Any] | None = None,
        *,
        context: dict[str, Any] | None = None,
        host_context: dict[str, Any] | None = None,
        agent: Agent | None = None,
        user: str | None = None,
        session: str | None = None,
        call_id: str | None = None,
    ) -> PolicyResult:
        """As :meth:`check`, while the event loop goes on."""
        parts = {
            "context": context, "host_context": host_context, "agent": agent, "user": user,
            "session": session, "call_id": call_id,
        }  # fmt: skip
        if self._instant:
            return self.check(tool, args, **cast(Any, parts))
        return cast(PolicyResult, await soon(self._check_soon, tool, args, **parts))

    def authorize(
        self,
        tool: str,
        args: dict[str, Any] | None = None,
        *,
        wait: float | None = None,
        **who: Any,
    ) -> PolicyResult:
        """Checks a call, waits for people where they must approve, and uses their approval.

        Gives what to run: ``.tool`` with ``.args``, which are the approved ones; afterwards
        ``.done()`` or ``.failed(reason)`` says what became of it. ``wait`` is how many seconds it is
        held for people; without one, as long as the request lives. ``who`` as for :meth:`check`.

        Raises :class:`Denied` where the call must not be made; its text is for the model.
        """
        result = self.check(tool, args, **who)
        if result.allowed or result.request_approval_blocking(wait):
            return result
        raise self.denial(result)

    async def async_authorize(
        self,
        tool: str,
        args: dict[str, Any] | None = None,
        *,
        wait: float | None = None,
        **who: Any,
    ) -> PolicyResult:
        """As :meth:`authorize`, while the event loop goes on."""
        result = await self.async_check(tool, args, **who)
        if result.allowed or await result.request_approval(wait):
            return result
        raise self.denial(result)

    @overload
    def tool(self, function: F) -> F: ...

    @overload
    def tool(
        self,
        *,
        name: str | None = None,
        ignore: Sequence[str] = (),
        wait: float | None = None,
        **who: Any,
    ) -> Callable[[F], F]: ...

    def tool(
        self,
        function: F | None = None,
        *,
        name: str | None = None,
        ignore: Sequence[str] = (),
        wait: float | None = None,
        **who: Any,
    ) -> F | Callable[[F], F]:
        """Makes a function, sync or async, that asks first and runs with the approved arguments.

        ``ignore`` names parameters that are no part of the call (a connection, ``self``). Raises
        :class:`Denied` where the call must not be made.
        """
        ignored = _texts("ignore", ignore)

        def guard(function: F) -> F:
            return guarded(self, function, name=name, ignore=ignored, wait=wait, who=who)

        return guard if function is None else guard(function)

    def pending(self) -> list[dict[str, Any]]:
        """Every request that waits for people, in full, next deadline first."""
        return _fence.pending(self)

    def request(self, request_id: str) -> dict[str, Any]:
        """One request in full: the call, who must agree, what happened."""
        return _fence.request(self, _text("request_id", request_id))

    def approve(
        self,
        request_id: str,
        person: str | None = None,
        *,
        version: int | None = None,
        edit: Mapping[str, Any] | None = None,
        note: str | None = None,
    ) -> dict[str, Any]:
        """A person approves, perhaps with changes such as ``{"args.limit": 50}``.

        Your program vouches that it is this person; without one, ``approver``. Name the ``version``
        that was shown: another one is then not approved.
        """
        by = self.approver if person is None else person
        if edit is not None and not isinstance(edit, Mapping):
            raise UsageError(f"`edit` must be a dict of fields, not {edit!r}")
        edits = {_text("a field of `edit`", field): value for field, value in (edit or {}).items()}
        note = None if note is None else _text("note", note)
        request, by = _text("request_id", request_id), _text("person", by)
        return _fence.approve(self, request, by, _version(version), edits, note)

    def refuse(
        self, request_id: str, person: str | None = None, reason: str = "", *, version: int | None = None
    ) -> dict[str, Any]:
        """A person refuses; one is enough. The reason is told to the agent."""
        by = self.approver if person is None else person
        request, by, reason = _text("request_id", request_id), _text("person", by), _text("reason", reason)
        return _fence.refuse(self, request, by, reason or "no reason given", _version(version))

    def denial(self, result: PolicyResult) -> Denied:
        """What to raise, or to tell the model, where a call was not released."""
        waits = False
        if result.requires_approval and result.request_id is not None:
            waits = self.request(result.request_id)["state"] in ("pending", "approved")
        return Denied(result, waits)

    @property
    def audit_trail(self) -> list[AuditEntry]:
        """Every check of this database, oldest first."""
        return _fence.audit_trail(self)

    async def _request_approval(self, result: PolicyResult, timeout: float | None) -> bool:
        return await _answers.request_approval(self, result, _seconds(timeout))

    def _request_approval_blocking(self, result: PolicyResult, timeout: float | None) -> bool:
        seconds = _seconds(timeout)
        return blocking(lambda: _answers.request_approval(self, result, seconds))


Gate = Policy
"""The same by its other name, for ``@gate.tool``."""


def _text(what: str, value: object) -> str:
    if not isinstance(value, str):
        raise UsageError(f"`{what}` must be a text, not {value!r}")
    if not value.isascii() and any("\ud800" <= each <= "\udfff" for each in value):
        raise UsageError(f"`{what}` is no proper Unicode text")
    return value


def _version(value: object) -> int | None:
    """A version is a number; where one was shown and ``None`` comes back, adapters refuse it."""
    if value is None:
        return None
    if type(value) is int and 0 <= value < 2**32:
        return value
    raise UsageError(f"`version` must be the number that was shown, not {value!r}")


def _seconds(value: object) -> float | None:
    """A time to wait; what is left of one may be less than nothing."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not value < 1e9:
        raise UsageError(f"a time to wait must be a number of seconds, not {value!r}")
    return float(value)


def _database(path: object) -> None:
    """A file in a folder that is there: a mistyped path is no new and empty memory."""
    if path is None:
        return
    if not isinstance(path, (str, os.PathLike)):
        raise UsageError(f"`database` must be a path, not {path!r}")
    folder = os.path.dirname(os.path.abspath(os.fspath(path)))
    if not os.path.isdir(folder):
        raise Unavailable(f"the database cannot be opened: there is no folder {os.fsdecode(folder)}")


def _texts(what: str, values: object) -> list[str]:
    """A list of texts: a text is none, and neither is anything that holds something else."""
    if isinstance(values, (str, bytes)) or not isinstance(values, (list, tuple, set, frozenset)):
        raise UsageError(f"`{what}` must be a list of texts, not {values!r}")
    return [_text(f"an entry of `{what}`", value) for value in values]
