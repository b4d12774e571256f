//! A request laid out for the person who must answer it. Fence writes this text; what the call says
//! stands in it as data.

use super::desk::{ago, left};
use super::exact::{laid_out, prose, quoted, word, words};
use super::paint::{bold, dim, paint};
use crate::approvals::{
    ChangeView, EventView, NeedView, OfferView, PreviewView, RequestView, RuleView,
};
use fence_engine::json::{Json, Value};

/// How wide the labels are.
const LABEL: usize = 12;

/// Lines, each part with its label before it.
#[derive(Default)]
struct Card(Vec<String>);

impl Card {
    fn part(&mut self, label: &str, lines: impl IntoIterator<Item = String>) {
        for (at, line) in lines.into_iter().enumerate() {
            let label = if at == 0 { label } else { "" };
            self.0.push(match (label, line.is_empty()) {
                ("", _) => format!("{:LABEL$}{line}", ""),
                (label, true) => dim(label),
                (label, false) => format!("{}{line}", dim(&format!("{label:<LABEL$}"))),
            });
        }
    }

    fn line(&mut self, label: &str, line: impl Into<String>) {
        self.part(label, [line.into()]);
    }

    fn blank(&mut self) {
        self.0.push(String::new());
    }

    fn maybe(&mut self, label: &str, line: Option<String>) {
        self.part(label, line);
    }
}

/// The whole request, without a final line break.
pub(crate) fn of(view: &RequestView) -> String {
    lay(view, choices)
}

/// As [`of`] without colours and commands: for a form, which has its own way to answer.
#[cfg(feature = "mcp")]
pub(crate) fn plain(view: &RequestView) -> String {
    anstream::adapter::strip_str(&lay(view, |_, _| {})).to_string()
}

fn lay(view: &RequestView, choices: impl Fn(&mut Card, &RequestView)) -> String {
    let mut card = Card::default();
    head(&mut card, view);
    why(&mut card, view);
    arguments(&mut card, view);
    agreement(&mut card, view);
    choices(&mut card, view);
    said(&mut card, view);
    history(&mut card, view);
    card.0.join("\n")
}

fn head(card: &mut Card, view: &RequestView) {
    let color = match view.state {
        "pending" => 33,
        "approved" | "claimed" | "done" => 32,
        _ => 31,
    };
    let version = format!("version {}", view.version);
    card.line("request", format!("{}  {version}  {}", view.id, paint(color, view.state)));
    card.line("tool", bold(&word(&view.tool)));
    card.maybe("agent", agent(view));
    card.maybe("user", view.user.as_deref().map(word));
    card.maybe("session", view.session.as_deref().map(word));
    card.line("digest", &*view.digest);
    match (view.state, &view.use_by, &view.outcome) {
        ("pending", ..) => {
            card.line("deadline", format!("{} ({} left)", view.expires_at, left(&view.expires_at)));
        }
        (_, Some(use_by), None) => {
            card.line("use by", format!("{use_by} ({} left)", left(use_by)));
        }
        (_, _, Some(outcome)) => {
            let by = outcome.by.as_deref().map(|by| format!(" by {}", word(by)));
            card.line("ended", format!("{}{}", outcome.at, by.unwrap_or_default()));
            card.part("reason", outcome.reason.iter().flat_map(|reason| quoted(reason)));
        }
        _ => {}
    }
}

/// The agent, and for whom it works.
fn agent(view: &RequestView) -> Option<String> {
    let parents = match view.parents.as_slice() {
        [] => String::new(),
        parents => format!(", for {}", words(parents)),
    };
    view.agent.as_deref().map(|agent| format!("{}{parents}", word(agent)))
}

fn why(card: &mut Card, view: &RequestView) {
    for rule in &view.rules {
        rule_lines(card, rule);
    }
    if view.rules.iter().all(|rule| rule.because.is_none()) {
        card.part("because", view.because.iter().flat_map(|because| prose(because)));
    }
    card.part("instead", view.instead.iter().flat_map(|instead| prose(instead)));
    card.part("nearest", view.nearest.iter().flat_map(|nearest| prose(nearest)));
}

fn rule_lines(card: &mut Card, rule: &RuleView) {
    let (policy, line) = (word(&rule.policy), rule.line);
    card.line("asked by", format!("{} in {policy}, line {line}", word(&rule.rule)));
    card.part("", rule.source.iter().flat_map(|source| prose(source.trim())));
    card.part("because", rule.because.iter().flat_map(|because| prose(because)));
}

fn arguments(card: &mut Card, view: &RequestView) {
    card.blank();
    card.line("arguments", if is_empty(view.args.root()) { "none" } else { "" });
    members(card, view.args.root(), &|_, _| true);
    card.maybe("recipients", view.recipients.map(|count| count.to_string()));
    if let Some(edit) = &view.edit {
        let by = edit.by.as_deref().map_or("Fence".to_owned(), word);
        card.line("edited", format!("by {by} at {}", edit.at));
        edit.changes.iter().for_each(|change| card.part("", change_lines(change)));
    }
    if let Some(preview) = &view.preview {
        preview_lines(card, preview);
    } else if view.preview_required {
        card.line("preview", "none yet, and nobody can approve without one");
    }
    let Some(context) = &view.context else { return };
    let is_claim = |key: &str, value: Value<'_>| {
        matches!(key, "claim" | "reason" | "summary") && value.as_text() == view.claim.as_deref()
    };
    let shown = |key: &str, value: Value<'_>| key != "preview" && !is_claim(key, value);
    let mut entries = context.root().as_object().into_iter().flatten();
    if entries.any(|(key, value)| shown(key, value)) {
        card.line("context", "as the program vouches that runs the agent");
        members(card, context.root(), &shown);
    }
}

