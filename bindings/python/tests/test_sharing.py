"""One policy in many threads, tasks and processes."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from fence import Policy, Unavailable

TEXT = """fence 1 policy p
    ask post as posts { auto first 20 per session }"""


def test_threads_share_a_counter():
    policy = Policy.from_text(TEXT, session="s")
    with ThreadPoolExecutor(8) as pool:
        allowed = [pool.submit(lambda n=n: policy.check("post", {"n": n}).allowed) for n in range(40)]
        assert sum(each.result() for each in allowed) == 20
    assert len(policy.audit_trail) == 40


def test_other_threads_run_while_one_waits():
    policy = Policy(require_approval=["send"])
    result, waiting = policy.check("send"), threading.Event()

    def wait():
        waiting.set()
        return result.request_approval_blocking(timeout=30)

    with ThreadPoolExecutor(1) as pool:
        released = pool.submit(wait)
        waiting.wait()
        assert all(policy.check("other").denied for _ in range(100))
        policy.approve(result.request_id)
        assert released.result(10) is True


async def test_many_tasks_wait_at_once(tmp_path):
    policy = Policy(require_approval=["send"], database=tmp_path / "fence.db")

    async def one(n):
        result = await policy.async_check("send", {"n": n}, agent=f"agent-{n}")
        return await result.request_approval(timeout=30), result.args["n"]

    tasks = [asyncio.create_task(one(n)) for n in range(50)]
    while len(policy.pending()) < 50:
        await asyncio.sleep(0.02)
    for view in policy.pending():
        if view["args"]["n"] % 2:
            await asyncio.to_thread(policy.approve, view["id"])
        else:
            await asyncio.to_thread(policy.refuse, view["id"], None, "even")
    assert await asyncio.gather(*tasks) == [(n % 2 == 1, n) for n in range(50)]


def python(code, *args):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, args)],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_processes_share_a_database(tmp_path):
    database = tmp_path / "fence.db"
    child = """
        import sys
        from fence import Policy
        policy = Policy.from_text(sys.argv[2], database=sys.argv[1], session="s")
        print(sum(policy.check("post", {"n": n}).allowed for n in range(20)))
    """
    children = [python(child, database, TEXT) for _ in range(2)]
    assert sum(int(child.communicate(timeout=60)[0]) for child in children) == 20
    assert len(Policy.from_text(TEXT, database=database).audit_trail) == 40


def test_people_answer_in_another_process(tmp_path):
    database = tmp_path / "fence.db"
    policy = Policy(require_approval=["send"], database=database, people=["ana@example.com"])
    result = policy.check("send", {"n": 1})
    child = """
        import sys
        from fence import Policy
        policy = Policy(require_approval=["send"], database=sys.argv[1], people=["ana@example.com"])
        [request] = policy.pending()
        print(policy.approve(request["id"], "ana@example.com")["state"])
    """
    answering = python(child, database)
    assert result.request_approval_blocking(timeout=60) is True
    assert answering.communicate(timeout=60)[0] == "approved\n"


def test_a_request_survives_its_process(tmp_path):
    child = """
        import sys
        from fence import Policy
        policy = Policy(require_approval=["send"], database=sys.argv[1])
        print(policy.check("send", {"n": 1}, session="s").request_id)
    """
    asked = python(child, tmp_path / "fence.db").communicate(timeout=60)[0].strip()
    policy = Policy(require_approval=["send"], database=tmp_path / "fence.db")
    policy.approve(asked)
    assert policy.authorize("send", {"n": 1}, session="s", wait=0).request_id == asked


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
@pytest.mark.parametrize("stored", [False, True])
def test_a_forked_child_is_refused_and_ends(tmp_path, stored):
    code = """
        import os, sys
        from fence import Policy, Unavailable
        database = sys.argv[1] or None
        policy = Policy(allow=["*"], database=database)
        result = policy.check("read")
        if os.fork() == 0:
            try:
                policy.check("read")
                os._exit(1)
            except Unavailable as error:
                print(error, flush=True)
            print(Policy(allow=["*"], database=database).check("read").allowed, flush=True)
            sys.exit(0)  # Everything is dropped: nothing must wait for threads that are not there.
        _, status = os.wait()
        print(os.waitstatus_to_exitcode(status), policy.check("read").allowed)
    """
    out, _ = python(code, tmp_path / "fence.db" if stored else "").communicate(timeout=60)
    assert out.splitlines() == [
        "denied: this policy was made before the process was forked: make it in the child",
        "True",
        "0 True",
    ]


def test_a_database_that_is_none(tmp_path):
    (tmp_path / "fence.db").write_text("this is no database, but long enough to be one" * 50)
    with pytest.raises(Unavailable):
        Policy(allow=["*"], database=tmp_path / "fence.db")
    with pytest.raises(Unavailable):
        Policy(allow=["*"], database=tmp_path / "fence.db" / "below-a-file.db")


def threads():
    return len(os.listdir("/proc/self/task"))


@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="threads are counted on Linux")
async def test_a_policy_that_goes_takes_its_threads_along():
    policy = Policy(require_approval=["send"])
    before, result = threads(), policy.check("send")
    waiting = asyncio.create_task(result.request_approval())
    await asyncio.sleep(0.05)
    assert threads() > before
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    del policy, result, waiting
    gc.collect()
    deadline = time.monotonic() + 5
    while threads() > before and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
    assert threads() <= before


def test_a_program_ends_while_somebody_waits():
    code = """
        import threading
        from fence import Policy
        policy = Policy(require_approval=["send"])
        result = policy.check("send")
        threading.Thread(target=result.request_approval_blocking, daemon=True).start()
        import time; time.sleep(0.2)
        print("ended")
    """
    child = python(code)
    assert child.communicate(timeout=30)[0] == "ended\n"
    assert child.returncode == 0


@pytest.mark.parametrize("pause", [0, 0.05, 0.3])
def test_a_program_ends_while_a_strategy_thinks_and_tasks_wait(pause):
    code = """
        import asyncio, sys, threading, time
        from fence import Field, Policy, Strategy

        def slow(call, *, n: Field):
            time.sleep(0.2)
            return True

        text = "fence 1 policy p ask go { auto via slow(n: args.n) }"
        policy = Policy.from_text(text, strategies={"slow": Strategy(slow, deadline=0.1)})

        def work():
            while True:
                policy.check("go", {"n": 1})

        def wait():
            asyncio.run(policy.check("go", {"n": 2}).request_approval())

        for target in (work, work, wait):
            threading.Thread(target=target, daemon=True).start()
        time.sleep(float(sys.argv[1]))
        print("ended", flush=True)
    """
    for _ in range(4):
        child = python(code, pause)
        assert child.communicate(timeout=30)[0] == "ended\n"
        assert child.returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals here")
def test_somebody_who_waits_can_be_interrupted():
    code = """
        from fence import Policy
        policy = Policy(require_approval=["send"])
        print("waiting", flush=True)
        try:
            policy.authorize("send")
        except KeyboardInterrupt:
            [request] = policy.pending()
            print(request["state"])
    """
    child = python(code)
    assert child.stdout.readline() == "waiting\n"
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)
    assert child.communicate(timeout=30)[0] == "pending\n"
    assert child.returncode == 0
