//! The terms of an `ask`: who approves, how long, what may be edited.

use super::Checker;
use super::definitions::Definitions;
use super::expressions::{Expressions, Surroundings, article};
use crate::approval::{
    Bound, EditTerm, Escalation, MAX_EXPIRY, Offer, Requirement, Seat, Terms, Unattended,
    can_be_filled,
};
use crate::condition::{Root, Type};
use crate::diagnostic::{Code, Diagnostic};
use crate::scalar::Duration;
use crate::span::{Span, Spanned};
use crate::syntax::ast::{self, EditBound, Term};
use std::sync::Arc;

/// The most people one seat may ask for.
const MAX_SEATS: u64 = 1_000;
/// The most calls one grant may cover.
const MAX_GRANT: u64 = 1_000_000;

/// Checks an `ask`'s block; without one the defaults stand.
pub(super) fn check(
    checker: &mut Checker<'_>,
    definitions: &Definitions,
    around: &Surroundings<'_>,
    policy: &str,
    rule: &str,
    written: &[Spanned<Term>],
) -> Terms {
    let mut block =
        Block { checker, definitions, around, terms: Terms::default(), seen: Vec::new() };
    let mut requirement = Requirement {
        policy: policy.into(),
        rule: rule.into(),
        seats: vec![Seat { count: 1, group: None, members: Arc::new([]) }],
        escalations: Vec::new(),
    };
    for term in written {
        block.once(term);
        block.term(term, &mut requirement);
    }
    block.escalations(&requirement, written);
    block.terms.requirements.push(requirement);
    block.terms
}

struct Block<'c, 's, 'd> {
    checker: &'c mut Checker<'s>,
    definitions: &'d Definitions,
    around: &'d Surroundings<'d>,
    terms: Terms,
    seen: Vec<(&'static str, Span)>,
}

