//! What is written down of a decision: enough to prove it, and to make it again.

pub(crate) mod canonical;

use crate::wire::{Decision, Matched, NeededVotes, RequestNotice};
use canonical::Canonical;
use fence_engine::approval::Terms;
use fence_engine::call::{ToolCall, hex_digest};
use fence_engine::decision::{Effect, Truth};
use fence_engine::eval::{Finding, LineFinding, Report};
use fence_engine::facts::{CounterFact, CounterNeed, CounterSpan, Facts};
use fence_engine::json::Value;
use fence_engine::show::printable;
use sha2::{Digest as _, Sha256};

/// The version of the record's shape.
pub const VERSION: u64 = 1;
/// The longest tool name kept of a malformed call, in characters.
const SHOWN_TOOL: usize = 80;

/// What became of the call's text.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject<'a> {
    /// A well-formed call, kept whole.
    Call(&'a ToolCall),
    /// One refused unjudged, because its id was used for another call.
    Reused(&'a ToolCall),
    /// A malformed one: its length and digest are kept, not its text.
    Malformed {
        /// What it calls its tool.
        tool: &'a str,
        /// How long its text was, in bytes.
        bytes: usize,
    },
}

impl<'a> Subject<'a> {
    /// The call, where it is kept.
    pub(crate) const fn call(self) -> Option<&'a ToolCall> {
        match self {
            Self::Call(call) | Self::Reused(call) => Some(call),
            Self::Malformed { .. } => None,
        }
    }
}

/// The decision as it leaves, of a report and the request it opened.
pub(crate) fn decision(report: &Report<'_>, id: &str, digest: &str, at: &str) -> Decision {
    let evaluation = &report.evaluation;
    let rule = evaluation.rule();
    let text = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
    let because = match (evaluation.malformed(), rule) {
        (Some(malformed), _) => Some(malformed.to_string()),
        (None, Some(rule)) => text(&rule.because),
        (None, None) => Some(by_default(report)),
    };
    let deciding = report
        .findings
        .iter()
        .find(|finding| rule.is_some_and(|rule| std::ptr::eq(rule, finding.rule)));
    let released = deciding.filter(|_| evaluation.effect == Effect::Allow);
    Decision {
        decision: evaluation.effect,
        id: id.to_owned(),
        rule: rule.map(|rule| rule.label().to_owned()),
        policy: evaluation.policy().map(|policy| policy.name().to_owned()),
        because,
        instead: rule
            .filter(|_| evaluation.effect != Effect::Allow)
            .and_then(|rule| text(&rule.instead)),
        auto: released.and_then(Finding::released_by).map(LineFinding::text),
        grant: None,
        matched: report.findings.iter().map(matched).collect(),
        request: None,
        nearest: report.nearest.clone(),
        unknown: report.unknown(),
        digest: digest.to_owned(),
        policy_digest: hex_digest(evaluation.layers().digest()),
        at: at.to_owned(),
        repeated: false,
    }
}

fn by_default(report: &Report<'_>) -> String {
    match report.evaluation.policy() {
        None => "no policy has an opinion on this call".to_owned(),
        Some(_) if report.findings.iter().any(|f| !f.rule.shadow) => {
            format!(
                "no rule that mentions the tool settles this call: default {}",
                report.evaluation.effect
            )
        }
        Some(_) => format!("no rule mentions the tool: default {}", report.evaluation.effect),
    }
}

fn matched(finding: &Finding<'_>) -> Matched {
    Matched {
        policy: finding.policy.name().to_owned(),
        rule: finding.rule.label().to_owned(),
        effect: finding.rule.effect,
        line: finding.rule.line,
        applies: match finding.applies {
            Truth::True => Some(true),
            Truth::False => Some(false),
            Truth::Unknown => None,
        },
        released_by: finding.released_by().map(LineFinding::text),
        shadow: finding.rule.shadow,
    }
}

/// What the agent learns of a request under these terms.
pub(crate) fn notice(id: &str, expires_at: &str, terms: &Terms) -> RequestNotice {
    let mut needs: Vec<NeededVotes> = Vec::new();
    for seat in terms.requirements.iter().flat_map(|requirement| &requirement.seats) {
        let needed =
            NeededVotes { count: seat.count, of: seat.group.as_deref().map(str::to_owned) };
        match needs.iter_mut().find(|known| known.of == needed.of) {
            // One vote may serve several rules.
            Some(known) => known.count = known.count.max(needed.count),
            None => needs.push(needed),
        }
    }
    RequestNotice {
        id: id.to_owned(),
        expires_at: expires_at.to_owned(),
        needs,
        state: "pending".to_owned(),
    }
}

/// The facts a decision used, and what it took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Used<'a> {
    /// The facts.
    pub(crate) facts: Facts<'a>,
    /// What the counters among them are.
    pub(crate) counters: &'a [CounterNeed],
    /// Which of them lost a slot.
    pub(crate) slots: &'a [usize],
    /// Whether the decision's time was given by the caller.
    pub(crate) replayed: bool,
    /// When it was recorded.
    pub(crate) recorded_at: &'a str,
}

