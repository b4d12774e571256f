//! A policy written in code: three lists of patterns and a default. It is turned into `.fence`
//! text and judged like any other, so there is still one evaluator and one record.

use crate::wire::Decision;
use fence_engine::decision::Effect;
use fence_engine::pattern::NamePattern;
use fence_engine::show::printable;

/// What a policy in code says. Deny stands over approval, approval over allow, and all three over
/// the default, whatever their order.
///
/// ```
/// use fence::lists::{Lists, reason};
/// use fence::{Gate, ToolCall};
///
/// let lists = Lists { allow: vec!["read_*".into()], deny: vec!["*_secret".into()], ..Lists::default() };
/// let gate = Gate::builder().policy_text("policy.fence", &lists.text()?)?.build()?;
/// let why = |tool: &str| gate.decide_blocking(&ToolCall::new(tool)).map(|decided| reason(&decided));
/// assert_eq!(why("read_post")?, "matched: read_*");
/// assert_eq!(why("read_secret")?, "matched: *_secret");
/// assert_eq!(why("write_post")?, "default policy: deny");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lists {
    /// What the policy is called; `policy` unless given.
    pub name: String,
    /// Tools that go ahead. Here a pattern without `/` means tools without a server; in the other
    /// two it means any server, or none. A pattern is always about the whole name.
    pub allow: Vec<String>,
    /// Tools for which a person must approve.
    pub require_approval: Vec<String>,
    /// Tools that are refused.
    pub deny: Vec<String>,
    /// What becomes of all other tools.
    pub default: Effect,
}

impl Default for Lists {
    fn default() -> Self {
        let (allow, require_approval, deny) = (Vec::new(), Vec::new(), Vec::new());
        Self { name: "policy".to_owned(), allow, require_approval, deny, default: Effect::Deny }
    }
}

/// Why lists are no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListsError {
    /// A name that no policy may have.
    #[error("`{0}` is no name for a policy: use letters, digits and `_ - . :`")]
    Name(String),
    /// A pattern that means nothing.
    #[error("`{pattern}` in `{list}` is no pattern: {reason}")]
    Pattern {
        /// The list: `allow`, `require_approval` or `deny`.
        list: &'static str,
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing could ever be allowed or asked.
    #[error(
        "the policy has no rule: give `allow`, `require_approval` or `deny` at least one pattern"
    )]
    Empty,
}

impl Lists {
    /// The same policy as `.fence` text: one rule a pattern.
    ///
    /// # Errors
    /// When the name or a pattern cannot be used, or there is no pattern at all.
    pub fn text(&self) -> Result<String, ListsError> {
        let named = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte);
        if self.name.is_empty() || !self.name.bytes().all(named) {
            return Err(ListsError::Name(printable(&self.name, 80)));
        }
        let mut text = format!("fence 1\npolicy \"{}\"\n", self.name);
        let lists = [
            ("allow", "allow", &self.allow),
            ("require_approval", "ask", &self.require_approval),
            ("deny", "deny", &self.deny),
        ];
        if lists.iter().all(|(.., patterns)| patterns.is_empty()) {
            return Err(ListsError::Empty);
        }
        for (list, effect, pattern) in lists
            .into_iter()
            .flat_map(|(list, effect, all)| all.iter().map(move |p| (list, effect, p)))
        {
            text.push_str(&rule(list, effect, pattern)?);
        }
        text.push_str(&format!("default {}\n", self.default));
        Ok(text)
    }
}

/// One rule. A pattern's alphabet holds neither quotes nor line ends, so it cannot leave its text.
fn rule(list: &'static str, effect: &str, pattern: &str) -> Result<String, ListsError> {
    NamePattern::parse(pattern).map_err(|error| {
        let reason = error.to_string();
        ListsError::Pattern { list, pattern: printable(pattern, 80), reason }
    })?;
    let because = format!("because \"matched: {pattern}\"");
    Ok(match effect {
        "ask" => format!("ask \"{pattern}\" {{ {because} }}\n"),
        _ => format!("{effect} \"{pattern}\" {because}\n"),
    })
}

/// Why, in the words of a policy of lists: `matched: read_*`, `default policy: deny`. Of any other
/// policy, and where nothing was judged, the decision's own reason.
#[must_use]
pub fn reason(decision: &Decision) -> String {
    match (&decision.rule, &decision.policy) {
        (None, Some(_)) => format!("default policy: {}", decision.decision),
        _ => decision.reason(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(allow: &[&str]) -> Lists {
        Lists { allow: allow.iter().map(|&p| p.to_owned()).collect(), ..Lists::default() }
    }

    #[test]
    fn a_pattern_cannot_smuggle_rules_into_the_policy() {
        for pattern in ["x\" allow \"*", "x\nallow *", "x\\", "", "a/b/c", "{a"] {
            let refused = lists(&["read_*", pattern]).text();
            assert!(
                matches!(refused, Err(ListsError::Pattern { list: "allow", .. })),
                "{pattern:?}"
            );
        }
        let named = Lists { name: "p allow *".to_owned(), ..lists(&["x"]) };
        assert_eq!(named.text(), Err(ListsError::Name("p allow *".to_owned())));
        assert_eq!(lists(&[]).text(), Err(ListsError::Empty));
    }

    #[test]
    fn every_name_and_default_loads() {
        for name in ["content-manager", "policy", "p.1:x", "allow"] {
            for default in [Effect::Allow, Effect::Ask, Effect::Deny] {
                let lists = Lists { name: name.to_owned(), default, ..lists(&["read_*"]) };
                let text = lists.text().unwrap();
                crate::Gate::builder().policy_text("p.fence", &text).unwrap().build().unwrap();
            }
        }
    }
}
