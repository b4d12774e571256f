//! `fence check`: all findings at once, for people and machines.

mod cli_support;
use cli_support::House;

const GOOD: &str = "fence 1\npolicy good\nallow read_*\ndefault deny\n";
const BAD: &str = "fence 1\npolicy bad\nwindow office = mon..fri 09:00..17:00\n\
    ask post_* as posts {\n  auto during ofice\n  by editors\n}\ndefault deny\n";

#[test]
fn a_good_policy_is_counted() {
    let run = House::new(&[("good.fence", GOOD)]).fence(&["check", "good.fence"]);
    assert_eq!(run.whole(), "exit 0\n--- out\n--- err\ngood.fence: 1 rule, nothing to report\n");
}

#[test]
fn errors_are_shown_all_at_once() {
    let run = House::new(&[("bad.fence", BAD)]).fence(&["check", "bad.fence"]);
    assert_eq!(run.code, 1);
    insta::assert_snapshot!(run.whole());
}

#[test]
fn an_import_is_named_by_where_it_is() {
    let house = House::new(&[
        ("dir/p.fence", "fence 1\npolicy p\nimport \"q.fence\"\nallow a\n"),
        ("dir/q.fence", "fence 1\nwindow w = mon 25:00..26:00\n"),
    ]);
    let run = house.fence(&["check", "dir/p.fence"]);
    assert_eq!(run.code, 1);
    assert!(run.out.contains("--> dir/q.fence:2"), "{}", run.out);
}

#[test]
fn json_is_one_object_with_places() {
    let run = House::new(&[("bad.fence", BAD)]).fence(&["check", "bad.fence", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(json["schema"], 1);
    let found = &json["findings"][0];
    assert_eq!(found["file"], "bad.fence");
    assert_eq!(found["line"], 5);
    assert_eq!(found["column"], 15);
    assert_eq!(found["end_column"], 20);
    assert_eq!(found["severity"], "error");
    assert_eq!(found["fix"]["replacement"], "office");
    let same = House::new(&[("bad.fence", BAD)]).fence(&["check", "bad.fence", "--format", "json"]);
    assert_eq!(same.out, run.out);
}

#[test]
fn sarif_points_into_its_table_of_rules() {
    let run = House::new(&[("a b.fence", BAD)]).fence(&["check", "a b.fence", "--format", "sarif"]);
    let log: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let driver = &log["runs"][0]["tool"]["driver"];
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert!(!results.is_empty());
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(driver["rules"][index]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a%20b.fence");
        assert!(place["region"]["startLine"].as_u64().unwrap() > 0);
    }
}

#[test]
fn warnings_fail_only_where_they_are_denied() {
    let house = House::new(&[("w.fence", "fence 1\npolicy w\nallow read_*\ndefault allow\n")]);
    let run = house.fence(&["check", "w.fence"]);
    assert_eq!(run.code, 0, "{}", run.whole());
    assert!(run.err.ends_with("w.fence: 1 rule, 1 warning\n"), "{}", run.err);
    assert_eq!(house.fence(&["check", "w.fence", "--deny-warnings"]).code, 1);
}

#[test]
fn layers_have_different_names_and_not_all_pass() {
    let house = House::new(&[
        ("a.fence", "fence 1\npolicy p\nallow read_*\ndefault pass\n"),
        ("b.fence", "fence 1\npolicy p\nallow write_*\ndefault pass\n"),
        ("c.fence", GOOD),
    ]);
    let run = house.fence(&["check", "a.fence", "b.fence"]);
    assert_eq!(run.code, 1);
    insta::assert_snapshot!(run.whole());
    assert_eq!(house.fence(&["check", "a.fence", "c.fence", "--deny-warnings"]).code, 0);
}

#[test]
fn an_unreadable_file_is_named_beside_the_other_findings() {
    let house = House::new(&[("bad.fence", BAD)]);
    let run = house.fence(&["check", "none.fence", "bad.fence"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("none.fence cannot be read: there is no such file"), "{}", run.err);
    assert!(run.out.contains("bad.fence:5"), "{}", run.out);
}

#[test]
fn colours_are_for_those_who_want_them() {
    let house = House::new(&[("bad.fence", BAD)]);
    assert!(!house.fence(&["check", "bad.fence"]).out.contains('\u{1b}'));
    assert!(house.fence(&["check", "bad.fence", "--color", "always"]).out.contains('\u{1b}'));
}

#[test]
fn a_strategy_of_the_settings_is_known_and_its_parameters_checked() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/strategies");
    let read = |name: &str| std::fs::read_to_string(format!("{folder}/{name}")).unwrap();
    let (settings, policy) = (read("fence.toml"), read("payments.fence"));
    let house = House::new(&[("fence.toml", &settings), ("payments.fence", &policy)]);
    let run = house.fence(&["check", "payments.fence", "--deny-warnings"]);
    assert_eq!(run.code, 0, "{}", run.whole());
    assert_eq!(house.fence(&["fmt", "--check", "payments.fence"]).code, 0);
    house.write("payments.fence", &policy.replace("below: 50", "belwo: 50"));
    let run = house.fence(&["check", "payments.fence"]);
    assert!(run.code == 1 && run.out.contains("did you mean `below`?"), "{}", run.whole());
}