/// The whole record in canonical JSON.
pub(crate) fn body(decision: &Decision, subject: Subject<'_>, used: &Used<'_>) -> String {
    let mut json = Canonical::with_capacity(1024);
    json.object(|json| {
        json.key("at").text(&decision.at);
        json.key("auto").optional(decision.auto.as_deref());
        json.key("because").optional(decision.because.as_deref());
        json.key("call");
        write_subject(json, subject);
        json.key("decision").text(decision.decision.as_str());
        json.key("digest").text(&decision.digest);
        json.key("facts");
        write_facts(json, used);
        if let Some(grant) = &decision.grant {
            json.key("grant").text(grant);
        }
        json.key("id").text(&decision.id);
        json.key("instead").optional(decision.instead.as_deref());
        json.key("judged").bool(matches!(subject, Subject::Call(_)));
        json.key("matched").list(&decision.matched, write_matched);
        json.key("nearest").optional(decision.nearest.as_deref());
        json.key("policy").optional(decision.policy.as_deref());
        json.key("policy_digest").text(&decision.policy_digest);
        json.key("recorded_at").text(used.recorded_at);
        json.key("replayed").bool(used.replayed);
        if let Some(request) = &decision.request {
            json.key("request");
            write_notice(json, request);
        }
        json.key("rule").optional(decision.rule.as_deref());
        json.key("unknown").list(&decision.unknown, |json, text| json.text(text));
        json.key("v").number(VERSION);
    });
    json.finish()
}

fn write_matched(json: &mut Canonical, matched: &Matched) {
    json.object(|json| {
        json.key("applies").value(matched.applies.map_or(Value::Null, Value::Bool));
        json.key("effect").text(matched.effect.as_str());
        json.key("line").number(matched.line.into());
        json.key("policy").text(&matched.policy);
        json.key("released_by").optional(matched.released_by.as_deref());
        json.key("rule").text(&matched.rule);
        if matched.shadow {
            json.key("shadow").bool(true);
        }
    });
}

fn write_notice(json: &mut Canonical, notice: &RequestNotice) {
    json.object(|json| {
        json.key("expires_at").text(&notice.expires_at);
        json.key("id").text(&notice.id);
        json.key("needs").list(&notice.needs, |json, need| {
            json.object(|json| {
                json.key("count").number(need.count.into());
                json.key("of").optional(need.of.as_deref());
            });
        });
    });
}

fn write_subject(json: &mut Canonical, subject: Subject<'_>) {
    json.object(|json| match subject {
        Subject::Malformed { tool, bytes } => {
            json.key("bytes").number(bytes as u64);
            json.key("malformed").bool(true);
            json.key("tool").text(&printable(tool, SHOWN_TOOL));
        }
        Subject::Call(call) | Subject::Reused(call) => write_call(json, call),
    });
}

fn write_call(json: &mut Canonical, call: &ToolCall) {
    if let Some(agent) = &call.agent {
        json.key("agent").object(|json| {
            json.key("id").text(&agent.id);
            for (key, texts) in [("parents", &agent.parents), ("roles", &agent.roles)] {
                if let Some(texts) = texts {
                    json.key(key).list(texts, |json, text| json.text(text));
                }
            }
        });
    }
    json.key("args").value(call.args.root());
    if let Some(call_id) = &call.call_id {
        json.key("call_id").text(call_id);
    }
    if let Some(context) = &call.context {
        json.key("context").value(context.root());
    }
    if let Some(session) = &call.session {
        json.key("session").text(session);
    }
    json.key("tool").text(&call.tool);
    if let Some(user) = &call.user {
        json.key("user").text(user);
    }
}

fn write_facts(json: &mut Canonical, used: &Used<'_>) {
    let facts = &used.facts;
    json.object(|json| {
        json.key("answers").list(facts.answers, |json, fact| {
            json.object(|json| {
                json.key("answer").optional(fact.answer.as_deref());
                json.key("layer").number(fact.phrase.layer.into());
                json.key("phrase").number(fact.phrase.phrase.into());
            });
        });
        json.key("clock_behind").bool(facts.now.behind);
        let counters = facts.counters.iter().zip(used.counters).enumerate();
        json.key("counters").list(counters, |json, (at, (fact, need))| {
            write_counter(json, fact, need, used.slots.contains(&at));
        });
        json.key("now").optional(facts.now.at.map(|at| at.to_string()).as_deref());
    });
}

fn write_counter(json: &mut Canonical, fact: &CounterFact, need: &CounterNeed, taken: bool) {
    let span = match &need.span {
        CounterSpan::Total => None,
        CounterSpan::Period(label) => Some(label.clone()),
        CounterSpan::Within(duration) => Some(format!("within {duration}")),
    };
    json.object(|json| {
        json.key("counter").text(&need.counter);
        json.key("key").text(&need.key);
        json.key("layer").number(fact.phrase.layer.into());
        json.key("phrase").number(fact.phrase.phrase.into());
        json.key("span").optional(span.as_deref());
        json.key("taken").bool(taken);
        match fact.used {
            Some(used) => json.key("used").number(used),
            None => json.key("used").value(Value::Null),
        }
    });
}

/// The leaf hash of RFC 6962: SHA-256 over `0x00` and the stored bytes.
#[must_use]
pub fn leaf_hash(body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update([0]);
    hash.update(body);
    hash.finalize().into()
}
