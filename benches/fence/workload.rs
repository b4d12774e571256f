//! The policies and calls that the benches measure; all made here, none random between runs.

use fence::engine::call::ToolCall;
use fence::engine::Layers;
use fence::{policies, strategies};
use std::fmt::Write as _;

/// The content-manager policy of the examples.
pub(crate) const CONTENT_MANAGER: &str =
    include_str!("../../examples/policies/content_manager.fence");

/// A policy of `n` rules: disjoint prefixes, every third with a numeric threshold.
pub(crate) fn prefixes(n: usize) -> String {
    let mut text = String::from("fence 1\npolicy generated\n");
    for i in 0..n {
        let effect = ["allow", "ask", "deny"][i % 3];
        let condition = if i % 3 == 0 { " when args.amount <= 100" } else { "" };
        let _ = writeln!(text, "{effect} {}_*{condition}", word(i));
    }
    text
}

/// A distinct word for each number; neighbours share no long prefix.
pub(crate) fn word(i: usize) -> String {
    const SYLLABLES: [&str; 16] = [
        "mail", "blog", "crm", "pay", "file", "repo", "user", "team", "task", "note", "plan",
        "sheet", "chat", "form", "wiki", "lead",
    ];
    let (a, b, c) = (i % 16, i / 16 % 16, i / 256);
    format!("{}_{}{c}", SYLLABLES[a], SYLLABLES[b])
}

/// The layers of a policy text.
pub(crate) fn layers(text: &str) -> Layers {
    let checked = policies::check_text("bench.fence", text, &strategies::builtin());
    let policy = policies::compile("bench.fence", checked).map(Layers::from);
    policy.unwrap_or_else(|error| panic!("{error}"))
}

/// Calls of the content manager: mostly reads, some of everything.
pub(crate) fn content_calls() -> Vec<ToolCall> {
    let to: Vec<String> = (0..12).map(|i| format!("person{i}@example.com")).collect();
    let names = [
        "blog_list_posts", "blog_read_post", "analytics_read_daily", "seo_audit_page",
        "blog_publish_draft", "blog_update_post", "social_post_short", "db_write_row",
        "blog_delete_post", "billing_charge", "user_modify_role", "unknown_tool",
    ];
    let mut calls: Vec<ToolCall> = (0..1000)
        .map(|i| {
            ToolCall::new(names[i * 7 % names.len()])
                .arg("id", i as u64)
                .arg("title", format!("post {i}"))
                .agent("content-1")
                .session("s-17")
        })
        .collect();
    for i in 0..100_u64 {
        calls.push(ToolCall::new("payment_send").arg("amount", i * 3).agent("content-1"));
        calls.push(
            ToolCall::new("email_send_one").arg("to", &*to).arg("subject", "Hi").agent("content-1"),
        );
    }
    calls
}

/// Calls of a generated policy, one kind at a time.
pub(crate) fn generated_calls(n: usize, kind: Kind) -> Vec<ToolCall> {
    let name = |i: usize| match kind {
        Kind::Plain => format!("{}_go", word((i * 7919 % n) / 3 * 3 % n.max(3) + 1)),
        Kind::Conditional => format!("{}_go", word((i * 7919 % n) / 3 * 3)),
        Kind::Miss => format!("{}x_none", word(i * 7919 % n)),
    };
    (0..2000).map(|i| ToolCall::new(name(i)).arg("amount", (i % 200) as u64)).collect()
}

/// What a call meets.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// A rule without a condition.
    Plain,
    /// A rule with a numeric threshold.
    Conditional,
    /// No rule.
    Miss,
}
