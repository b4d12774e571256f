"""Everything that is shown runs: the documentation's blocks of Python, and the examples."""

import ast
import asyncio
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE.parent.parent
BLOCK = re.compile(r"^```(\w+)(?:,file=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)

EXAMPLES = {
    "quick_start.py": [
        "blog_list_posts: runs with []",
        "blog_delete_post: matched: blog_delete_*",
        "email_send_bulk: runs with ['to']",
        "email_send_bulk: nobody has answered yet",
        "allow blog_list_posts matched: blog_list_*",
        "deny blog_delete_post matched: blog_delete_*",
        "require_approval email_send_bulk matched: email_send_*",
        "require_approval email_send_bulk matched: email_send_*",
    ],
    "langchain_agent.py": [
        "asks: send_mail {'limit': 500, 'subject': 'Spring'} may edit {'args.limit': 'a number from 1 to 50'}",
        "drop_table: `drop_table` was not run: tables are kept. Instead: rename it. Do not call it again like this, "
        "and do not try to reach the same in another way: do something else, or tell the user.",
        "send_mail: sent to 50",
    ],
    "openai_agent.py": ['asks: pay {"to": "acme", "amount": 500}', "paid 50 to acme"],
    "pydantic_ai_agent.py": [
        "asks: refund {'order': 'o-1', 'amount': 500} may edit {'args.amount': 'less: a smaller number, or some of the same items'}",
        "refunded 50 for o-1",
    ],
}


def test_every_example_is_run():
    assert sorted(EXAMPLES) == sorted(path.name for path in (HERE / "examples").glob("*.py"))


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_prints_what_it_should(name, tmp_path):
    program = [sys.executable, HERE / "examples" / name]
    ran = subprocess.run(program, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert ran.stdout.splitlines() == EXAMPLES[name], ran.stderr
    assert ran.returncode == 0


@pytest.mark.parametrize("page", [ROOT / "docs/python.md", HERE / "README.md"], ids=lambda p: p.name)
def test_every_block_of_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    python = [text for language, _, text in blocks if language == "python"]
    for _, file, text in blocks:
        if file:
            (tmp_path / file).write_text(text, encoding="utf-8")
    names = {}

    async def run():
        for text in python:
            code = compile(text, page.name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            ran = eval(code, names)
            if inspect.isawaitable(ran):
                await ran

    asyncio.run(run())
    assert python


def test_the_web_service_of_the_page_answers(tmp_path, monkeypatch):
    from fastapi.testclient import TestClient

    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs/python.md").read_text(encoding="utf-8")
    [service] = [text for _, _, text in BLOCK.findall(page) if "FastAPI()" in text]
    names = {}
    exec(service, names)
    web = TestClient(names["app"])
    waits = web.post("/send", json={"n": 1})
    assert waits.status_code == 409
    request = waits.json()["detail"]["request"]
    assert web.post(f"/requests/{request}/approve?version=1").json() == "approved"
    assert web.post("/send", json={"n": 1}).json() == {"sent": {"n": 1}}
