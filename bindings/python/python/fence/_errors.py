"""Every error of Fence. Whatever is raised: the call must not be made."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._fence import PolicyResult


class FenceError(Exception):
    """The base of all."""


class UsageError(FenceError, TypeError):
    """A value of the wrong kind, such as a text where a list of patterns belongs."""


class PolicyError(FenceError, ValueError):
    """A policy that cannot be loaded; the text names every finding with its place."""


class Unavailable(FenceError, RuntimeError):
    """The decision or the answer could not be recorded or read."""


class ApprovalError(FenceError):
    """An answer that changed nothing."""

    code: str
    """A stable word for programs, such as ``expired`` or ``not-asked``."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class Denied(FenceError):
    """The call must not be made. Its text is meant for the model."""

    result: PolicyResult
    """The decision, and what became of its request."""
    waits: bool
    """Whether the same call may still be approved: then it is worth making again."""

    def __init__(self, result: PolicyResult, waits: bool) -> None:
        super().__init__(_told(result, waits))
        self.result = result
        self.waits = waits

    @property
    def reason(self) -> str:
        """Why."""
        return self.result.reason

    @property
    def request_id(self) -> str | None:
        """The request that people answer, where there is one."""
        return self.result.request_id


def _told(result: PolicyResult, waits: bool) -> str:
    if waits:
        return (
            f"`{result.tool}` was not run: a person must approve it ({result.reason}). "
            f"The request is {result.request_id}. Go on with something else, and make exactly "
            "the same call again later: it runs once the request is approved. "
            "Do not try to reach the same in another way."
        )
    return (
        f"`{result.tool}` was not run: {result.reason}. Do not call it again like this, and do "
        "not try to reach the same in another way: do something else, or tell the user."
    )
