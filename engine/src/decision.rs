//! Effects, truth values, and how several become one.

use std::fmt;

/// What becomes of a call. Ordered from most to least permissive: the strictest is the maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// The call goes ahead.
    Allow,
    /// A person must approve first.
    Ask,
    /// The call is refused.
    Deny,
}

impl Effect {
    /// `allow`, `ask` or `deny`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for Effect {
    type Err = UnknownEffect;

    fn from_str(text: &str) -> Result<Self, UnknownEffect> {
        match text {
            "allow" => Ok(Self::Allow),
            "ask" => Ok(Self::Ask),
            "deny" => Ok(Self::Deny),
            _ => Err(UnknownEffect),
        }
    }
}

/// A word that is none of the three effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a decision is `allow`, `ask` or `deny`")]
pub struct UnknownEffect;

/// The strictest of all effects; a call that nothing mentions is denied.
pub fn combine(effects: impl IntoIterator<Item = Effect>) -> Effect {
    effects.into_iter().max().unwrap_or(Effect::Deny)
}

/// The value of a condition. Unknown is not false: it falls to the stricter side of its rule.
///
/// Ordered so that `and` is the minimum and `or` the maximum (Kleene's strong logic).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Truth {
    /// It does not hold.
    False,
    /// It cannot be told: a missing field, a wrong type, a number out of range.
    Unknown,
    /// It holds.
    True,
}

impl Truth {
    /// `false`, `unknown` or `true`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::False => "false",
            Self::Unknown => "unknown",
            Self::True => "true",
        }
    }

    /// Unknown where there is no answer.
    #[must_use]
    pub const fn known(value: Option<bool>) -> Self {
        match value {
            Some(true) => Self::True,
            Some(false) => Self::False,
            None => Self::Unknown,
        }
    }

    /// Both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// One of them holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }
}

impl std::ops::Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::Unknown => Self::Unknown,
            Self::False => Self::True,
        }
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

impl fmt::Display for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strictest_effect_wins_and_nothing_means_deny() {
        assert_eq!(combine([Effect::Allow, Effect::Deny, Effect::Ask]), Effect::Deny);
        assert_eq!(combine([Effect::Allow, Effect::Ask]), Effect::Ask);
        assert_eq!(combine([]), Effect::Deny);
    }

    #[test]
    fn unknown_stays_unknown_unless_the_other_side_decides() {
        use Truth::{False, True, Unknown};
        assert_eq!(False.and(Unknown), False);
        assert_eq!(True.and(Unknown), Unknown);
        assert_eq!(True.or(Unknown), True);
        assert_eq!(False.or(Unknown), Unknown);
        assert_eq!(!Unknown, Unknown);
    }
}
