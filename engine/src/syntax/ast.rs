//! What a policy says, as written: one type per thing of the language, each with its place.
//!
//! Nothing is resolved or checked here; numbers, dates and durations are still text.

use crate::span::{Span, Spanned};

/// A whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    /// `fence 1`, each time it stands.
    pub editions: Vec<Spanned<String>>,
    /// The statements in the order written; broken ones are missing.
    pub items: Vec<Item>,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// `policy NAME for agent PATTERNS`
    Policy(PolicyDeclaration),
    /// `import "FILE"`
    Import(Spanned<String>),
    /// `zone "ZONE"`
    Zone(Spanned<String>),
    /// `group NAME = "…", …`
    Group(Group),
    /// `set NAME: TYPE = …`
    Set(Set),
    /// `dates NAME = …`
    Dates(Dates),
    /// `window NAME = …`
    Window(Window),
    /// `tool NAME { … }`
    Tool(Tool),
    /// `allow`, `ask` or `deny`
    Rule(Rule),
    /// `default EFFECT`
    Default(Spanned<DefaultEffect>),
    /// `test "…" { … }`
    Test(Test),
}

/// `policy NAME for agent PATTERNS`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyDeclaration {
    /// The whole statement.
    pub span: Span,
    /// The policy's name.
    pub name: Spanned<String>,
    /// Whom it governs; empty: every agent.
    pub agents: Vec<Pattern>,
}

/// A pattern, bare or quoted, escapes resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// The pattern's text.
    pub text: String,
    /// Where it stands, quotes included.
    pub span: Span,
}

/// `group NAME = "…", …`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The whole statement.
    pub span: Span,
    /// The group's name.
    pub name: Spanned<String>,
    /// Its members.
    pub members: Vec<Spanned<String>>,
}

/// `set NAME: TYPE = …`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// The whole statement.
    pub span: Span,
    /// The set's name.
    pub name: Spanned<String>,
    /// The type of its members, `text` unless written.
    pub element: Option<Spanned<String>>,
    /// Its members: texts, numbers, ranges.
    pub members: Vec<Operand>,
}

/// A date or a range of dates, both ends included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateRange {
    /// First day, `YYYY-MM-DD`.
    pub from: Spanned<String>,
    /// Last day; absent: the first day only.
    pub to: Option<Spanned<String>>,
}

/// `dates NAME = …`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dates {
    /// The whole statement.
    pub span: Span,
    /// The name.
    pub name: Spanned<String>,
    /// The days.
    pub ranges: Vec<DateRange>,
}

/// `window NAME = PART, … except … in "ZONE"`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// The whole statement.
    pub span: Span,
    /// The name.
    pub name: Spanned<String>,
    /// The parts; at least one of each part's fields is present.
    pub parts: Vec<WindowPart>,
    /// `except`: names of dates, or days.
    pub except: Vec<ExceptDates>,
    /// `in "ZONE"`
    pub zone: Option<Spanned<String>>,
}

/// `mon..thu 09:00..17:00`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowPart {
    /// The whole part.
    pub span: Span,
    /// First and last weekday, as written (`mon` … `sun`); a single day stands for both.
    pub days: Option<(Spanned<String>, Spanned<String>)>,
    /// From and to, as written (`09:00`).
    pub times: Option<(Spanned<String>, Spanned<String>)>,
}

/// What a window excepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExceptDates {
    /// `dates` by their name.
    Name(Spanned<String>),
    /// Days written out.
    Range(DateRange),
}

/// `tool NAME { FIELD: TYPE optional … }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tool {
    /// The whole statement.
    pub span: Span,
    /// The tool's name, bare or quoted, perhaps with its server.
    pub name: Pattern,
    /// Its fields.
    pub fields: Vec<ToolField>,
}

/// `to: list<email> optional`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolField {
    /// The whole field.
    pub span: Span,
    /// The field's name, bare or quoted.
    pub name: Spanned<String>,
    /// The type as written, without blanks (`list<email>`).
    pub kind: Spanned<String>,
    /// Whether a call may leave it out.
    pub optional: bool,
}

/// The three effects, as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleEffect {
    /// `allow`
    Allow,
    /// `ask`
    Ask,
    /// `deny`
    Deny,
}