fn is_empty(value: Value<'_>) -> bool {
    value.as_object().is_none_or(fence_engine::json::Object::is_empty)
}

/// The members of an object, each under its name.
fn members(card: &mut Card, object: Value<'_>, shown: &dyn Fn(&str, Value<'_>) -> bool) {
    for (key, value) in object.as_object().into_iter().flatten() {
        if !shown(key, value) {
            continue;
        }
        let (key, lines) = (bold(&word(key)), laid_out(value));
        match lines.as_slice() {
            [one] => card.0.push(format!("  {key}: {one}")),
            many => {
                card.0.push(format!("  {key}:"));
                card.0.extend(many.iter().map(|line| format!("    {line}")));
            }
        }
    }
}

/// `args.limit: 500 → 50`
pub(crate) fn change_lines(change: &ChangeView) -> Vec<String> {
    let side = |json: &Option<Json>| {
        json.as_ref().map_or(vec!["nothing".to_owned()], |json| laid_out(json.root()))
    };
    let (from, to) = (side(&change.from), side(&change.to));
    let field = word(&change.field);
    match (from.as_slice(), to.as_slice()) {
        ([from], [to]) => vec![format!("{field}: {} → {}", paint(31, from), paint(32, to))],
        _ => {
            let marked = |mark: &'static str, color: u8, lines: Vec<String>| {
                lines
                    .into_iter()
                    .map(move |line| format!("  {}", paint(color, &format!("{mark} {line}"))))
            };
            let mut lines = vec![format!("{field}:")];
            lines.extend(marked("-", 31, from));
            lines.extend(marked("+", 32, to));
            lines
        }
    }
}

fn preview_lines(card: &mut Card, preview: &PreviewView) {
    let stale = match preview.stale {
        true => paint(31, "  STALE: the call was edited since"),
        false => String::new(),
    };
    card.line("preview", format!("given {} ago{stale}", ago(&preview.at)));
    match preview.value.root() {
        value @ Value::Object(_) => members(card, value, &|_, _| true),
        value => card.0.extend(laid_out(value).iter().map(|line| format!("  {line}"))),
    }
}

fn agreement(card: &mut Card, view: &RequestView) {
    card.blank();
    card.part("needs", view.needs.iter().map(need_line));
    let votes = view.votes.iter().flat_map(|vote| {
        let for_whom = vote.on_behalf_of.as_deref().map(|whom| format!(" for {}", word(whom)));
        let glass = if vote.break_glass { ", for everybody: broke the glass" } else { "" };
        let line = format!(
            "{}{}{glass}, {} ago",
            word(&vote.by),
            for_whom.unwrap_or_default(),
            ago(&vote.at)
        );
        std::iter::once(line).chain(vote.note.iter().flat_map(|note| quoted(note)))
    });
    card.part("approved by", votes);
}

/// `2 of editors: ana@…, bo@…; bo@… approved, 1 missing`
fn need_line(need: &NeedView) -> String {
    let seat = seat(need);
    let who = match need.members.as_slice() {
        [] => "nobody is known to belong to it".to_owned(),
        members => words(members),
    };
    let given = match need.given.as_slice() {
        [] => String::new(),
        given => format!("{} approved, ", words(given)),
    };
    let missing = match need.missing {
        0 => paint(32, "enough"),
        missing => format!("{missing} missing"),
    };
    match &need.escalation_at {
        Some(at) => format!("or from {at} on, in their place: {seat} ({who}); {given}{missing}"),
        None => format!("{seat} ({who}); {given}{missing}"),
    }
}

/// `2 of editors`
pub(crate) fn seat(need: &NeedView) -> String {
    let group = need.of.as_deref().map_or("all approvers".to_owned(), word);
    format!("{} of {group}", need.count)
}

/// What an approver may do besides yes and no, and how.
fn choices(card: &mut Card, view: &RequestView) {
    if view.state != "pending" {
        return;
    }
    let edits = view.may_edit.iter();
    card.part("may edit", edits.map(|edit| format!("{}: {}", edit.field, edit.words)));
    let offers = view.offers.iter();
    let offer = |offer: &OfferView| prose(&format!("{}: {}", offer.offer, offer.covers));
    card.part("may grant", offers.flat_map(offer));
    let (id, version) = (&view.id, view.version);
    card.part(
        "answer",
        [
            format!("fence approve {id} --version {version}"),
            format!("fence reject {id} --version {version} --reason TEXT"),
        ],
    );
}

fn said(card: &mut Card, view: &RequestView) {
    if let Some(claim) = &view.claim {
        card.blank();
        card.line("claim", "the agent's own explanation; nobody has checked it:");
        card.0.extend(quoted(claim).iter().map(|line| format!("  {line}")));
    }
}

fn history(card: &mut Card, view: &RequestView) {
    card.blank();
    card.part("history", view.history.iter().flat_map(event_lines));
}

/// `2026-… v1 voted by ana@… for bo@… through cli`, and the words that go with it.
fn event_lines(event: &EventView) -> Vec<String> {
    let named = |what: &str, who: &Option<String>| {
        who.as_deref().map(|who| format!(" {what} {}", word(who))).unwrap_or_default()
    };
    let kind = event.kind.strip_prefix("request.").unwrap_or(&event.kind).replace('_', " ");
    let (by, whom) = (named("by", &event.by), named("for", &event.on_behalf_of));
    let via = named("through", &event.via);
    let mut lines = vec![format!("{}  v{}  {kind}{by}{whom}{via}", event.at, event.version)];
    lines.extend(event.note.iter().flat_map(|note| quoted(note)).map(|line| format!("  {line}")));
    lines
}
