//! Properties of reading and writing: print∘parse = id, formatting keeps the tree, nothing panics.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers stop a test that cannot go on")]

use fence_engine::span::{SourceId, Span, Spanned};
use fence_engine::syntax;
use fence_engine::syntax::ast::{
    Clause, Comparison, Expr, ExprKind, FieldPath, File, Item, Operand, OperandKind, Pattern,
    Quantifier, TimeRelation,
};
use proptest::prelude::*;

const SAMPLE: &str = include_str!("syntax/content_manager.fence");
const ODDITIES: &str = include_str!("syntax/oddities.fence");

fn here<T>(node: T) -> Spanned<T> {
    Spanned::new(node, Span::default())
}

/// The tree without its places.
fn shape(tree: &impl std::fmt::Debug) -> String {
    let shown = format!("{tree:?}");
    let mut pieces = shown.split("Span { source: SourceId(0), start: ");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |shape, piece| shape + piece.split_once('}').unwrap().1)
}

/// The condition of `deny * when …`.
fn condition(file: &File) -> &Expr {
    match file.items.as_slice() {
        [Item::Rule(rule)] => match &rule.clauses[0].node {
            Clause::When(expr) => expr,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn name() -> impl Strategy<Value = String> {
    "[a-z_][a-z0-9_]{0,8}".prop_filter("no keyword, no field of every call", |name| {
        syntax::is_name(name)
            && !["args", "context", "agent", "user", "session"].contains(&name.as_str())
    })
}

fn path() -> impl Strategy<Value = FieldPath> {
    let root = prop::sample::select(vec!["args", "context", "agent", "tool", "policy", "r"]);
    let segment = prop_oneof!["[A-Za-z_][A-Za-z0-9_]{0,6}", "\\PC{0,6}", "[\"\\\\\n\t.]{1,3}"];
    (root, prop::collection::vec(segment, 1..4), any::<bool>()).prop_map(
        |(root, segments, optional)| FieldPath {
            root: here(root.to_owned()),
            segments: segments.into_iter().map(here).collect(),
            optional,
            span: Span::default(),
        },
    )
}

fn operand() -> impl Strategy<Value = Operand> {
    let number = "-?(0|[1-9][0-9]{0,4})(\\.[0-9]{1,3})?(e[+-]?[0-9]{1,2})?";
    let time = "20[0-9]{2}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,3})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?";
    let leaf = prop_oneof![
        any::<String>().prop_map(OperandKind::Text),
        number.prop_map(OperandKind::Number),
        any::<bool>().prop_map(OperandKind::Bool),
        "([1-9][0-9]{0,2}[wdhms]){1,3}".prop_map(OperandKind::Duration),
        time.prop_map(OperandKind::Time),
        (number, number).prop_map(|(from, to)| OperandKind::Range(from, to)),
        path().prop_map(OperandKind::Field),
        name().prop_map(OperandKind::Name),
    ];
    let leaf = leaf.prop_map(|kind| Operand { kind, span: Span::default() });
    leaf.prop_recursive(3, 12, 4, |inner| {
        let items = prop::collection::vec(inner, 0..4);
        let call = (name(), items.clone())
            .prop_map(|(name, arguments)| OperandKind::Call { name: here(name), arguments });
        prop_oneof![items.prop_map(OperandKind::List), call]
            .prop_map(|kind| Operand { kind, span: Span::default() })
    })
}

fn comparison() -> impl Strategy<Value = ExprKind> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let sign =
        prop::sample::select(vec![Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual]);
    let pattern = prop_oneof![any::<String>(), "[a-z*?/.:-]{1,8}"];
    let order = prop::sample::select(vec![TimeRelation::Before, TimeRelation::After]);
    prop_oneof![
        (operand(), sign, operand()).prop_map(|(left, sign, right)| {
            ExprKind::Compare { left, operator: here(sign), right }
        }),
        (operand(), any::<bool>(), operand()).prop_map(|(left, negated, right)| ExprKind::In {
            left,
            negated,
            right
        }),
        (operand(), pattern).prop_map(|(left, text)| {
            ExprKind::Like { left, pattern: Pattern { text, span: Span::default() } }
        }),
        (operand(), operand()).prop_map(|(left, right)| ExprKind::Under { left, right }),
        path().prop_map(ExprKind::Has),
        (prop::option::of(operand()), name())
            .prop_map(|(time, window)| ExprKind::During { time, window: here(window) }),
        (prop::option::of(operand()), order, operand())
            .prop_map(|(time, relation, with)| ExprKind::Order { time, relation, with }),
        operand().prop_map(ExprKind::Truth),
    ]
}

fn wrapped(kind: ExprKind) -> Expr {
    Expr { kind, span: Span::default() }
}

/// Conditions without quantifiers.
fn plain() -> impl Strategy<Value = Expr> + Clone {
    comparison().prop_map(wrapped).boxed().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| ExprKind::Not(Box::new(inner))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(ExprKind::And),
            prop::collection::vec(inner, 2..4).prop_map(ExprKind::Or),
        ]
        .prop_map(wrapped)
    })
}