/// What `default` may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DefaultEffect {
    /// `allow`
    Allow,
    /// `ask`
    Ask,
    /// `deny`
    Deny,
    /// `pass`
    Pass,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The whole rule.
    pub span: Span,
    /// `allow`, `ask` or `deny`.
    pub effect: Spanned<RuleEffect>,
    /// The tools it is about.
    pub patterns: Vec<Pattern>,
    /// What follows the patterns, in the order written.
    pub clauses: Vec<Spanned<Clause>>,
    /// The block of terms, in the order written; absent without braces.
    pub terms: Option<Vec<Spanned<Term>>>,
}

/// What may follow a rule's patterns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clause {
    /// `except PATTERNS`
    Except(Vec<Pattern>),
    /// `as NAME`
    As(Spanned<String>),
    /// `when EXPR`
    When(Expr),
    /// `unless EXPR`
    Unless(Expr),
    /// `until DATE`
    Until(Spanned<String>),
    /// `shadow`
    Shadow,
    /// `because "…"`
    Because(Spanned<String>),
    /// `instead "…"`
    Instead(Spanned<String>),
}

/// One line of an `ask`'s block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// `auto PHRASE, …`
    Auto(Vec<Spanned<Phrase>>),
    /// `by [N of] GROUP and … or self`
    By {
        /// Who must approve.
        seats: Vec<Seat>,
        /// `or self`
        or_self: bool,
    },
    /// `then [N of] GROUP after DURATION`
    Then {
        /// Whom to ask also.
        seat: Seat,
        /// How long after the request.
        after: Spanned<String>,
    },
    /// `expires DURATION`
    Expires(Spanned<String>),
    /// `use within DURATION`
    UseWithin(Spanned<String>),
    /// `edit FIELD any|shrink|RANGE, …`
    Edit(Vec<Edit>),
    /// `preview required`
    PreviewRequired,
    /// `notify CHANNEL, …`
    Notify(Vec<Spanned<String>>),
    /// `offer once, session, DURATION, N`
    Offer(Vec<Spanned<String>>),
    /// `unattended deny|park`
    Unattended(Spanned<String>),
    /// `because "…"`
    Because(Spanned<String>),
    /// `instead "…"`
    Instead(Spanned<String>),
}

/// `N of GROUP`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// How many, as written; absent: one.
    pub count: Option<Spanned<String>>,
    /// The group.
    pub group: Spanned<String>,
}

/// `FIELD any|shrink|RANGE`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The field.
    pub field: FieldPath,
    /// How far.
    pub bound: Spanned<EditBound>,
}

/// How far an approver may change a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditBound {
    /// `any`
    Any,
    /// `shrink`
    Shrink,
    /// `FROM..TO`, numbers as written.
    Range(String, String),
}

/// One phrase of an `auto` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phrase {
    /// `when EXPR`
    When(Expr),
    /// `unless EXPR`
    Unless(Expr),
    /// `during WINDOW`
    During(Spanned<String>),
    /// `first N per KEY [each PERIOD]`
    First {
        /// N, as written.
        count: Spanned<String>,
        /// What is counted for itself.
        key: FieldPath,
        /// `hour`, `day`, `week`, `month`, as written.
        each: Option<Spanned<String>>,
    },
    /// `at most N per DURATION per KEY`
    AtMost {
        /// N, as written.
        count: Spanned<String>,
        /// The span of time.
        within: Spanned<String>,
        /// What is counted for itself.
        key: FieldPath,
    },
    /// `via NAME(arg: value, …)`
    Via {
        /// The strategy's name.
        name: Spanned<String>,
        /// Its arguments.
        arguments: Vec<(Spanned<String>, Operand)>,
    },
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expr {
    /// What it says.
    pub kind: ExprKind,
    /// Where it stands, parentheses not included.
    pub span: Span,
}

