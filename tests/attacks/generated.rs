//! Attacks that are generated, need files, or compare several runs.

use crate::support::driver::{Driver, checked, error_codes, findings, whole};
use crate::support::random::{Call, Policy, Random, deny};
use fence::engine::check::NoImports;
use fence::{Effect, Gate, SqliteStore, ToolCall};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

type Attack = (&'static str, fn());

/// Every one by the id of its line.
pub(crate) const ALL: &[Attack] = &[
    ("GLB-026", a_name_of_a_mebibyte),
    ("GLB-029", every_order_of_rules),
    ("GLB-031", a_deny_more),
    ("GLB-032", an_unlisted_name),
    ("GLB-034", many_alternatives),
    ("ARG-034", deep_arguments),
    ("ARG-035", large_arguments),
    ("ARG-036", many_keys),
    ("ARG-038", arguments_that_are_not_utf8),
    ("CND-019", a_date_of_parentheses),
    ("CND-031", two_policies_by_turns),
    ("CNT-005", a_restart),
    ("POL-001", importing_oneself),
    ("POL-003", importing_everything_twice),
    ("POL-004", importing_from_above),
    ("POL-007", importing_what_is_no_file),
    ("POL-009", too_many_rules),
    ("POL-010", many_parentheses),
    ("POL-012", open_calls),
    ("POL-013", a_policy_that_is_not_utf8),
    ("POL-014", a_byte_order_mark),
    ("POL-015", line_endings),
    ("POL-020", every_prefix),
    ("POL-023", nothing_at_all),
    ("POL-024", default_allow),
];

fn refused(driver: &Driver, call: &[u8]) {
    let decision = driver.decide(call);
    assert_eq!(decision.decision, Effect::Deny);
    assert!(decision.policy.is_none() && decision.matched.is_empty());
    assert!(decision.because.as_ref().unwrap().len() < 400, "the reason repeats the call");
}

fn a_name_of_a_mebibyte() {
    let driver = Driver::of("allow read_*");
    for length in [1_100, 1 << 20] {
        let name = format!("read_{}", "a".repeat(length));
        refused(&driver, format!("{{\"tool\":\"{name}\"}}").as_bytes());
        let decision = driver.gate().decide_blocking(&ToolCall::new(name)).unwrap();
        assert_eq!(decision.decision, Effect::Deny);
        assert!(decision.because.as_ref().unwrap().len() < 400);
    }
}

fn every_order_of_rules() {
    let rules = ["allow email_*", "deny email_send_bulk", "ask email_send_*"];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let policy = order.map(|at| rules[at]).join("\n");
        assert_eq!(Driver::of(&policy).effect("{\"tool\":\"email_send_bulk\"}"), "deny");
        assert_eq!(Driver::of(&policy).effect("{\"tool\":\"email_send_one\"}"), "ask");
    }
}

fn a_deny_more() {
    let mut random = Random::new(31);
    for _ in 0..40 {
        let policy = Policy::random(&mut random, true);
        let mut more = policy.clone();
        more.rules.push(deny(&mut random));
        let (before, after) = (Driver::new(&[policy.text("p")]), Driver::new(&[more.text("p")]));
        for _ in 0..10 {
            let call = Call::random(&mut random).json();
            let (before, after) = (before.decide(call.as_bytes()), after.decide(call.as_bytes()));
            if before.decision == Effect::Allow && after.decision != Effect::Allow {
                // The stores part ways here: a call denied takes no slot.
                break;
            }
            assert!(after.decision >= before.decision, "{call}\n{}", more.text("p"));
        }
    }
}

fn an_unlisted_name() {
    let driver = Driver::of("allow read_*\nask send_*\ndeny drop_*");
    let mut random = Random::new(32);
    for _ in 0..200 {
        let letters = (0..8).map(|_| char::from(b'a' + u8::try_from(random.below(26)).unwrap()));
        let call = format!("{{\"tool\":\"z{}\"}}", letters.collect::<String>());
        assert_eq!(driver.line(&call), "deny by default");
    }
}

