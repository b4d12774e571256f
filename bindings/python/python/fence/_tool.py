"""Functions that ask before they run."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

from ._errors import UsageError

if TYPE_CHECKING:
    from ._fence import PolicyResult
    from ._policy import Policy

F = TypeVar("F", bound=Callable[..., Any])


def guarded(
    policy: Policy,
    function: F,
    *,
    name: str | None,
    ignore: Sequence[str],
    wait: float | None,
    who: Mapping[str, Any],
) -> F:
    """``function`` behind the policy, under its own name unless another is given."""
    if not callable(function):
        raise UsageError(f"a tool must be a function, not {function!r}")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise UsageError(
            f"{function!r} is a generator: it would run after its call is done. Make the function "
            "that is called a plain one, and let it return what it made"
        )
    tool = name or getattr(function, "__name__", None)
    if tool is None:
        raise UsageError(f"{function!r} has no name: give it one with `name=`")
    signature = inspect.signature(function)
    unknown = set(ignore) - set(signature.parameters)
    if unknown:
        raise UsageError(f"`ignore` names {sorted(unknown)}, which `{tool}` does not take")
    split = functools.partial(_split, signature, ignore)

    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def run_async(*args: Any, **kwargs: Any) -> Any:
            call, kept = split(args, kwargs)
            result = await policy.async_authorize(tool, call, wait=wait, **who)
            try:
                value = await _apply(signature, function, result, kept)
            except BaseException as error:
                result.failed(_note(error))
                raise
            result.done()
            return value

        return cast(F, run_async)

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        call, kept = split(args, kwargs)
        result = policy.authorize(tool, call, wait=wait, **who)
        try:
            value = _apply(signature, function, result, kept)
        except BaseException as error:
            result.failed(_note(error))
            raise
        result.done()
        return value

    return cast(F, run)


def _split(
    signature: inspect.Signature, ignore: Sequence[str], args: Any, kwargs: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The call's arguments by name, defaults filled in, and those that are no part of it."""
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    given = dict(bound.arguments)
    kept = {name: given.pop(name) for name in ignore if name in given}
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            given.update(given.pop(parameter.name, {}))
    return given, kept


def _apply(
    signature: inspect.Signature, function: Callable[..., Any], result: PolicyResult, kept: Any
) -> Any:
    """Runs the function with what was approved, which may be other than what was asked for."""
    given = {**result.args, **kept}
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            positional.extend(given.pop(parameter.name, ()))
        elif parameter.kind is parameter.VAR_KEYWORD:
            if parameter.name in kept:
                given.update(given.pop(parameter.name))
        elif parameter.kind is parameter.KEYWORD_ONLY:
            if parameter.name in given:
                named[parameter.name] = given.pop(parameter.name)
        elif parameter.name in given:
            positional.append(given.pop(parameter.name))
    return function(*positional, **named, **given)


def _note(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:2000]
