"""What the adapters share: a framework's own dialog, answered by one person whom its host names.

No policy is decided here: a call is checked, its request is answered or not, and Fence says whether
it is released.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ._errors import ApprovalError

if TYPE_CHECKING:
    from ._fence import PolicyResult
    from ._policy import Policy

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_MISSING = object()


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The difference of two calls' arguments as an approver's edit."""
    gone = [name for name in before if name not in after]
    if gone:
        raise ApprovalError(f"an edit cannot take away {gone}: give another value", "edit")
    changed = {name: value for name, value in after.items() if before.get(name, _MISSING) != value}
    return {_field(name): value for name, value in changed.items()}


def _field(name: str) -> str:
    return f"args.{name}" if _PLAIN.match(name) else f'args."{name}"'


def shown(policy: Policy, result: PolicyResult) -> dict[str, Any] | None:
    """What a dialog shows of a request that waits; ``None`` where nobody need be asked."""
    view = policy.request(result.request_id or "")
    if view["state"] != "pending":
        return None
    return {
        "request_id": view["id"],
        "version": view["version"],
        "expires_at": view["expires_at"],
        "reason": result.reason,
        "may_edit": {each["field"]: each["words"] for each in view["may_edit"]},
    }
