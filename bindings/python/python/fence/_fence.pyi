"""The native half."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, final

from typing_extensions import Self, disjoint_base

__all__ = [
    "AuditEntry",
    "Core",
    "ManualClock",
    "PolicyResult",
    "Task",
    "approve",
    "audit_trail",
    "ending",
    "forked",
    "lists_text",
    "pending",
    "read_json",
    "refuse",
    "request",
]

@disjoint_base
class Core:
    """What a policy is built on."""

    def __new__(cls, parts: Any) -> Self: ...
    def check(
        self,
        tool: str,
        args: dict[str, Any] | None = None,
        *,
        context: dict[str, Any] | None = None,
        host_context: dict[str, Any] | None = None,
        agent: str | Mapping[str, Any] | None = None,
        user: str | None = None,
        session: str | None = None,
        call_id: str | None = None,
    ) -> PolicyResult:
        """Decides a call, records that, and says what becomes of it.

        ``args`` is what conditions see as ``args``; ``context`` is another name for it, and
        ``host_context`` is what the host adds (a ``preview``, the ``prompt``). ``agent``, ``user`` and
        ``session`` are what your program knows, never what a model says. A ``call_id`` that comes
        again in its session gets the first decision.
        """

    def _check_soon(
        self,
        notify: Callable[[Any, Any], None],
        tool: str,
        args: dict[str, Any] | None = None,
        *,
        context: dict[str, Any] | None = None,
        host_context: dict[str, Any] | None = None,
        agent: str | Mapping[str, Any] | None = None,
        user: str | None = None,
        session: str | None = None,
        call_id: str | None = None,
    ) -> Task: ...
    @property
    def _instant(self) -> bool: ...
    @property
    def approver(self) -> str:
        """As whom ``on_approval`` answers."""

@final
class PolicyResult:
    """What became of a call. It is no yes or no: ask ``allowed``, ``requires_approval`` or ``denied``."""

    @property
    def allowed(self) -> bool:
        """Whether the call may be made."""

    @property
    def requires_approval(self) -> bool:
        """Whether a person must approve it first."""

    @property
    def denied(self) -> bool:
        """Whether it must not be made."""

    @property
    def reason(self) -> str:
        """Why: the policy's reason, or why an approval that was asked for was not given."""

    @property
    def tool(self) -> str:
        """The tool."""

    @property
    def args(self) -> dict[str, Any]:
        """The arguments to make the call with: as they were approved, once they were."""

    @property
    def decision(self) -> dict[str, Any]:
        """The whole decision."""

    @property
    def request_id(self) -> str | None:
        """The request that people answer."""

    def __bool__(self) -> bool: ...
    def request_approval(self, timeout: float | None = None) -> Awaitable[bool]:
        """Asks ``on_approval``, then people, and uses their approval: ``True`` releases this call, once.

        ``args`` is then the call to make, perhaps changed by an approver. ``timeout`` is in seconds;
        without one it waits as long as the request lives; ``0`` only looks whether people have
        answered.
        """

    def request_approval_blocking(self, timeout: float | None = None) -> bool:
        """As ``request_approval``, blocking."""

    def done(self, note: str | None = None) -> None:
        """Says that the call was made; where nobody was asked, that is not recorded."""

    def failed(self, note: str | None = None) -> None:
        """Says that the call failed."""

    def _wait(self, notify: Callable[[Any, Any], None], seconds: float | None) -> Task: ...
    def _claim(self) -> bool: ...
    def _refused(self, reason: str) -> None: ...
    def _withdraw(self, reason: str) -> None: ...

@final
class AuditEntry:
    """One call that was checked."""

    @property
    def timestamp(self) -> str:
        """When, ISO 8601 in UTC."""

    @property
    def tool(self) -> str:
        """The tool."""

    @property
    def decision(self) -> str:
        """``allow``, ``deny`` or ``require_approval``."""

    @property
    def reason(self) -> str:
        """Why: ``matched: read_*``, ``default policy: deny``."""


@final
class ManualClock:
    """A clock that stands still until it is moved."""

    def __new__(cls, at: str) -> Self: ...
    def set(self, at: str) -> None:
        """Sets it, to a time such as ``2026-03-23T10:00:00+01:00``."""

    def advance(self, seconds: float) -> None:
        """Moves it forward."""

@final
class Task:
    """Something that runs beside the interpreter."""

    def stop(self) -> None: ...

def lists_text(
    name: str, allow: list[str], require_approval: list[str], deny: list[str], default: str
) -> str: ...
def request(policy: Core, id: str) -> dict[str, Any]: ...
def pending(policy: Core) -> list[dict[str, Any]]: ...
def approve(
    policy: Core,
    id: str,
    person: str,
    version: int | None = None,
    edit: dict[str, Any] | None = None,
    note: str | None = None,
) -> dict[str, Any]: ...
def refuse(
    policy: Core, id: str, person: str, reason: str, version: int | None = None
) -> dict[str, Any]: ...
def audit_trail(policy: Core) -> list[AuditEntry]: ...
def read_json(text: str) -> Any: ...
def ending() -> None: ...
def forked() -> None: ...
