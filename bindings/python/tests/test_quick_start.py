"""What people find published for approval workflows: names and behaviour, made to work."""

import asyncio
from datetime import datetime, timezone

import pytest

from fence import Policy
from fence.testing import ManualClock


def content_agent(**more):
    return Policy(
        name="content-manager",
        allow=["blog_list_*", "blog_read_*", "analytics_read_*", "seo_audit_*"],
        require_approval=["blog_publish_*", "blog_update_*", "email_send_*", "social_post_*"],
        deny=["blog_delete_*", "user_modify_*", "billing_*", "db_raw_*"],
        default="deny",
        **more,
    )


@pytest.mark.parametrize(
    ("tool", "verdict", "reason"),
    [
        ("blog_list_posts", "allowed", "matched: blog_list_*"),
        ("analytics_read_week", "allowed", "matched: analytics_read_*"),
        ("blog_publish_draft", "requires_approval", "matched: blog_publish_*"),
        ("email_send_bulk", "requires_approval", "matched: email_send_*"),
        ("blog_delete_post_42", "denied", "matched: blog_delete_*"),
        ("db_raw_query", "denied", "matched: db_raw_*"),
        ("wire_money", "denied", "default policy: deny"),
    ],
)
def test_a_content_agent(tool, verdict, reason):
    result = content_agent().check(tool)
    verdicts = {name: getattr(result, name) for name in ("allowed", "requires_approval", "denied")}
    assert verdicts == {**dict.fromkeys(verdicts, False), verdict: True}
    assert result.reason == reason
    assert result.tool == tool


def test_deny_stands_over_approval_over_allow_whatever_the_order():
    policy = Policy(allow=["*"], deny=["*_secret"], require_approval=["write_*", "read_secret"])
    assert policy.check("read_post").allowed
    assert policy.check("write_post").requires_approval
    assert policy.check("write_secret").denied
    assert policy.check("read_secret").denied


def test_the_shortest_start():
    policy = Policy(allow=["read_*"], require_approval=["write_*"], deny=["delete_*"])
    assert policy.check("write_user_profile").requires_approval
    assert policy.check("write_user_profile").decision["policy"] == "policy"


async def test_a_callback_gets_the_tool_and_its_context():
    asked = []

    async def on_approval(tool_name, context):
        asked.append((tool_name, context))
        return context["title"] == "Spring"

    policy = Policy(require_approval=["publish_*"], on_approval=on_approval)
    context = {"title": "Spring", "scheduled_for": "2026-03-23T10:00:00Z"}
    result = await policy.async_check("publish_blog_post", context=context)
    assert result.requires_approval
    assert await result.request_approval() is True
    assert asked == [("publish_blog_post", context)]
    assert result.args == context

    other = await policy.async_check("publish_blog_post", context={"title": "Autumn"})
    assert await other.request_approval() is False
    assert other.reason == "a person refused: on_approval answered no"


async def test_a_callback_waits_for_somebody_at_a_queue():
    queue = asyncio.Queue()

    async def on_approval(tool_name, context):
        answer = asyncio.get_running_loop().create_future()
        await queue.put((tool_name, context, answer))
        return await answer

    async def reviewer():
        for verdict in (True, False):
            _, _, answer = await queue.get()
            answer.set_result(verdict)

    policy = Policy(require_approval=["send_*"], on_approval=on_approval)
    reviewing = asyncio.create_task(reviewer())
    first = await policy.async_check("send_mail", context={"n": 1})
    assert await first.request_approval() is True
    assert first.args == {"n": 1}
    second = await policy.async_check("send_mail", context={"n": 2})
    assert await second.request_approval() is False
    await reviewing


async def test_by_the_clock_of_a_callback():
    now = datetime(2026, 3, 23, 10, tzinfo=timezone.utc)
    policy = Policy(
        require_approval=["publish_*"],
        on_approval=lambda tool, context: True if 9 <= now.hour < 17 else None,
    )
    assert await policy.check("publish_post").request_approval() is True
    now = now.replace(hour=17)
    late = policy.check("publish_post")
    assert await late.request_approval(timeout=0.05) is False
    assert late.reason == "nobody has answered yet"
    assert policy.request(late.request_id)["state"] == "pending"


def test_by_the_clock_of_a_rule():
    clock = ManualClock("2026-03-23T10:00:00Z")
    text = """fence 1 policy p
        window office = mon..fri 09:00..17:00
        ask publish_* as publishing { auto during office }"""
    policy = Policy.from_text(text, clock=clock)
    assert policy.check("publish_post").allowed
    clock.set("2026-03-23T17:00:00Z")
    assert policy.check("publish_post").requires_approval


