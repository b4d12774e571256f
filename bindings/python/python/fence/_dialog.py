"""What the adapters share: a framework's own dialog, answered by one person whom its host names.

No policy is decided here: a call is checked, its request is answered or not, and Fence says whether
it is released.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ._errors import ApprovalError

if TYPE_CHECKING:
    from ._fence import PolicyResult
    from ._policy import Policy

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
T = TypeVar("T")


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON: to Python alone ``True`` would be ``1``."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The difference of two calls' arguments as an approver's edit."""
    gone = [name for name in before if name not in after]
    if gone:
        raise ApprovalError(f"an edit cannot take away {gone}: give another value", "edit")
    return {
        _field(name): value
        for name, value in after.items()
        if name not in before or not same(before[name], value)
    }


def _field(name: str) -> str:
    return f"args.{name}" if _PLAIN.match(name) else f'args."{name}"'


def shown(policy: Policy, result: PolicyResult) -> dict[str, Any] | None:
    """What a dialog shows of a request that waits; ``None`` where nobody need be asked.

    ``args`` are those of ``version``: whoever approves that version approves these.
    """
    view = policy.request(result.request_id or "")
    if view["state"] != "pending":
        return None
    return {
        "request_id": view["id"],
        "version": view["version"],
        "args": view["args"],
        "expires_at": view["expires_at"],
        "reason": result.reason,
        "may_edit": {each["field"]: each["words"] for each in view["may_edit"]},
    }


def opened_now(policy: Policy, result: PolicyResult) -> bool:
    """Whether this very check opened the request: then nobody has been shown it yet."""
    view = policy.request(result.request_id or "")
    return bool(view["decision"] == result.decision["id"])


def version_shown(given: object) -> int:
    """The version that an answer names; one that names none is an answer to nothing."""
    if type(given) is not int:
        raise ApprovalError(f"`version` must be the number that was shown, not {given!r}", "stale")
    return given


class Kept(Generic[T]):
    """Remembers the newest of what it is given, each under its key, for threads that share it."""

    def __init__(self, most: int = 1000) -> None:
        self._most, self._lock = most, threading.Lock()
        self._values: dict[Any, T] = {}

    def put(self, key: Any, value: T) -> None:
        """Keeps a value, in place of an older one."""
        with self._lock:
            self._values.pop(key, None)
            self._values[key] = value
            if len(self._values) > self._most:
                del self._values[next(iter(self._values))]

    def get(self, key: Any) -> T | None:
        """What is kept."""
        with self._lock:
            return self._values.get(key)

    def pop(self, key: Any) -> T | None:
        """What was kept: only one caller gets it."""
        with self._lock:
            return self._values.pop(key, None)
