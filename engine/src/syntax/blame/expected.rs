//! What the grammar expected, in the words of people who write policies.

use fence_grammar::Rule;

/// The rules the grammar would have accepted at the place where it stopped.
#[derive(Debug)]
pub(super) struct Expected(pub(super) Vec<Rule>);

impl Expected {
    /// Whether `rule` would have been right.
    pub(super) fn has(&self, rule: Rule) -> bool {
        self.0.contains(&rule)
    }

    /// Whether a name would have been right.
    pub(super) fn name(&self) -> bool {
        [Rule::name, Rule::seat, Rule::policy_name].iter().any(|rule| self.has(*rule))
            || self.has(Rule::quantified) && self.0.len() == 1
    }

    /// Whether a pattern would have been right.
    pub(super) fn pattern(&self) -> bool {
        self.has(Rule::bare)
    }

    /// Whether an operand or a whole condition would have been right.
    pub(super) fn condition(&self) -> bool {
        self.has(Rule::expr) || self.has(Rule::relation)
    }

    /// Whether a field, text, number and the like would have been right.
    pub(super) fn value(&self) -> bool {
        self.has(Rule::number) && self.has(Rule::text) || self.has(Rule::array)
    }

    /// Whether `==` and the like would have been right.
    pub(super) fn comparison(&self) -> bool {
        self.has(Rule::comparison) || self.has(Rule::compare_tail)
    }

    /// Whether only a text in quotes would have been right.
    pub(super) fn text_only(&self) -> bool {
        self.has(Rule::text) && !self.pattern() && !self.value() && !self.name() && !self.key()
    }

    /// Whether a field's name would have been right.
    pub(super) fn key(&self) -> bool {
        self.has(Rule::word) && self.has(Rule::text)
            || self.has(Rule::tool_field)
            || self.has(Rule::entry)
    }

    /// The keywords that would have been right.
    pub(super) fn keywords(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.iter().flat_map(|rule| keywords(*rule)).copied()
    }

    /// The alternatives as a phrase: `a name, a text or …`; empty when nothing more may follow.
    pub(super) fn describe(&self) -> String {
        let mut words = Vec::new();
        if self.condition() {
            words.push("a condition");
        } else if self.has(Rule::path) && self.value() || self.has(Rule::array) {
            words.push("a value");
        } else if self.value() {
            words.push("a text, a number or a range");
        } else if self.pattern() {
            words.push("a pattern");
        } else if self.key() {
            words.push("a field's name");
        }
        let covered = !words.is_empty();
        if self.comparison() {
            words.push("a comparison such as `==`");
        }
        let clauses = self.has(Rule::kw_when) && self.has(Rule::kw_because);
        for rule in &self.0 {
            let hidden = covered && is_value(*rule)
                || self.comparison() && is_tail(*rule)
                || clauses && is_clause(*rule);
            let word = describe(*rule);
            if !hidden && !word.is_empty() && !words.contains(&word) {
                words.push(word);
            }
        }
        if clauses {
            words.push("a clause such as `when`");
        }
        join(&words)
    }
}

/// `a, b or c`
pub(super) fn join(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

/// The parts of a value, a pattern or a condition.
fn is_value(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::text
            | Rule::bare
            | Rule::word
            | Rule::path
            | Rule::number
            | Rule::duration
            | Rule::time
            | Rule::list
            | Rule::array
            | Rule::object
            | Rule::reference
            | Rule::time_or_range
            | Rule::number_or_range
            | Rule::kw_true
            | Rule::kw_false
            | Rule::kw_null
            | Rule::kw_not
            | Rule::kw_has
            | Rule::kw_during
            | Rule::during_test
            | Rule::has_test
            | Rule::order_test
            | Rule::quantified
            | Rule::negation
            | Rule::relation
            | Rule::expr
            | Rule::entry
            | Rule::tool_field
    )
}

/// What may be said of an operand.
fn is_tail(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::comparison
            | Rule::compare_tail
            | Rule::in_tail
            | Rule::kw_like
            | Rule::kw_under
            | Rule::kw_during
            | Rule::order_test
            | Rule::arguments
    )
}

fn is_clause(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::kw_except
            | Rule::kw_as
            | Rule::kw_when
            | Rule::kw_unless
            | Rule::kw_until
            | Rule::kw_shadow
            | Rule::kw_because
            | Rule::kw_instead
    )
}

