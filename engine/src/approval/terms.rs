//! The terms of an `ask`, and how those of several rules become one.

use crate::number::Number;
use crate::scalar::Duration;
use std::sync::Arc;

/// The longest a request may stay open: thirty days.
pub const MAX_EXPIRY: Duration = seconds(30 * 86_400);
const ONE_HOUR: Duration = seconds(3_600);
const TEN_MINUTES: Duration = seconds(600);

const fn seconds(seconds: u64) -> Duration {
    match Duration::from_seconds(seconds) {
        Some(duration) => duration,
        None => Duration::MAX,
    }
}

/// `N of GROUP`: so many distinct people of one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// How many people.
    pub count: u32,
    /// The group's name; `None`: anybody configured as an approver.
    pub group: Option<Arc<str>>,
    /// Its members.
    pub members: Arc<[Box<str>]>,
}

/// `then N of GROUP after DURATION`: whom to ask also.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escalation {
    /// Whom.
    pub seat: Seat,
    /// How long after the request was opened.
    pub after: Duration,
}

/// What one rule wants: all its seats filled by distinct people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The policy.
    pub policy: Box<str>,
    /// The rule, by its label.
    pub rule: Box<str>,
    /// Who must approve.
    pub seats: Vec<Seat>,
    /// Who is asked later.
    pub escalations: Vec<Escalation>,
}

/// A field of the arguments that an approver may change: its keys from `args` on.
pub type FieldName = Arc<[Box<str>]>;

/// How far a field may be changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bound {
    /// Only towards less.
    pub shrink: bool,
    /// Only within these ends, both included.
    pub range: Option<(Number, Number)>,
}

/// One field that may be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditTerm {
    /// Which.
    pub field: FieldName,
    /// How far.
    pub bound: Bound,
}

/// A grant that an approver may give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// For this call alone.
    Once,
    /// For the rest of the session.
    Session,
    /// For a span of time.
    For(Duration),
    /// For the next so many calls.
    Next(u64),
}

/// What happens when no approver can be reached at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unattended {
    /// The request waits until it expires.
    #[default]
    Park,
    /// The call is denied at once.
    Deny,
}

/// How people answer a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What each asking rule wants; one vote may serve several.
    pub requirements: Vec<Requirement>,
    /// Whether the requester may be one of the approvers.
    pub or_self: bool,
    /// How long the request stays open.
    pub expires: Duration,
    /// How long an approval may wait to be used.
    pub use_within: Duration,
    /// What an approver may change.
    pub edits: Vec<EditTerm>,
    /// Whether a dry-run result must be there before anyone can approve.
    pub preview: bool,
    /// The channels that are told; `None`: all configured.
    pub notify: Option<Vec<Box<str>>>,
    /// The grants an approver may give.
    pub offers: Vec<Offer>,
    /// When nobody can be reached.
    pub unattended: Unattended,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            requirements: Vec::new(),
            or_self: false,
            expires: ONE_HOUR,
            use_within: TEN_MINUTES,
            edits: Vec::new(),
            preview: false,
            notify: None,
            offers: vec![Offer::Once],
            unattended: Unattended::Park,
        }
    }
}

impl Terms {
    /// The terms under which both are satisfied.
    #[must_use]
    pub fn merge(mut self, other: &Self) -> Self {
        self.requirements.extend(other.requirements.iter().cloned());
        self.or_self &= other.or_self;
        self.expires = self.expires.min(other.expires);
        self.use_within = self.use_within.min(other.use_within);
        self.edits = meet_edits(&self.edits, &other.edits);
        self.preview |= other.preview;
        self.notify = match (self.notify, &other.notify) {
            (Some(mut channels), Some(more)) => {
                channels.extend(
                    more.iter().filter(|c| !channels.contains(c)).cloned().collect::<Vec<_>>(),
                );
                Some(channels)
            }
            // Without `notify` all configured channels are told, so all stays all.
            _ => None,
        };
        self.offers.retain(|offer| other.offers.contains(offer));
        if other.unattended == Unattended::Deny {
            self.unattended = Unattended::Deny;
        }
        self
    }
}

fn meet_edits(left: &[EditTerm], right: &[EditTerm]) -> Vec<EditTerm> {
    let meet = |edit: &EditTerm| {
        let other = right.iter().find(|other| other.field == edit.field)?;
        let bound = edit.bound.meet(other.bound)?;
        Some(EditTerm { field: edit.field.clone(), bound })
    };
    left.iter().filter_map(meet).collect()
}

impl Bound {
    /// What both allow; `None` when that is nothing.
    #[must_use]
    pub fn meet(self, other: Self) -> Option<Self> {
        let range = match (self.range, other.range) {
            (Some((a, b)), Some((c, d))) => {
                Some((a.max(c), b.min(d))).filter(|(from, to)| from <= to)
            }
            (range, None) | (None, range) => {
                return Some(Self { shrink: self.shrink | other.shrink, range });
            }
        };
        range.map(|range| Self { shrink: self.shrink | other.shrink, range: Some(range) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_terms_satisfy_both() {
        let field: FieldName = Arc::new(["to".into()]);
        let edit = |bound| vec![EditTerm { field: field.clone(), bound }];
        let range = |from: u64, to: u64| Some((Number::from(from), Number::from(to)));
        let one = Terms {
            or_self: true,
            expires: seconds(60),
            edits: edit(Bound { shrink: true, range: range(1, 10) }),
            offers: vec![Offer::Once, Offer::Session],
            ..Terms::default()
        };
        let other = Terms {
            preview: true,
            edits: edit(Bound { shrink: false, range: range(5, 20) }),
            ..Terms::default()
        };
        let both = one.merge(&other);
        assert!(!both.or_self && both.preview);
        assert_eq!(both.expires, seconds(60));
        assert_eq!(both.edits, edit(Bound { shrink: true, range: range(5, 10) }));
        assert_eq!(both.offers, [Offer::Once]);
    }
}