fn many_alternatives() {
    let started = std::time::Instant::now();
    for count in [30, 60, 128] {
        let pattern = "{a,b}".repeat(count);
        let policy = whole(&format!("allow \"{pattern}\""), 0);
        if error_codes(&policy).is_empty() {
            let driver = Driver::of(&policy);
            let name = "ab".repeat(count / 2);
            assert_eq!(driver.effect(&format!("{{\"tool\":\"{name}\"}}")), "allow");
            assert_eq!(driver.effect(&format!("{{\"tool\":\"{name}c\"}}")), "deny");
        }
    }
    assert!(started.elapsed().as_secs() < 5);
}

fn deep_arguments() {
    let driver = Driver::of("allow x");
    let call = |depth: usize| {
        format!("{{\"tool\":\"x\",\"args\":{{\"a\":{}1{}}}}}", "[".repeat(depth), "]".repeat(depth))
    };
    // The call itself and `args` are two of the 64.
    assert_eq!(driver.effect(&call(62)), "allow");
    refused(&driver, call(63).as_bytes());
    refused(&driver, call(100_000).as_bytes());
    refused(&driver, "[".repeat(1_000_000).as_bytes());
    refused(&driver, "{\"a\":".repeat(100_000).as_bytes());
}

fn large_arguments() {
    let driver = Driver::of("allow x");
    let call =
        |length: usize| format!("{{\"tool\":\"x\",\"args\":{{\"b\":\"{}\"}}}}", "x".repeat(length));
    assert_eq!(driver.effect(&call((1 << 20) - 100)), "allow");
    refused(&driver, call(1 << 20).as_bytes());
    refused(&driver, call(5 << 20).as_bytes());
}

fn many_keys() {
    let driver = Driver::of("allow x when args.k1 == 1");
    let call = |count: usize| {
        let mut keys = String::new();
        for key in 0..count {
            let _ = write!(keys, "{}\"k{key}\":{key}", if key > 0 { "," } else { "" });
        }
        format!("{{\"tool\":\"x\",\"args\":{{{keys}}}}}")
    };
    assert_eq!(driver.effect(&call(70_000)), "allow");
    refused(&driver, call(100_000).as_bytes());
    refused(&driver, call(1_000_000).as_bytes());
}

fn arguments_that_are_not_utf8() {
    let driver = Driver::of("allow read_*");
    refused(&driver, b"{\"tool\":\"read_posts\",\"args\":{\"k\":\"\xc3\x28\"}}");
    refused(&driver, b"{\"tool\":\"read_posts\",\"args\":{\"k\":\"\xed\xa0\x80\"}}");
    refused(&driver, b"{\"tool\":\"read_posts\xff\"}");
    refused(&driver, b"\xef\xbb\xbf{\"tool\":\"read_posts\"}");
}

fn a_date_of_parentheses() {
    let driver = Driver::of("allow x when args.t before 2027-01-01");
    let date = "(".repeat(100_000);
    assert_eq!(driver.effect(&format!("{{\"tool\":\"x\",\"args\":{{\"t\":\"{date}\"}}}}")), "deny");
}

fn two_policies_by_turns() {
    let store = Arc::new(fence::MemoryStore::new());
    let gate = |text: &str| {
        let shared: Arc<dyn fence::store::Store> = Arc::clone(&store) as _;
        Gate::builder().policy_text("p", text).unwrap().shared_store(shared).build().unwrap()
    };
    let (one, other) = (gate("fence 1 policy p allow x"), gate("fence 1 policy p deny x"));
    let digest = |gate: &Gate| fence::engine::call::hex_digest(gate.layers().digest());
    let call = ToolCall::new("x");
    std::thread::scope(|scope| {
        for (gate, effect) in [(&one, Effect::Allow), (&other, Effect::Deny)] {
            let call = &call;
            scope.spawn(move || {
                for _ in 0..500 {
                    let decision = gate.decide_blocking(call).unwrap();
                    assert_eq!(decision.decision, effect);
                    assert_eq!(decision.policy_digest, digest(gate));
                }
            });
        }
    });
}

