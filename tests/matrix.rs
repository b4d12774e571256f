//! Every combination of effect, condition, strategy, another rule and default, as one table.
//!
//! The table is `tests/golden/matrix.txt`; `FENCE_UPDATE_GOLDEN=1 cargo test --test matrix` writes it anew.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use fence::engine::decision::{Effect, Truth};
use std::fmt::Write as _;
use support::driver::{Driver, shown};

const TRUTHS: [(&str, &str, Truth); 4] = [
    ("none", "", Truth::True),
    ("true", " when args.yes", Truth::True),
    ("false", " when args.no", Truth::False),
    ("unknown", " when args.missing", Truth::Unknown),
];
/// `None`: no `auto` line at all.
const AUTOS: [(&str, &str, Option<bool>); 6] = [
    ("none", "", None),
    ("release", " { auto when args.yes }", Some(true)),
    ("hold", " { auto when args.no }", Some(false)),
    ("unknown", " { auto when args.missing }", Some(false)),
    ("counter", " { auto first 1 per policy }", Some(true)),
    ("keyless", " { auto first 1 per user }", Some(false)),
];
const OTHERS: [(&str, &str, Option<Effect>); 4] = [
    ("nothing", "", None),
    ("allow", "allow x", Some(Effect::Allow)),
    ("ask", "ask x as other", Some(Effect::Ask)),
    ("deny", "deny x as other", Some(Effect::Deny)),
];
const DEFAULTS: [&str; 4] = ["deny", "ask", "allow", "pass"];
const CALL: &[u8] = br#"{"tool":"x","args":{"yes":true,"no":false}}"#;

/// What section 2 of the language says, in a few lines of its own.
fn wanted(
    rule: (Effect, Truth),
    auto: Option<bool>,
    other: Option<Effect>,
    default: &str,
) -> Effect {
    let default = match default {
        "ask" => Effect::Ask,
        "allow" => Effect::Allow,
        // No opinion is a denial, where no other layer has one.
        _ => Effect::Deny,
    };
    let world = |applies: bool| {
        let own = match rule.0 {
            Effect::Ask if auto == Some(true) => Effect::Allow,
            effect => effect,
        };
        let verdicts = [applies.then_some(own), other].into_iter().flatten();
        verdicts.max().unwrap_or(default)
    };
    match rule {
        (_, Truth::True) | (Effect::Deny, Truth::Unknown) => world(true),
        (_, Truth::False) | (Effect::Allow, Truth::Unknown) => world(false),
        (Effect::Ask, Truth::Unknown) => world(true).max(world(false)),
    }
}

#[test]
fn the_table_of_all_combinations_is_the_golden_one() {
    let mut table = String::from("effect condition auto    other   default => decision\n");
    let mut rows = 0;
    for effect in [Effect::Allow, Effect::Ask, Effect::Deny] {
        for (condition, when, truth) in TRUTHS {
            for (auto, block, releases) in AUTOS {
                if effect != Effect::Ask && auto != "none" {
                    continue;
                }
                for (name, other, also) in OTHERS {
                    for default in DEFAULTS {
                        let policy =
                            format!("{effect} x as rule{when}{block}\n{other}\ndefault {default}");
                        let decision = Driver::of(&policy).decide(CALL);
                        let _ = writeln!(
                            table,
                            "{effect:<6} {condition:<9} {auto:<7} {name:<7} {default:<7} => {}",
                            shown(&decision)
                        );
                        let wanted = wanted((effect, truth), releases, also, default);
                        assert_eq!(decision.decision, wanted, "{policy}");
                        rows += 1;
                    }
                }
            }
        }
    }
    assert_eq!(rows, (1 + 6 + 1) * 4 * 4 * 4);
    compare("matrix.txt", &table);
}

/// Compares with the golden file, or writes it where that is asked for.
fn compare(name: &str, found: &str) {
    let path = format!("{}/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("FENCE_UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    for (line, (golden, found)) in golden.lines().zip(found.lines()).enumerate() {
        assert_eq!(golden, found, "{name}, line {}", line + 1);
    }
    assert_eq!(golden.lines().count(), found.lines().count(), "{name} has other rows");
}
