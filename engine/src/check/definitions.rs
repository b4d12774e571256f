//! The shared vocabulary: zones, groups, sets, dates and windows of all files read.

use super::Checker;
use super::imports::ReadFile;
use super::literals::shortened;
use crate::condition::{Members, Type, normal_text};
use crate::diagnostic::{Code, Diagnostic};
use crate::scalar::Timestamp;
use crate::span::{SourceId, Span, Spanned};
use crate::syntax::ast::{self, ExceptDates, Item, Operand, OperandKind};
use crate::window::{Part, Window, Zone};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

/// One definition, and whether anything uses it.
pub(super) struct Definition {
    pub(super) meaning: Meaning,
    pub(super) span: Span,
    pub(super) used: Cell<bool>,
}

/// What a name stands for.
#[derive(Clone)]
pub(super) enum Meaning {
    Group(Arc<[Box<str>]>),
    Set(Arc<Members>),
    Dates(Arc<[(i64, i64)]>),
    Window(Arc<Window>),
    /// Something that was reported already; uses of it are not reported again.
    Broken,
}

impl Meaning {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Group(_) => "group",
            Self::Set(_) => "set",
            Self::Dates(_) => "dates",
            Self::Window(_) => "window",
            Self::Broken => "definition",
        }
    }
}

/// Every definition by its name.
pub(super) struct Definitions {
    pub(super) named: HashMap<String, Definition>,
    zones: Vec<Arc<Zone>>,
}

impl Definitions {
    /// Collects the definitions of all files: dates first, for windows name them.
    pub(super) fn collect(checker: &mut Checker<'_>, files: &[ReadFile]) -> Self {
        let zones = files.iter().map(|file| checker.file_zone(&file.file)).collect();
        let mut definitions = Self { named: HashMap::new(), zones };
        for file in files {
            for item in &file.file.items {
                if let Item::Dates(dates) = item {
                    let days = checker.all_days(&dates.ranges);
                    definitions.add(checker, &dates.name, Meaning::Dates(days.into()));
                }
            }
        }
        for (index, file) in files.iter().enumerate() {
            let zone = Arc::clone(&definitions.zones[index]);
            for item in &file.file.items {
                definitions.define(checker, item, &zone);
            }
        }
        definitions
    }

    fn define(&mut self, checker: &mut Checker<'_>, item: &Item, zone: &Arc<Zone>) {
        match item {
            Item::Group(group) => {
                let members = checker.members_of(group);
                self.add(checker, &group.name, Meaning::Group(members));
            }
            Item::Set(set) => {
                let meaning = checker.set(set, zone).map_or(Meaning::Broken, Meaning::Set);
                self.add(checker, &set.name, meaning);
            }
            Item::Window(window) => {
                let checked = checker.window(window, self, zone);
                let meaning = checked.map_or(Meaning::Broken, |w| Meaning::Window(Arc::new(w)));
                self.add(checker, &window.name, meaning);
            }
            _ => {}
        }
    }

    fn add(&mut self, checker: &mut Checker<'_>, name: &Spanned<String>, meaning: Meaning) {
        if let Some(first) = self.named.get(&name.node) {
            let message = format!("the name `{}` is taken", name.node);
            checker.report(
                Diagnostic::error(Code::DUPLICATE_NAME, name.span, message)
                    .related(first.span, "first defined here")
                    .help("give one of them another name"),
            );
            return;
        }
        let definition = Definition { meaning, span: name.span, used: Cell::new(false) };
        self.named.insert(name.node.clone(), definition);
    }

    /// The zone of a file: its own `zone`, else UTC.
    pub(super) fn zone_of(&self, source: SourceId) -> &Arc<Zone> {
        &self.zones[usize::from(source.0).min(self.zones.len() - 1)]
    }

    pub(super) fn find(&self, name: &str) -> Option<&Meaning> {
        self.named.get(name).map(|definition| {
            definition.used.set(true);
            &definition.meaning
        })
    }

    fn names<'d>(&'d self, kind: &'d str) -> impl Iterator<Item = &'d str> {
        // One that is wrong itself may still be the one that was meant.
        let of_kind =
            move |d: &Definition| [kind, Meaning::Broken.kind()].contains(&d.meaning.kind());
        self.named.iter().filter(move |(_, d)| of_kind(d)).map(|(name, _)| name.as_str())
    }

    pub(super) fn group(
        &self,
        checker: &mut Checker<'_>,
        name: &Spanned<String>,
    ) -> Option<Arc<[Box<str>]>> {
        match self.find(&name.node) {
            Some(Meaning::Group(members)) => Some(Arc::clone(members)),
            other => self.wrong(checker, name, "group", other),
        }
    }