impl Block<'_, '_, '_> {
    fn error(&mut self, code: Code, span: Span, message: impl Into<String>, help: &str) {
        let finding = Diagnostic::error(code, span, message);
        self.checker.report(if help.is_empty() { finding } else { finding.help(help) });
    }

    /// Reports a term that stands at most once and stands again.
    fn once(&mut self, term: &Spanned<Term>) {
        let word = match &term.node {
            Term::By { .. } => "by",
            Term::Expires(_) => "expires",
            Term::UseWithin(_) => "use within",
            Term::Edit(_) => "edit",
            Term::PreviewRequired => "preview",
            Term::Notify(_) => "notify",
            Term::Offer(_) => "offer",
            Term::Unattended(_) => "unattended",
            Term::Auto(_) | Term::Then { .. } | Term::Because(_) | Term::Instead(_) => return,
        };
        if let Some((_, first)) = self.seen.iter().find(|(known, _)| *known == word) {
            let message = format!("`{word}` stands twice in this rule");
            let finding = Diagnostic::error(Code::REPEATED, term.span, message);
            self.checker.report(finding.related(*first, "first here"));
        }
        self.seen.push((word, term.span));
    }

    fn term(&mut self, term: &Spanned<Term>, requirement: &mut Requirement) {
        match &term.node {
            Term::By { seats, or_self } => {
                self.terms.or_self = *or_self;
                self.by(seats, requirement, term.span);
            }
            Term::Then { seat, after } => {
                let (seat_found, after) = (self.seat(seat), self.checker.duration(after));
                if let (Some(seat_found), Some(after)) = (seat_found, after) {
                    self.filled(std::slice::from_ref(&seat_found), term.span);
                    requirement.escalations.push(Escalation { seat: seat_found, after });
                }
            }
            Term::Expires(written) => {
                if let Some(expires) = self.bounded(written) {
                    self.terms.expires = expires;
                }
            }
            Term::UseWithin(written) => {
                if let Some(use_within) = self.bounded(written) {
                    self.terms.use_within = use_within;
                }
            }
            Term::Edit(edits) => self.edits(edits),
            Term::PreviewRequired => self.terms.preview = true,
            Term::Notify(channels) => {
                let channels = channels.iter().map(|channel| channel.node.as_str().into());
                self.terms.notify = Some(channels.collect());
            }
            Term::Offer(offers) => {
                let offers: Vec<Offer> =
                    offers.iter().filter_map(|offer| self.offer(offer)).collect();
                self.terms.offers = offers;
            }
            Term::Unattended(what) => match what.node.as_str() {
                "deny" => self.terms.unattended = Unattended::Deny,
                "park" => self.terms.unattended = Unattended::Park,
                other => {
                    let message = format!("`{other}` is not something to do when nobody answers");
                    let help = "write `unattended deny` or `unattended park`";
                    self.error(Code::BAD_TERM, what.span, message, help);
                }
            },
            Term::Auto(_) | Term::Because(_) | Term::Instead(_) => {}
        }
    }

    fn by(&mut self, seats: &[ast::Seat], requirement: &mut Requirement, span: Span) {
        let found: Option<Vec<Seat>> =
            seats.iter().map(|seat| self.seat(seat)).collect::<Vec<_>>().into_iter().collect();
        if let Some(found) = found {
            self.filled(&found, span);
            requirement.seats = found;
        }
    }

    fn seat(&mut self, seat: &ast::Seat) -> Option<Seat> {
        let members = self.definitions.group(self.checker, &seat.group)?;
        let count = match &seat.count {
            None => 1,
            Some(count) => self.checker.whole(count, 1, MAX_SEATS, Code::IMPOSSIBLE_APPROVERS)?,
        };
        let count = u32::try_from(count).ok()?;
        Some(Seat { count, group: Some(seat.group.node.as_str().into()), members })
    }

    fn filled(&mut self, seats: &[Seat], span: Span) {
        if can_be_filled(seats) {
            return;
        }
        let message = match seats {
            [seat] => {
                let (count, group) = (seat.count, seat.group.as_deref().unwrap_or_default());
                format!(
                    "`{count} of {group}` can never approve: `{group}` has {}",
                    seat.members.len()
                )
            }
            _ => "these groups have too few distinct people between them".to_owned(),
        };
        let help = "ask for fewer people, or add members to the group";
        self.error(Code::IMPOSSIBLE_APPROVERS, span, message, help);
    }

    fn bounded(&mut self, written: &Spanned<String>) -> Option<Duration> {
        let found = self.checker.duration(written)?;
        if found > MAX_EXPIRY {
            let message = format!("`{}` is longer than thirty days", written.node);
            self.error(Code::BAD_TERM, written.span, message, "write at most `30d`");
            return None;
        }
        Some(found)
    }

    /// Each `then` must come before the request expires.
    fn escalations(&mut self, requirement: &Requirement, written: &[Spanned<Term>]) {
        let thens = written.iter().filter(|term| matches!(term.node, Term::Then { .. }));
        for (escalation, term) in requirement.escalations.iter().zip(thens) {
            if escalation.after >= self.terms.expires {
                let message = format!(
                    "this escalates after {}, when the request has expired ({})",
                    escalation.after, self.terms.expires
                );
                let help = "escalate earlier, or let the request expire later";
                self.error(Code::BAD_ESCALATION, term.span, message, help);
            }
        }
    }

    fn edits(&mut self, edits: &[ast::Edit]) {
        for edit in edits {
            if let Some(edit) = self.edit(edit) {
                self.terms.edits.push(edit);
            }
        }
    }

    fn edit(&mut self, edit: &ast::Edit) -> Option<EditTerm> {
        let (field, kind) = Expressions::new(self.checker, self.around).field(&edit.field)?;
        if field.root != Root::Args {
            let help = "only arguments can be edited: `edit args.to shrink`";
            self.error(Code::BAD_EDIT, edit.field.span, "this is not an argument", help);
            return None;
        }
        let again = self.terms.edits.iter().any(|known| known.field == field.path);
        if again {
            self.error(Code::REPEATED, edit.field.span, "this field stands twice in `edit`", "");
        }
        let bound = match &edit.bound.node {
            EditBound::Any => Bound::default(),
            EditBound::Shrink => {
                self.can_shrink(kind.as_ref(), edit.bound.span)?;
                Bound { shrink: true, range: None }
            }
            EditBound::Range(from, to) => {
                let span = edit.bound.span;
                let (from, to) = (self.checker.number(from, span), self.checker.number(to, span));
                let (from, to) = (from?, to?);
                if to < from
                    || kind.as_ref().is_some_and(|kind| !kind.is_number() && *kind != Type::Any)
                {
                    let help = "a range is for numbers, the lower end first";
                    self.error(Code::BAD_EDIT, span, "this range cannot be offered", help);
                    return None;
                }
                Bound { shrink: false, range: Some((from, to)) }
            }
        };
        Some(EditTerm { field: field.path, bound })
    }

    /// Lists lose members, numbers fall; nothing else can shrink.
    fn can_shrink(&mut self, kind: Option<&Type>, span: Span) -> Option<()> {
        match kind {
            None | Some(Type::List(_) | Type::Any) => Some(()),
            Some(kind) if kind.is_number() => Some(()),
            Some(kind) => {
                let message = format!("{} cannot shrink", article(kind));
                self.error(
                    Code::BAD_EDIT,
                    span,
                    message,
                    "lists and numbers can; write `any` for the rest",
                );
                None
            }
        }
    }

    fn offer(&mut self, offer: &Spanned<String>) -> Option<Offer> {
        match offer.node.as_str() {
            "once" => Some(Offer::Once),
            "session" => Some(Offer::Session),
            text if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                self.checker.whole(offer, 1, MAX_GRANT, Code::BAD_TERM).map(Offer::Next)
            }
            _ => self.bounded(offer).map(Offer::For),
        }
    }
}
