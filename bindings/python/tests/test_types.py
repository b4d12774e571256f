"""The types that are promised: checked strictly, and compared with what is there."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
PACKAGE = HERE / "python" / "fence"
CACHE = HERE.parent.parent / "target" / "python" / "mypy"

RIGHT = """
from fence import Approve, Policy, PolicyResult
from fence.testing import ManualClock

async def on_approval(tool: str, context: dict[str, object]) -> bool | None | Approve:
    return None

policy = Policy(allow=["read_*"], on_approval=on_approval, clock=ManualClock("2026-03-23T10:00:00Z"))
result: PolicyResult = policy.check("read_a", {"n": 1})
flag: bool = result.allowed

@policy.tool
def read_a(n: int) -> str:
    return str(n)

@policy.tool(name="read_b", ignore=["m"])
async def read_b(m: object) -> int:
    return 1

text: str = read_a(1)

async def main() -> None:
    released: bool = await (await policy.async_check("read_a")).request_approval()
    number: int = await read_b(1)
"""

WRONG = [
    'Policy(allow=[1])',
    'Policy(allow=["x"], on_approval=True)',
    'Policy(alow=["x"])',
    'Policy(allow=["x"]).check(1)',
    'Policy(allow=["x"]).check("x", agent=1)',
    'Policy(allow=["x"]).check("x").allow',
]


def mypy(folder, text):
    (folder / "use.py").write_text(text)
    arguments = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "use.py"]
    return subprocess.run(arguments, cwd=folder, capture_output=True, text=True)


def test_the_package_is_typed_strictly():
    # The adapters' frameworks take a minute to be read the first time.
    arguments = [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={CACHE}", str(PACKAGE)]
    ran = subprocess.run(arguments, cwd=HERE, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout


def test_the_stub_says_what_is_there(tmp_path):
    arguments = [sys.executable, "-m", "mypy.stubtest", "fence._fence"]
    ran = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout


def test_right_use_passes(tmp_path):
    ran = mypy(tmp_path, RIGHT)
    assert ran.returncode == 0, ran.stdout


def test_wrong_use_is_found(tmp_path):
    lines = ["from fence import Policy", *WRONG]
    ran = mypy(tmp_path, "\n".join(lines) + "\n")
    found = {int(line.split(":")[1]) for line in ran.stdout.splitlines() if ": error:" in line}
    assert found == set(range(2, 2 + len(WRONG))), ran.stdout