    pub(super) fn window(
        &self,
        checker: &mut Checker<'_>,
        name: &Spanned<String>,
    ) -> Option<Arc<Window>> {
        match self.find(&name.node) {
            Some(Meaning::Window(window)) => Some(Arc::clone(window)),
            other => self.wrong(checker, name, "window", other),
        }
    }

    fn dates(
        &self,
        checker: &mut Checker<'_>,
        name: &Spanned<String>,
    ) -> Option<Arc<[(i64, i64)]>> {
        match self.find(&name.node) {
            Some(Meaning::Dates(days)) => Some(Arc::clone(days)),
            other => self.wrong(checker, name, "dates", other),
        }
    }

    /// Reports a name that is missing or of another kind.
    pub(super) fn wrong<T>(
        &self,
        checker: &mut Checker<'_>,
        name: &Spanned<String>,
        kind: &str,
        found: Option<&Meaning>,
    ) -> Option<T> {
        let written = &name.node;
        match found {
            Some(Meaning::Broken) => {}
            Some(other) => {
                let message = format!("`{written}` is a {}, not a {kind}", other.kind());
                checker.report(Diagnostic::error(Code::UNKNOWN_NAME, name.span, message));
            }
            None if checker.broke_off_defining(written) => {}
            None => {
                let are = if kind == "dates" { "are" } else { "is" };
                let message = format!("there {are} no {kind} named `{written}`");
                let help = format!("define it: `{kind} {written} = …`");
                checker.report(
                    Diagnostic::error(Code::UNKNOWN_NAME, name.span, message).help(help).suggest(
                        name.span,
                        written,
                        self.names(kind),
                    ),
                );
            }
        }
        None
    }
}