/// One rule in words; empty for what needs no mention.
fn describe(rule: Rule) -> &'static str {
    match rule {
        Rule::comma => "`,`",
        Rule::colon => "`:`",
        Rule::assign => "`=`",
        Rule::text => "a text in double quotes",
        Rule::name => "a name",
        Rule::word => "a word",
        Rule::dots => "`..`",
        Rule::policy_name => "the policy's name",
        Rule::path | Rule::edit => "a field",
        Rule::number => "a number",
        Rule::count => "a whole number",
        Rule::edition => "the edition, `1`",
        Rule::duration => "a duration such as `15m`",
        Rule::date | Rule::date_range => "a date such as `2026-12-31`",
        Rule::time => "a time such as `2026-12-31T10:00`",
        Rule::clock | Rule::times => "times such as `09:00..17:00`",
        Rule::weekday | Rule::days => "a weekday, `mon` … `sun`",
        Rule::window_part => "days and times such as `mon..fri 09:00..17:00`",
        Rule::window_except => "`except`",
        Rule::window_zone => "`in \"Zone\"`",
        Rule::kind => "a type such as `text` or `list<email>`",
        Rule::seat => "a group",
        Rule::or_self => "`or self`",
        Rule::effect => "`allow`, `ask` or `deny`",
        Rule::default_effect => "`allow`, `ask`, `deny` or `pass`",
        Rule::unattended => "`deny` or `park`",
        Rule::grant => "`once`, `session`, a duration or a number",
        Rule::edit_range => "a range such as `0..50`",
        Rule::argument => "an argument such as `limit: 5`",
        Rule::object => "`{`",
        _ => keywords(rule).first().copied().map_or("", quoted),
    }
}

/// A keyword in back-ticks.
fn quoted(word: &'static str) -> &'static str {
    match word {
        "after" => "`after`",
        "agent" => "`agent`",
        "and" => "`and`",
        "any" => "`any`",
        "as" => "`as`",
        "at" => "`at most`",
        "because" => "`because`",
        "by" => "`by`",
        "context" => "`context`",
        "during" => "`during`",
        "each" => "`each`",
        "except" => "`except`",
        "first" => "`first`",
        "for" => "`for agent`",
        "in" => "`in`",
        "instead" => "`instead`",
        "like" => "`like`",
        "most" => "`most`",
        "of" => "`of`",
        "optional" => "`optional`",
        "or" => "`or`",
        "per" => "`per`",
        "required" => "`required`",
        "self" => "`self`",
        "session" => "`session`",
        "shrink" => "`shrink`",
        "unless" => "`unless`",
        "user" => "`user`",
        "via" => "`via`",
        "when" => "`when`",
        "with" => "`with context`",
        "within" => "`within`",
        _ => "",
    }
}

/// The keywords a rule begins with.
fn keywords(rule: Rule) -> &'static [&'static str] {
    match rule {
        Rule::kw_after => &["after"],
        Rule::kw_agent => &["agent"],
        Rule::kw_and => &["and"],
        Rule::kw_any => &["any"],
        Rule::kw_as | Rule::as_who | Rule::as_clause => &["as"],
        Rule::kw_at | Rule::at_most_phrase => &["at"],
        Rule::kw_because => &["because"],
        Rule::kw_by => &["by"],
        Rule::kw_context => &["context"],
        Rule::kw_during | Rule::during_test => &["during"],
        Rule::kw_each => &["each"],
        Rule::kw_every | Rule::quantified => &["every", "some"],
        Rule::kw_except | Rule::window_except => &["except"],
        Rule::kw_first | Rule::first_phrase => &["first"],
        Rule::kw_for | Rule::for_agent => &["for"],
        Rule::kw_has | Rule::has_test => &["has"],
        Rule::kw_in | Rule::in_session | Rule::window_zone => &["in"],
        Rule::in_tail => &["in", "not"],
        Rule::kw_instead => &["instead"],
        Rule::kw_like => &["like"],
        Rule::kw_most => &["most"],
        Rule::kw_not | Rule::negation => &["not"],
        Rule::kw_of => &["of"],
        Rule::kw_optional => &["optional"],
        Rule::kw_or | Rule::or_self => &["or"],
        Rule::kw_per => &["per"],
        Rule::kw_required => &["required"],
        Rule::kw_self => &["self"],
        Rule::kw_session => &["session"],
        Rule::kw_shadow => &["shadow"],
        Rule::kw_shrink => &["shrink"],
        Rule::kw_under => &["under"],
        Rule::kw_unless => &["unless"],
        Rule::kw_until => &["until"],
        Rule::kw_user => &["user"],
        Rule::kw_via | Rule::via_phrase => &["via"],
        Rule::kw_when => &["when"],
        Rule::kw_with | Rule::with_context => &["with"],
        Rule::kw_within => &["within"],
        Rule::order_test => &["before", "after"],
        Rule::effect => &["allow", "ask", "deny"],
        Rule::default_effect => &["allow", "ask", "deny", "pass"],
        Rule::unattended => &["deny", "park"],
        Rule::grant => &["once", "session"],
        Rule::weekday | Rule::days => &["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        _ => &[],
    }
}