fn a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let text = "fence 1 policy p4 ask email_send as warm { auto first 5 per session }";
    let decide = || {
        let store = SqliteStore::open(folder.path().join("fence.db")).unwrap();
        let gate = Gate::builder().policy_text("p4", text).unwrap().store(store).build().unwrap();
        gate.decide_blocking(&ToolCall::new("email_send").session("s")).unwrap().decision
    };
    for _ in 0..5 {
        assert_eq!(decide(), Effect::Allow);
    }
    assert_eq!(decide(), Effect::Ask);
}

/// The codes of the errors of `main.fence` among these files.
fn codes_of(files: &[(&str, &str)], prepare: impl FnOnce(&Path)) -> Vec<&'static str> {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("policies");
    std::fs::create_dir(&inner).unwrap();
    std::fs::write(folder.path().join("above.fence"), "fence 1\ngroup g = \"a@x.test\"\n").unwrap();
    for (name, text) in files {
        std::fs::write(inner.join(name), text).unwrap();
    }
    prepare(&inner);
    let strategies = fence::strategies::builtin();
    let checked = fence::policies::check_file(&inner.join("main.fence"), &strategies).unwrap();
    checked
        .diagnostics
        .iter()
        .map(|found| found.code.0)
        .filter(|code| !code.starts_with("F09"))
        .collect()
}

fn importing_oneself() {
    let main = ("main.fence", "fence 1\npolicy p\nimport \"main.fence\"\nallow x\n");
    assert_eq!(codes_of(&[main], |_| ()), ["F0802"]);
    let main = ("main.fence", "fence 1\npolicy p\nimport \"a.fence\"\nallow x\n");
    let there = ("a.fence", "fence 1\nimport \"b.fence\"\n");
    let back = ("b.fence", "fence 1\nimport \"a.fence\"\n");
    assert_eq!(codes_of(&[main, there, back], |_| ()), ["F0802"]);
}

fn importing_everything_twice() {
    let import = |next: &str| format!("fence 1\nimport \"{next}\"\nimport \"{next}\"\n");
    let names: Vec<String> = (0..31).map(|n| format!("f{n}.fence")).collect();
    let mut texts: Vec<String> = names.iter().skip(1).map(|next| import(next)).collect();
    texts.push("fence 1\ngroup g = \"a@x.test\"\n".to_owned());
    let main = "fence 1\npolicy p\nimport \"f0.fence\"\nask x { by 1 of g }\n";
    let mut files: Vec<(&str, &str)> =
        names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
    files.push(("main.fence", main));
    let started = std::time::Instant::now();
    assert_eq!(codes_of(&files, |_| ()), [""; 0]);
    assert!(started.elapsed().as_secs() < 5);
}

fn importing_from_above() {
    let main = |path: &str| format!("fence 1\npolicy p\nimport \"{path}\"\nallow x\n");
    for path in [
        "../above.fence",
        "../../etc/passwd",
        "./../above.fence",
        "/etc/passwd",
        "a/../../above.fence",
        "",
    ] {
        assert_eq!(codes_of(&[("main.fence", &main(path))], |_| ()), ["F0801"], "{path}");
    }
    // A link that leads out of the folder is outside.
    let link = |folder: &Path| {
        std::os::unix::fs::symlink("../above.fence", folder.join("in.fence")).unwrap();
    };
    assert_eq!(codes_of(&[("main.fence", &main("in.fence"))], link), ["F0801"]);
}

fn importing_what_is_no_file() {
    let main = [("main.fence", "fence 1\npolicy p\nimport \"p.fence\"\nallow x\n")];
    let fifo = |folder: &Path| {
        let made = std::process::Command::new("mkfifo").arg(folder.join("p.fence")).status();
        assert!(made.unwrap().success());
    };
    assert_eq!(codes_of(&main, fifo), ["F0803"]);
    assert_eq!(
        codes_of(&main, |folder| std::fs::create_dir(folder.join("p.fence")).unwrap()),
        ["F0803"]
    );
    let zero = |folder: &Path| {
        std::os::unix::fs::symlink("/dev/zero", folder.join("p.fence")).unwrap();
    };
    assert_eq!(codes_of(&main, zero), ["F0801"]);
    assert_eq!(codes_of(&main, |_| ()), ["F0803"]);
}