impl Checker<'_> {
    /// Whether a statement that could not be read seems to define the name: its uses are then not
    /// reported a second time.
    fn broke_off_defining(&self, name: &str) -> bool {
        const DEFINES: [&str; 4] = ["group", "set", "dates", "window"];
        self.sources.iter().any(|source| {
            source.text.lines().any(|line| {
                let mut words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                words.next().is_some_and(|word| DEFINES.contains(&word))
                    && words.find(|word| !word.is_empty()) == Some(name)
            })
        })
    }

    fn file_zone(&mut self, file: &ast::File) -> Arc<Zone> {
        let mut zones = file.items.iter().filter_map(|item| match item {
            Item::Zone(zone) => Some(zone),
            _ => None,
        });
        let Some(first) = zones.next() else { return Zone::utc() };
        for again in zones {
            self.report(
                Diagnostic::error(Code::REPEATED, again.span, "`zone` stands twice")
                    .related(first.span, "first here"),
            );
        }
        self.zone(first).unwrap_or_else(Zone::utc)
    }

    fn zone(&mut self, name: &Spanned<String>) -> Option<Arc<Zone>> {
        let zone = Zone::named(&name.node);
        if zone.is_none() {
            let message = format!("there is no time zone named `{}`", shortened(&name.node));
            let known = chrono_tz::TZ_VARIANTS.iter().map(|tz| tz.name());
            let near = crate::diagnostic::nearest(&name.node, known);
            let finding = Diagnostic::error(Code::UNKNOWN_ZONE, name.span, message);
            self.report(match near {
                Some(near) => finding
                    .help(format!("did you mean `{near}`?"))
                    .fix(name.span, format!("\"{near}\"")),
                None => finding.help("write an IANA name such as \"Europe/Berlin\""),
            });
        }
        zone
    }

    fn all_days(&mut self, ranges: &[ast::DateRange]) -> Vec<(i64, i64)> {
        let mut days: Vec<(i64, i64)> =
            ranges.iter().filter_map(|range| self.days(range)).collect();
        merge_days(&mut days);
        days
    }

    fn members_of(&mut self, group: &ast::Group) -> Arc<[Box<str>]> {
        let mut members = Vec::with_capacity(group.members.len());
        let mut known: HashMap<Cow<'_, str>, Span> = HashMap::new();
        for member in &group.members {
            let folded = crate::scalar::text::fold(&member.node);
            if member.node.trim().is_empty() || member.node.trim() != member.node {
                let message = "a member of a group is an id such as \"ana@example.com\"";
                self.report(Diagnostic::error(Code::BAD_VALUE, member.span, message));
            } else if let Some(first) = known.insert(folded, member.span) {
                let message = format!("`{}` stands twice in this group", member.node);
                let finding = Diagnostic::error(Code::REPEATED, member.span, message);
                self.report(finding.related(first, "first here"));
            } else {
                members.push(member.node.as_str().into());
            }
        }
        members.into()
    }

    fn set(&mut self, set: &ast::Set, zone: &Arc<Zone>) -> Option<Arc<Members>> {
        let kind = match &set.element {
            None => self.kind_of_members(&set.members)?,
            Some(written) => self.element_type(written)?,
        };
        let mut members = Members::new(kind);
        for member in &set.members {
            self.add_member(&mut members, member, zone);
        }
        Some(Arc::new(members))
    }

    fn element_type(&mut self, written: &Spanned<String>) -> Option<Type> {
        let kind = Type::scalar(&written.node).filter(|kind| *kind != Type::Any);
        if kind.is_none() {
            let message = format!("`{}` is no type a set can have", written.node);
            let known = Type::SCALARS.iter().map(|(name, _)| *name).filter(|name| *name != "any");
            self.report(Diagnostic::error(Code::UNKNOWN_TYPE, written.span, message).suggest(
                written.span,
                &written.node,
                known,
            ));
        }
        kind
    }

    /// The type a list of literals has by itself.
    pub(super) fn kind_of_members(&mut self, members: &[Operand]) -> Option<Type> {
        let kinds: Vec<Option<Type>> = members.iter().map(literal_kind).collect();
        let first = kinds.first().cloned().flatten();
        let odd = kinds.iter().position(|kind| kind.is_none() || *kind != first);
        if let Some(odd) = odd {
            let message = "the members are not all of one kind";
            let help = "use only texts, only numbers, only times or only true/false";
            let span = members[odd].span;
            self.report(Diagnostic::error(Code::TYPE_CLASH, span, message).help(help));
            return None;
        }
        first
    }

    /// Adds one literal to members of a given type.
    pub(super) fn add_member(&mut self, members: &mut Members, member: &Operand, zone: &Zone) {
        let kind = members.kind().clone();
        match (&member.kind, &kind) {
            (OperandKind::Text(text), Type::Domain) if text.starts_with("*.") => {
                if let Some(domain) = self.textual(&text[2..], &kind, member.span) {
                    members.add_subdomains(&format!(".{domain}"));
                }
            }
            (OperandKind::Text(text), Type::Time) => {
                if let Some(at) = self.instant(text, member.span, zone) {
                    members.add_times(at, moment_after(at));
                }
            }
            (OperandKind::Text(text) | OperandKind::Duration(text), Type::Duration) => {
                let text = Spanned::new(text.clone(), member.span);
                if let Some(duration) = self.duration(&text) {
                    members.add_numbers(duration.seconds().into(), duration.seconds().into());
                }
            }
            (OperandKind::Text(text), kind) if kind.is_textual() => {
                if let Some(text) = self.textual(text, kind, member.span) {
                    members.add_text(&text);
                }
            }
            (OperandKind::Number(text), kind) if kind.is_number() => {
                if let Some(number) = self.number(text, member.span) {
                    members.add_numbers(number, number);
                }
            }
            (OperandKind::Range(from, to), kind) if kind.is_number() => {
                let ends = (self.number(from, member.span), self.number(to, member.span));
                if let (Some(from), Some(to)) = ends {
                    self.ordered(from <= to, member.span);
                    members.add_numbers(from, to);
                }
            }
            (OperandKind::Range(from, to), Type::Time) => {
                let ends = (self.date(from, member.span), self.date(to, member.span));
                if let (Some(from), Some(to)) = ends {
                    self.ordered(from <= to, member.span);
                    let after = to.succ_opt().and_then(|day| zone.start_of(day));
                    if let (Some(from), Some(to)) = (zone.start_of(from), after) {
                        members.add_times(from, to);
                    }
                }
            }
            (OperandKind::Time(text), Type::Time) => {
                if let Some(at) = self.instant(text, member.span, zone) {
                    let day = crate::scalar::date(text).and_then(|day| day.succ_opt());
                    let until = day.and_then(|day| zone.start_of(day));
                    members.add_times(at, until.unwrap_or_else(|| moment_after(at)));
                }
            }
            (OperandKind::Bool(value), Type::Bool) => members.add_bool(*value),
            _ => {
                let message = format!("this is not a value of type `{kind}`");
                self.report(Diagnostic::error(Code::TYPE_CLASH, member.span, message));
            }
        }
    }

    fn ordered(&mut self, ordered: bool, span: Span) {
        if !ordered {
            let message = "the range ends before it starts";
            self.report(Diagnostic::error(Code::BAD_VALUE, span, message).help("swap its ends"));
        }
    }

    /// A text in the normal form of its type.
    pub(super) fn textual(&mut self, text: &str, kind: &Type, span: Span) -> Option<String> {
        let normal = match kind {
            Type::Duration => crate::scalar::Duration::parse(text).map(|_| Cow::Borrowed(text)),
            kind => normal_text(kind, Cow::Borrowed(text)),
        };
        if normal.is_none() {
            let message = format!("`{}` is not a value of type `{kind}`", shortened(text));
            let mut finding = Diagnostic::error(Code::BAD_VALUE, span, message);
            if *kind == Type::Path {
                finding =
                    finding.help("write an absolute path such as \"/srv/files\", without `..`");
            }
            self.report(finding);
        }
        normal.map(Cow::into_owned)
    }

    fn window(
        &mut self,
        window: &ast::Window,
        definitions: &Definitions,
        zone: &Arc<Zone>,
    ) -> Option<Window> {
        let timed = window.parts.iter().filter(|part| part.times.is_some()).count();
        if timed != 0 && timed != window.parts.len() {
            let untimed = window.parts.iter().find(|part| part.times.is_none())?;
            let message = "either all parts of a window have times or none";
            self.report(
                Diagnostic::error(Code::BAD_WINDOW, untimed.span, message)
                    .help("add times here, such as `09:00..17:00`, or `00:00..24:00`"),
            );
            return None;
        }
        let parts: Vec<Option<Part>> =
            window.parts.iter().map(|part| self.window_part(part)).collect();
        let mut except = Vec::new();
        for dates in &window.except {
            match dates {
                ExceptDates::Name(name) => {
                    except.extend(definitions.dates(self, name)?.iter().copied());
                }
                ExceptDates::Range(range) => except.extend(self.days(range)),
            }
        }
        merge_days(&mut except);
        let zone = match &window.zone {
            Some(named) => self.zone(named)?,
            None => Arc::clone(zone),
        };
        let parts = parts.into_iter().collect::<Option<Box<[Part]>>>()?;
        Some(Window { name: window.name.node.clone(), parts, except: except.into(), zone })
    }

    fn window_part(&mut self, part: &ast::WindowPart) -> Option<Part> {
        let days = match &part.days {
            None => 0b111_1111,
            Some((first, last)) => day_mask(self.weekday(first)?, self.weekday(last)?),
        };
        let (from, to) = match &part.times {
            None => (0, 86_400),
            Some((from, to)) => {
                let span = from.span.to(to.span);
                let (from, to) = (self.clock_time(from, false), self.clock_time(to, true));
                let (from, to) = (from?, to?);
                if from == to {
                    let message = "the part starts and ends at the same time";
                    let help = "for the whole day write `00:00..24:00`, or no times at all";
                    self.report(Diagnostic::error(Code::BAD_WINDOW, span, message).help(help));
                    return None;
                }
                (from, to)
            }
        };
        Some(Part { days, from, to })
    }
}