/// The kinds of condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExprKind {
    /// `a or b or c`, at least two.
    Or(Vec<Expr>),
    /// `a and b and c`, at least two.
    And(Vec<Expr>),
    /// `not a`
    Not(Box<Expr>),
    /// `a == b` and the like.
    Compare {
        /// Left side.
        left: Operand,
        /// The operator.
        operator: Spanned<Comparison>,
        /// Right side.
        right: Operand,
    },
    /// `a in b`, `a not in b`
    In {
        /// What is looked for.
        left: Operand,
        /// `not in`
        negated: bool,
        /// A set, group, list, range, or a field that holds a list.
        right: Operand,
    },
    /// `a like PATTERN`
    Like {
        /// The text.
        left: Operand,
        /// The pattern.
        pattern: Pattern,
    },
    /// `a under "/path"`
    Under {
        /// The path.
        left: Operand,
        /// The root.
        right: Operand,
    },
    /// `has FIELD`
    Has(FieldPath),
    /// `during WINDOW`, `FIELD during WINDOW`
    During {
        /// The time; absent: the decision's.
        time: Option<Operand>,
        /// The window's name.
        window: Spanned<String>,
    },
    /// `before TIME`, `FIELD after TIME`
    Order {
        /// The time; absent: the decision's.
        time: Option<Operand>,
        /// `before` or `after`.
        relation: TimeRelation,
        /// What it is compared with.
        with: Operand,
    },
    /// `every r in LIST: EXPR`, `some r in LIST: EXPR`
    Quantified {
        /// `every` or `some`.
        quantifier: Quantifier,
        /// The variable.
        variable: Spanned<String>,
        /// The list.
        list: Operand,
        /// What is said of each.
        body: Box<Expr>,
    },
    /// A truth value by itself: `args.urgent`, `true`.
    Truth(Operand),
}

/// The six comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// `before` (strict) or `after` (inclusive).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeRelation {
    /// `before`
    Before,
    /// `after`
    After,
}

/// `every` or `some`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantifier {
    /// `every`
    Every,
    /// `some`
    Some,
}

/// A value in a condition, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operand {
    /// What it is.
    pub kind: OperandKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of operand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperandKind {
    /// `"…"`, escapes resolved.
    Text(String),
    /// `-12.5e3`, as written.
    Number(String),
    /// `true`, `false`
    Bool(bool),
    /// `1h30m`, as written.
    Duration(String),
    /// `2026-12-31`, `2026-12-31T10:00`, `2026-12-31T10:00:00+01:00`, as written.
    Time(String),
    /// `[a, b]`
    List(Vec<Operand>),
    /// `0..50`: numbers or dates, as written.
    Range(String, String),
    /// `args.x.y`, `agent.id`, `user`, `r.amount`
    Field(FieldPath),
    /// A bare name: a quantifier's variable, a set or a group.
    Name(String),
    /// `count(args.to, args.cc?)`
    Call {
        /// The function.
        name: Spanned<String>,
        /// Its arguments.
        arguments: Vec<Operand>,
    },
}

/// A field of the call, or of a quantifier's variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPath {
    /// `args`, `context`, `agent`, `user`, `session`, `tool`, `policy` (keys only), or a variable.
    pub root: Spanned<String>,
    /// What follows, quotes resolved.
    pub segments: Vec<Spanned<String>>,
    /// `x?`
    pub optional: bool,
    /// The whole path.
    pub span: Span,
}

/// `test "…" { … }`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// The whole block.
    pub span: Span,
    /// Its title.
    pub title: Spanned<String>,
    /// Its steps.
    pub steps: Vec<Spanned<Step>>,
}

/// One step of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// `at TIME`
    At(Spanned<String>),
    /// `wait DURATION`
    Wait(Spanned<String>),
    /// `call T { … } as agent "x" as user "u" in session "y" with context { … }`
    Call {
        /// The tool.
        tool: Pattern,
        /// Its arguments, an object.
        arguments: Option<Spanned<Data>>,
        /// `as agent "x"`
        agent: Option<Spanned<String>>,
        /// `as user "u"`
        user: Option<Spanned<String>>,
        /// `in session "y"`
        session: Option<Spanned<String>>,
        /// `with context { … }`, an object.
        context: Option<Spanned<Data>>,
    },
    /// `expect EFFECT by RULE`; speaks of the call before it.
    Expect {
        /// The effect.
        effect: RuleEffect,
        /// The deciding rule, by its name or first pattern.
        by: Option<Spanned<String>>,
    },
    /// `repeat N { … }`
    Repeat {
        /// N, as written.
        count: Spanned<String>,
        /// The steps.
        steps: Vec<Spanned<Step>>,
    },
}

/// A value as a test writes it: JSON, with bare keys allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// A text, escapes resolved.
    Text(String),
    /// `[…]`
    List(Vec<Data>),
    /// `{ key: value, … }`
    Object(Vec<(Spanned<String>, Data)>),
}