async def test_below_a_threshold_of_a_callback():
    policy = Policy(
        require_approval=["email_send_bulk"],
        on_approval=lambda tool, context: None if len(context["to"]) > 50 else True,
    )

    async def released(recipients):
        result = await policy.async_check("email_send_bulk", context={"to": ["x@list.test"] * recipients})
        return await result.request_approval(timeout=0.2)

    assert await released(50) is True
    assert await released(51) is False
    assert [each["args"]["to"] for each in policy.pending()] == [["x@list.test"] * 51]


def test_below_a_threshold_of_a_rule():
    policy = Policy.from_text("fence 1 policy p ask email_send_bulk { auto when count(args.to) <= 50 }")
    check = lambda n: policy.check("email_send_bulk", {"to": ["x@list.test"] * n})
    assert check(50).allowed
    assert check(51).requires_approval
    assert policy.check("email_send_bulk").requires_approval


async def test_the_first_five_of_a_callback():
    released = {}

    def on_approval(tool, context):
        released[tool] = released.get(tool, 0) + 1
        return True if released[tool] <= 5 else None

    policy = Policy(require_approval=["social_post_*"], on_approval=on_approval)
    answers = []
    for number in range(6):
        result = policy.check("social_post_x", {"text": f"post {number}"})
        answers.append(await result.request_approval(timeout=0.5))
    assert answers == [True] * 5 + [False]
    assert await policy.check("social_post_y").request_approval() is True


def test_the_first_five_of_a_rule():
    policy = Policy.from_text("fence 1 policy p ask social_post_* as posts { auto first 5 per session }")
    results = [policy.check("social_post_x", {"n": n}, session="s-1") for n in range(6)]
    assert [result.allowed for result in results] == [True] * 5 + [False]
    assert policy.check("social_post_x", session="s-2").allowed


def test_a_dry_run_is_seen_by_whoever_approves():
    text = """fence 1 policy p group owners = "ana@example.com"
        ask db_write { by 1 of owners preview required }"""
    policy = Policy.from_text(text)
    blind = policy.check("db_write", {"statement": "update …"})
    with pytest.raises(Exception, match="preview is required"):
        policy.approve(blind.request_id, "ana@example.com")
    would = {"rows": 3, "tables": ["posts"]}
    seen = policy.check("db_write", {"statement": "update t"}, host_context={"preview": would})
    assert policy.request(seen.request_id)["preview"]["value"] == would
    policy.approve(seen.request_id, "ana@example.com", version=1)
    assert seen.request_approval_blocking() is True


def test_500_recipients_become_50_before_approval():
    text = """fence 1 policy p group editors = "ana@example.com"
        ask email_send_bulk { auto when count(args.to) <= 20  by 1 of editors  edit args.to shrink }"""
    everybody = [f"r{n}@list.test" for n in range(500)]
    policy = Policy.from_text(text)
    result = policy.check("email_send_bulk", {"to": everybody, "subject": "Spring"})
    with pytest.raises(Exception, match="args.to"):
        policy.approve(result.request_id, "ana@example.com", edit={"args.to": [*everybody, "more@list.test"]})
    policy.approve(result.request_id, "ana@example.com", edit={"args.to": everybody[:50]})
    assert result.request_approval_blocking() is True
    assert result.args == {"to": everybody[:50], "subject": "Spring"}


def test_the_audit_trail_has_every_check_in_order():
    policy = Policy(allow=["read_*"], require_approval=["write_*"], deny=["delete_*"])
    for tool in ("read_a", "delete_b", "write_c", "other", "no such name"):
        policy.check(tool)
    trail = policy.audit_trail
    assert [(entry.tool, entry.decision, entry.reason) for entry in trail[:4]] == [
        ("read_a", "allow", "matched: read_*"),
        ("delete_b", "deny", "matched: delete_*"),
        ("write_c", "require_approval", "matched: write_*"),
        ("other", "deny", "default policy: deny"),
    ]
    assert trail[4].decision == "deny"
    assert "malformed" in trail[4].reason
    times = [datetime.fromisoformat(entry.timestamp.replace("Z", "+00:00")) for entry in trail]
    assert times == sorted(times)
    assert all(time.utcoffset().total_seconds() == 0 for time in times)


@pytest.mark.parametrize("tool", ["read_a", "write_a", "delete_a"])
def test_a_result_is_no_yes_or_no(tool):
    policy = Policy(allow=["read_*"], require_approval=["write_*"])
    with pytest.raises(TypeError, match=r"\.allowed"):
        if policy.check(tool):
            pass
    with pytest.raises(TypeError):
        not policy.check(tool)