/// The days from `first` to `last`, around the end of the week if need be.
fn day_mask(first: u8, last: u8) -> u8 {
    let length = (last + 7 - first) % 7;
    (0..=length).fold(0, |mask, step| mask | 1 << ((first + step) % 7))
}

fn moment_after(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.micros() + 1)
}

/// Sorts and joins ranges of days.
fn merge_days(days: &mut Vec<(i64, i64)>) {
    days.sort_unstable();
    let mut merged: Vec<(i64, i64)> = Vec::with_capacity(days.len());
    for (from, to) in days.drain(..) {
        match merged.last_mut() {
            Some((_, end)) if from <= *end + 1 => *end = (*end).max(to),
            _ => merged.push((from, to)),
        }
    }
    *days = merged;
}

/// What a literal is by itself; `None` for what is no literal.
fn literal_kind(operand: &Operand) -> Option<Type> {
    match &operand.kind {
        OperandKind::Text(_) => Some(Type::Text),
        OperandKind::Range(from, _)
            if from.contains('-') && from.len() == 10 && !from.starts_with('-') =>
        {
            Some(Type::Time)
        }
        OperandKind::Number(_) | OperandKind::Range(..) => Some(Type::Decimal),
        OperandKind::Bool(_) => Some(Type::Bool),
        OperandKind::Time(_) => Some(Type::Time),
        OperandKind::Duration(_) => Some(Type::Duration),
        _ => None,
    }
}
