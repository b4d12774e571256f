//! Commands that make and change files: `fmt`, `init`, `import-tools`, and those that only print.

mod cli_support;
use cli_support::House;

const TIDY: &str = "fence 1\npolicy p\nallow a\n";

#[test]
fn what_is_laid_out_stays_untouched() {
    let house = House::new(&[("p.fence", TIDY)]);
    let before = std::fs::metadata(house.path().join("p.fence")).unwrap().modified().unwrap();
    let run = house.fence(&["fmt", "p.fence"]);
    assert_eq!(run.whole(), "exit 0\n--- out\n--- err\n");
    let after = std::fs::metadata(house.path().join("p.fence")).unwrap().modified().unwrap();
    assert_eq!(before, after);
    assert_eq!(house.fence(&["fmt", "--check", "p.fence"]).code, 0);
}

#[test]
fn a_check_names_the_file_shows_how_and_changes_nothing() {
    let messy = "fence 1\npolicy   p\n\n\nallow a,b\n";
    let house = House::new(&[("p.fence", messy), ("q.fence", TIDY)]);
    let run = house.fence(&["fmt", "--check", "p.fence", "q.fence"]);
    insta::assert_snapshot!(run.whole());
    assert_eq!(house.read("p.fence"), messy);
    let run = house.fence(&["fmt", "p.fence", "q.fence"]);
    assert_eq!((run.code, run.out.as_str()), (0, "p.fence\n"));
    assert_eq!(house.fence(&["fmt", "--check", "p.fence"]).code, 0);
}

#[test]
fn standard_input_goes_to_standard_output() {
    let run = House::new(&[]).fence_with(&["fmt", "-"], TIDY);
    assert_eq!((run.code, run.out.as_str()), (0, TIDY));
}

#[test]
fn mistakes_are_shown_and_the_file_is_kept() {
    let broken = "fence 1\npolicy p\nallow ,\n";
    let house = House::new(&[("p.fence", broken)]);
    let run = house.fence(&["fmt", "p.fence"]);
    assert_eq!(run.code, 1);
    assert!(run.err.contains("p.fence:3"), "{}", run.err);
    assert_eq!(house.read("p.fence"), broken);
    assert_eq!(house.fence(&["fmt", "none.fence"]).code, 2);
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_layout() {
    let marked = format!("\u{feff}{TIDY}");
    let house = House::new(&[("p.fence", &marked)]);
    let run = house.fence(&["fmt", "--check", "p.fence"]);
    assert_eq!((run.code, run.out.as_str()), (1, "p.fence\n"));
    assert_eq!(house.read("p.fence"), marked);
    assert_eq!(house.fence(&["fmt", "p.fence"]).code, 0);
    assert_eq!(house.read("p.fence"), TIDY);
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_permissions_kept() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let house = House::new(&[("real.fence", &format!("\u{feff}{TIDY}"))]);
    let real = house.path().join("real.fence");
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real.fence", house.path().join("link.fence")).unwrap();
    assert_eq!(house.fence(&["fmt", "link.fence"]).code, 0);
    assert!(house.path().join("link.fence").symlink_metadata().unwrap().is_symlink());
    assert_eq!(house.read("real.fence"), TIDY);
    assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(std::fs::read_dir(house.path()).unwrap().count(), 2);
}

#[test]
fn every_starter_policy_is_laid_out_without_findings_and_passes_its_tests() {
    for kind in ["content", "mail", "coding", "payments"] {
        let house = House::new(&[]);
        let run = house.fence(&["init", "new/here", "--kind", kind]);
        assert_eq!(run.code, 0, "{}", run.whole());
        let file = format!("new/here/{kind}.fence");
        assert!(run.out.contains(&file) && run.err.contains("fence check"), "{}", run.whole());
        let check = house.fence(&["check", &file, "--deny-warnings"]);
        assert_eq!(check.code, 0, "{}", check.whole());
        let layout = house.fence(&["fmt", "--check", &file]);
        assert_eq!(layout.code, 0, "{}", layout.whole());
        let tests = house.fence(&["test", &file]);
        assert_eq!(tests.code, 0, "{}", tests.whole());
        let again = house.fence(&["init", "new/here", "--kind", "mail"]);
        assert_eq!(again.code, 2, "{}", again.whole());
        assert!(again.err.contains("is there already"), "{}", again.err);
    }
}

const TOOLS: &str = include_str!("cli_files/tools.json");

#[test]
fn tools_become_declarations() {
    let house = House::new(&[("tools.json", TOOLS)]);
    let run = house.fence(&["import-tools", "tools.json", "--server", "desk"]);
    assert_eq!(run.code, 0, "{}", run.whole());
    insta::assert_snapshot!(run.whole());
    house.write("tools.fence", &run.out);
    let check = house.fence(&["check", "tools.fence"]);
    assert_eq!(check.code, 0, "{}", check.whole());
    let layout = house.fence(&["fmt", "--check", "tools.fence"]);
    assert_eq!(layout.code, 0, "{}", layout.whole());
}

#[test]
fn every_form_of_a_tool_list_is_read() {
    let tool = r#"{"name":"a","inputSchema":{"type":"object"}}"#;
    let forms = [
        format!("[{tool}]"),
        format!(r#"{{"tools":[{tool}]}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[{tool}]}}}}"#),
    ];
    for form in forms {
        let run = House::new(&[]).fence_with(&["import-tools", "-"], &form);
        assert_eq!((run.code, run.out.as_str()), (0, "fence 1\n\ntool a {}\n"), "{form}");
    }
    for wrong in
        ["{}", "3", r#"{"tools":{}}"#, r#"{"error":{"code":1}}"#, "[", r#"{"tools":[],"tools":[]}"#]
    {
        assert_eq!(House::new(&[]).fence_with(&["import-tools", "-"], wrong).code, 2, "{wrong}");
    }
}

#[test]
fn versions_shells_and_the_manual_are_printed() {
    let house = House::new(&[]);
    let json: serde_json::Value =
        serde_json::from_str(&house.fence(&["version", "--json"]).out).unwrap();
    assert_eq!(json["schema"], 1);
    assert_eq!(json["edition"], 1);
    assert_eq!(json["fence"], env!("CARGO_PKG_VERSION"));
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(house.fence(&["completions", shell]).out.contains("fence"), "{shell}");
    }
    assert!(house.fence(&["man"]).out.contains(".TH"));
    assert!(house.fence(&["man", "check"]).out.contains("deny"));
    assert_eq!(house.fence(&["man", "nothing"]).code, 2);
}

#[test]
fn every_command_here_shows_an_example() {
    let house = House::new(&[]);
    for command in ["init", "check", "fmt", "import-tools", "completions", "man", "version"] {
        let run = house.fence(&[command, "--help"]);
        assert_eq!(run.code, 0, "{command}");
        assert!(run.out.contains("Example"), "{command}");
    }
}

#[test]
fn a_wrong_settings_file_stops_every_command() {
    let house = House::new(&[("p.fence", TIDY), ("fence.toml", "databse = \"x\"\n")]);
    let run = house.fence(&["check", "p.fence"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("did you mean `database`?"), "{}", run.err);
    house.write("other.toml", "");
    assert_eq!(house.fence(&["check", "p.fence", "--config", "other.toml"]).code, 0);
}