fn too_many_rules() {
    let rules = |count: usize| whole(&"deny a\n".repeat(count), 0);
    assert_eq!(error_codes(&rules(1_000)), [""; 0]);
    // The full limit takes its time without optimisation.
    if !cfg!(debug_assertions) {
        assert_eq!(error_codes(&rules(100_001)), ["F0805"]);
    }
}

fn many_parentheses() {
    let deep = |count: usize| {
        whole(&format!("allow x when {}args.a{}", "(".repeat(count), ")".repeat(count)), 0)
    };
    let small = std::thread::Builder::new().stack_size(512 << 10);
    let run = small.spawn(move || {
        assert_eq!(error_codes(&deep(65)), ["F0104"]);
        assert_eq!(error_codes(&deep(100_000)), ["F0104"]);
        let nots = whole(&format!("allow x when {}args.a", "not ".repeat(100_000)), 0);
        assert_eq!(error_codes(&nots), ["F0104"]);
        let lists = whole(&format!("allow x when args.a in {}1", "[".repeat(100_000)), 0);
        assert!(!error_codes(&lists).is_empty());
        let blocks = whole(&"ask x {".repeat(10_000), 0);
        assert!(!error_codes(&blocks).is_empty());
        let repeats = whole(&format!("allow x test \"t\" {{ {}", "repeat 2 { ".repeat(10_000)), 0);
        assert!(!error_codes(&repeats).is_empty());
    });
    run.unwrap().join().unwrap();
}

fn open_calls() {
    let started = std::time::Instant::now();
    for piece in ["f(", "[", "not (", "count(", "every r in [", "args.a == (", "{"] {
        let policy = whole(&format!("allow x when {}", piece.repeat(40)), 0);
        assert!(!error_codes(&policy).is_empty(), "{piece}");
    }
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}

fn a_policy_that_is_not_utf8() {
    let bytes = b"allow r\xc3\x28_*";
    let strategies = fence::strategies::builtin();
    let checked = fence::engine::check::check("p", bytes, &NoImports, &strategies);
    assert_eq!(checked.diagnostics[0].code.0, "F0107");
    assert!(checked.policy.is_none());
}

fn a_byte_order_mark() {
    let policy = whole("allow read_*", 0);
    let marked = format!("\u{feff}{policy}");
    assert_eq!(findings(&policy), findings(&marked));
    assert_eq!(Driver::of(&marked).effect("{\"tool\":\"read_x\"}"), "allow");
    assert_eq!(error_codes(&format!("{policy}\u{feff}")), ["F0106"]);
    assert!(!error_codes(&format!("\u{feff}{marked}")).is_empty());
}

fn line_endings() {
    let policy = whole("# a\nallow read_*\n\nask x { by 1 of nobody }\n", 0);
    let lines = |text: &str| {
        let checked = checked(text);
        let found = checked
            .diagnostics
            .iter()
            .map(|found| (found.code.0, checked.sources.text(found.span).to_owned()));
        found.collect::<Vec<_>>()
    };
    assert_eq!(lines(&policy), lines(&policy.replace('\n', "\r\n")));
    assert_eq!(error_codes(&policy.replace('\n', "\r")).first(), Some(&"F0106"));
}

fn examples() -> Vec<String> {
    let folder = format!("{}/examples/policies", env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(folder).unwrap();
    let texts = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    texts.collect()
}

fn every_prefix() {
    for text in examples() {
        let step = if cfg!(debug_assertions) { 23 } else { 1 };
        for end in (0..text.len()).step_by(step).filter(|end| text.is_char_boundary(*end)) {
            // Whatever loads is a whole policy of fewer statements; nothing panics.
            let _ = checked(&text[..end]);
        }
    }
}

fn nothing_at_all() {
    for text in ["", "\n", "# nothing\n", "\u{feff}"] {
        assert_eq!(error_codes(text), ["F0201"], "{text:?}");
    }
}

fn default_allow() {
    let policy = whole("default allow", 0);
    assert!(findings(&policy)[0].starts_with("warning F0903"));
    assert_eq!(Driver::of(&policy).effect("{\"tool\":\"x\"}"), "allow");
}
