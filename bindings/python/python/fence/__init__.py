"""Fence: a policy layer between AI agents and their tools.

>>> from fence import Policy
>>> policy = Policy(allow=["read_*"], require_approval=["write_*"], deny=["delete_*"])
>>> policy.check("read_user_profile").allowed
True
>>> policy.check("write_user_profile").requires_approval
True
>>> policy.check("drop_table").reason
'default policy: deny'
"""

import atexit as _atexit
import os as _os

from ._errors import ApprovalError, Denied, FenceError, PolicyError, Unavailable, UsageError
from ._answers import Approve, Refuse
from ._fence import AuditEntry, PolicyResult, ending as _ending, forked as _forked
from ._policy import Gate, Policy
from ._strategies import Field, Strategy

_atexit.register(_ending)
if hasattr(_os, "register_at_fork"):
    _os.register_at_fork(after_in_child=_forked)

__all__ = [
    "ApprovalError",
    "Approve",
    "AuditEntry",
    "Denied",
    "FenceError",
    "Field",
    "Gate",
    "Policy",
    "PolicyError",
    "PolicyResult",
    "Refuse",
    "Strategy",
    "Unavailable",
    "UsageError",
]
