"""Waiting on an event loop for what happens beside it, and for a coroutine without one."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from ._fence import Task

T = TypeVar("T")


async def soon(start: Callable[..., Task], *args: Any, **kwargs: Any) -> Any:
    """Awaits what ``start(notify, …)`` tells its first argument, once, from any thread."""
    future, notify = _settled_from_outside()
    task = start(notify, *args, **kwargs)
    try:
        return await future
    finally:
        task.stop()


async def in_thread(function: Callable[..., Any], *args: Any) -> Any:
    """Awaits a function in a thread of its own; one that never ends keeps nobody from ending."""
    future, notify = _settled_from_outside()
    context = contextvars.copy_context()

    def run() -> None:
        try:
            notify(context.run(function, *args), None)
        except BaseException as error:
            notify(None, error)

    threading.Thread(target=run, name="fence-callback", daemon=True).start()
    return await future


def _settled_from_outside() -> tuple[Awaitable[Any], Callable[[Any, BaseException | None], None]]:
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def settle(value: Any, error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(value)
        elif isinstance(error, Exception) and not isinstance(error, StopIteration):
            future.set_exception(error)
        else:
            future.set_exception(RuntimeError(f"it ended with {error!r}"))

    def notify(value: Any, error: BaseException | None) -> None:
        try:
            loop.call_soon_threadsafe(settle, value, error)
        except RuntimeError:
            pass  # The loop is closed: nobody waits.

    return future, notify


def blocking(make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Runs a coroutine to its end, also where an event loop runs already; that one stands still.

    It has a thread and a loop of its own. When the caller is interrupted it is cancelled.
    """
    done: Future[T] = Future()
    begun: Future[tuple[asyncio.AbstractEventLoop, asyncio.Task[T]]] = Future()

    async def run() -> T:
        task = asyncio.ensure_future(make())
        begun.set_result((asyncio.get_running_loop(), task))
        return await task

    def serve() -> None:
        try:
            done.set_result(asyncio.run(run()))
        except BaseException as error:
            done.set_exception(error)

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(serve,), name="fence-wait", daemon=True).start()
    try:
        return done.result()
    except BaseException:
        if not done.done():
            loop, task = begun.result()
            loop.call_soon_threadsafe(task.cancel)
        raise
