"""A content agent in front of its tools: what runs, what waits, what never runs.

    python examples/quick_start.py
"""

import asyncio

from fence import Denied, Policy


async def on_approval(tool_name, context):
    """Where you would ask somebody: here, mails to few people go out, others wait."""
    return True if len(context.get("to", [])) <= 50 else None


policy = Policy(
    name="content-manager",
    allow=["blog_list_*", "blog_read_*"],
    require_approval=["blog_publish_*", "email_send_*"],
    deny=["blog_delete_*"],
    on_approval=on_approval,
)


async def call(tool, args):
    try:
        released = await policy.async_authorize(tool, args, session="s-1", wait=0.2)
    except Denied as denied:
        print(f"{tool}: {denied.reason}")
        return
    print(f"{tool}: runs with {sorted(released.args)}")
    released.done()


async def main():
    await call("blog_list_posts", {})
    await call("blog_delete_post", {"id": 42})
    await call("email_send_bulk", {"to": ["x@list.test"] * 50})
    await call("email_send_bulk", {"to": ["x@list.test"] * 51})
    for entry in policy.audit_trail:
        print(entry.decision, entry.tool, entry.reason)


asyncio.run(main())
