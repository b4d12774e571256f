//! What is wrong with a policy, where, why, and what to write instead.
//!
//! The engine only describes; rendering for terminals, JSON and SARIF belongs to the `fence` crate.

use crate::span::Span;

/// Whether a policy with this finding may be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The policy loads; its author probably meant something else.
    Warning,
    /// The policy does not load.
    Error,
}

/// A replacement that would mend the finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What to replace.
    pub span: Span,
    /// What to write there.
    pub replacement: String,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its stable code; see [`Code::TABLE`].
    pub code: Code,
    /// Whether it keeps the policy from loading.
    pub severity: Severity,
    /// What is wrong, in the author's words; lower case, the author's text in back-ticks.
    pub message: String,
    /// What to mark with a caret.
    pub span: Span,
    /// A few words beside the caret; may be empty.
    pub label: String,
    /// Other places that matter, each with a few words.
    pub related: Vec<(Span, String)>,
    /// What to do next.
    pub help: Option<String>,
    /// What to write instead, where that is known.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// An error.
    #[must_use]
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, span, message.into())
    }

    /// A warning.
    #[must_use]
    pub fn warning(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, span, message.into())
    }

    fn new(severity: Severity, code: Code, span: Span, message: String) -> Self {
        let (label, related) = (String::new(), Vec::new());
        Self { code, severity, message, span, label, related, help: None, fix: None }
    }

    /// With a few words beside the caret.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// With another place that matters.
    #[must_use]
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }

    /// With the next step.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With a replacement.
    #[must_use]
    pub fn fix(mut self, span: Span, replacement: impl Into<String>) -> Self {
        self.fix = Some(Fix { span, replacement: replacement.into() });
        self
    }

    /// With the nearest of `known` as the suggestion for the misspelt `written`, if one is near.
    #[must_use]
    pub fn suggest<'a>(
        self,
        span: Span,
        written: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        match nearest(written, known) {
            Some(near) => self.help(format!("did you mean `{near}`?")).fix(span, near),
            None => self,
        }
    }
}

/// The known word nearest to a misspelt one, if it is near enough to be meant.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(written, word), word))
        .filter(|(distance, word)| *distance <= (word.len().max(written.len()) / 3).max(1))
        .min()
        .map(|(_, word)| word)
}

/// A stable code such as `F0102`; the first two digits name the kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub &'static str);

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

macro_rules! codes {
    ($($name:ident = $code:literal, $title:literal;)*) => {
        impl Code {
            $(#[doc = $title] pub const $name: Code = Code($code);)*

            /// Every code with its title, in order.
            pub const TABLE: &[(Code, &str)] = &[$((Code($code), $title)),*];
        }
    };
}

codes! {
    SYNTAX = "F0101", "the text is not a statement of the language";
    UNKNOWN_KEYWORD = "F0102", "a word stands where a keyword belongs";
    UNTERMINATED = "F0103", "a text, list or block is not closed";
    TOO_DEEP = "F0104", "nested more than 64 deep";
    TOO_LARGE = "F0105", "the file is too large";
    INVISIBLE = "F0106", "an invisible, bidirectional or control character";
    NOT_UTF8 = "F0107", "the file is not UTF-8";
    TRAILING_COMMA = "F0108", "a comma with nothing after it";
    MIXED_AND_OR = "F0109", "`and` and `or` mixed without parentheses";
    CHAINED = "F0110", "a chain of comparisons";
    BAD_ESCAPE = "F0111", "an escape the language does not have";
    RESERVED = "F0112", "a keyword stands where a name or pattern belongs";
    BAD_NAME = "F0113", "not a name of the language";
    NOT_YET = "F0114", "reserved for a later edition";
    HEADER = "F0201", "the header is missing, repeated or of another edition";
    POLICY = "F0202", "the `policy` statement is missing or repeated";
    REPEATED = "F0203", "something that stands at most once is repeated";
    DUPLICATE_NAME = "F0204", "two things have the same name";
    UNKNOWN_NAME = "F0205", "no such group, set, dates, window, rule or variable";
    UNKNOWN_FIELD = "F0206", "no such field";
    UNKNOWN_FUNCTION = "F0207", "no such function, or not with these arguments";
    UNKNOWN_ZONE = "F0208", "no such time zone";
    UNKNOWN_TYPE = "F0209", "no such type";
    MISPLACED = "F0210", "this does not belong here";
    TYPE_CLASH = "F0301", "values of these types cannot be compared";
    IMPOSSIBLE = "F0302", "this comparison can never hold";
    BAD_NUMBER = "F0303", "a number beyond 28 digits or exponents within ±28";
    BAD_VALUE = "F0304", "not a value of its type";
    BAD_PATTERN = "F0401", "the pattern is not one";
    PATTERN_MATCHES_NOTHING = "F0402", "a pattern that no name can match";
    BAD_WINDOW = "F0501", "the window is not one";
    BAD_DURATION = "F0502", "the duration is not one, or out of range";
    BAD_DATE = "F0503", "the date or time is not one";
    UNKNOWN_STRATEGY = "F0601", "no such strategy";
    BAD_PARAMETER = "F0602", "a parameter of a strategy is unknown, missing or of another type";
    BAD_COUNTER = "F0603", "the counter's key, number or period is not one";
    IMPOSSIBLE_APPROVERS = "F0701", "no set of people can satisfy this";
    BAD_ESCALATION = "F0702", "the escalation comes too late";
    BAD_TERM = "F0703", "the term is not one, or out of range";
    BAD_EDIT = "F0704", "the edit cannot be offered";
    IMPORT_OUTSIDE = "F0801", "an import outside the policy's folder";
    IMPORT_CIRCLE = "F0802", "imports in a circle";
    IMPORT_UNREADABLE = "F0803", "an import that cannot be read";
    IMPORT_NOT_DEFINITIONS = "F0804", "an imported file may hold definitions only";
    TOO_MANY_RULES = "F0805", "more rules than the limit";
    WARN_NEVER_DECIDES = "F0901", "a rule that can never decide";
    WARN_ALWAYS_HOLDS = "F0902", "an `auto` that always holds";
    WARN_DEFAULT_ALLOW = "F0903", "`default allow`";
    WARN_REST_NOT_PERMITTED = "F0904", "an `ask … when` whose rest nothing permits";
    WARN_NO_DECLARED_TOOL = "F0905", "a pattern that no declared tool matches";
    WARN_COUNTER_UNNAMED = "F0906", "counters of a rule without a name restart when its patterns change";
    WARN_ONLY_PASSING = "F0907", "only passing layers are loaded";
    WARN_UNUSED = "F0908", "a definition that nothing uses";
}