/// Conditions with quantifiers that do not nest.
fn expr() -> impl Strategy<Value = Expr> {
    let every = prop::sample::select(vec![Quantifier::Every, Quantifier::Some]);
    let quantified =
        (every, name(), operand(), plain()).prop_map(|(quantifier, name, list, body)| {
            wrapped(ExprKind::Quantified {
                quantifier,
                variable: here(name),
                list,
                body: Box::new(body),
            })
        });
    prop_oneof![plain(), quantified].boxed().prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| ExprKind::Not(Box::new(inner))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(ExprKind::And),
            prop::collection::vec(inner, 2..4).prop_map(ExprKind::Or),
        ]
        .prop_map(wrapped)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn what_is_printed_is_read_back(expr in expr()) {
        let printed = syntax::print_expr(&expr);
        let text = format!("deny * when {printed}");
        let parsed = syntax::parse(SourceId(0), &text);
        prop_assert_eq!(&parsed.diagnostics, &[], "{}", text);
        let read = condition(&parsed.file);
        prop_assert_eq!(shape(read), shape(&expr), "{}", text);
        prop_assert_eq!(syntax::print_expr(read), printed);

        let formatted = syntax::format(&text).unwrap();
        let again = syntax::parse(SourceId(0), &formatted);
        prop_assert_eq!(shape(&again.file), shape(&parsed.file), "{}", formatted);
        prop_assert_eq!(syntax::format(&formatted).unwrap(), formatted);
    }

    /// Blanks, line breaks and comments between two tokens change the layout only.
    #[test]
    fn layout_means_nothing(at in prop::collection::vec(any::<prop::sample::Index>(), 1..20), which in 0_usize..2) {
        let mut text = [SAMPLE, ODDITIES][which].to_owned();
        let before = syntax::parse(SourceId(0), &text).file;
        for index in at {
            let places: Vec<_> = text.match_indices([' ', '\n']).map(|(at, _)| at).collect();
            let place = places[index.index(places.len())];
            let line = &text[text[..place].rfind('\n').map_or(0, |at| at + 1)..place];
            let quotes = line.matches('"').count() - line.matches("\\\"").count();
            if quotes.is_multiple_of(2) && !line.contains('#') {
                text.insert_str(place, [" # note\n", "  ", "\n\n\n", "\r\n\t"][index.index(4)]);
            }
        }
        let parsed = syntax::parse(SourceId(0), &text);
        prop_assume!(parsed.diagnostics.is_empty());
        prop_assert_eq!(shape(&parsed.file), shape(&before));
        let once = syntax::format(&text).unwrap();
        prop_assert_eq!(once.matches('#').count(), text.matches('#').count());
        prop_assert_eq!(shape(&syntax::parse(SourceId(0), &once).file), shape(&before));
        prop_assert_eq!(&syntax::format(&once).unwrap(), &once);
    }

    #[test]
    fn no_mutation_panics(
        cuts in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..30, "\\PC{0,3}|[(){}\\[\\],;:\"'#\n.=-]{0,3}|(not |every x in y: |allow |when |\\{|\\} ){0,2}"), 1..8),
        which in 0_usize..2,
    ) {
        let mut text = [SAMPLE, ODDITIES][which].to_owned();
        for (at, length, insert) in cuts {
            let mut start = at.index(text.len() + 1);
            while !text.is_char_boundary(start) { start -= 1; }
            let mut end = (start + length).min(text.len());
            while !text.is_char_boundary(end) { end += 1; }
            text.replace_range(start..end, &insert);
        }
        let parsed = syntax::parse(SourceId(0), &text);
        for found in &parsed.diagnostics {
            prop_assert!(text.get(found.span.range()).is_some(), "{:?}", found);
            if let Some(fix) = &found.fix {
                prop_assert!(text.get(fix.span.range()).is_some(), "{:?}", found);
            }
        }
        if parsed.diagnostics.is_empty() {
            let once = syntax::format(&text).unwrap();
            let again = syntax::parse(SourceId(0), &once);
            prop_assert_eq!(shape(&again.file), shape(&parsed.file));
            prop_assert_eq!(&syntax::format(&once).unwrap(), &once);
        }
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = syntax::parse(SourceId(0), &text);
        let _ = syntax::format(&text);
    }
}
