//! The documentation, executed: policies check, tests pass, JSON is JSON, commands answer as shown.
//!
//! Blocks of Rust are compiled and run as doctests; see the `documentation` module of the library.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod docs_support;

use docs_support::{Block, blocks, completed, errors, failures, files, root};
use fence::engine::diagnostic::Code;
use fence::policies::{check_text, compile};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Every page.
fn pages() -> Vec<PathBuf> {
    let mut pages = files("docs", "md");
    pages.extend(["README.md", "grammar/README.md"].map(|page| root().join(page)));
    pages
}

/// Every block of every page.
fn documentation() -> Vec<Block> {
    let page = |path: &PathBuf| {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        blocks(&name, &std::fs::read_to_string(path).unwrap())
    };
    pages().iter().flat_map(page).collect()
}

fn of_language(language: &str) -> Vec<Block> {
    documentation().into_iter().filter(|block| block.language() == language).collect()
}

#[test]
fn every_policy_shown_is_one_or_fails_as_it_says() {
    let mut wrong = Vec::new();
    for block in of_language("fence") {
        let found = errors(&completed(&block.text));
        let as_shown = match block.error() {
            Some(code) => found.len() == 1 && found[0].starts_with(code),
            None => found.is_empty(),
        };
        if !as_shown {
            wrong.push(format!("{} ({:?}): {found:?}", block.place, block.tags));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_test_shown_passes() {
    let mut wrong = Vec::new();
    for block in of_language("fence").iter().filter(|block| block.is("test")) {
        let text = completed(&block.text);
        let checked = check_text("doc.fence", &text, &fence::strategies::builtin());
        let Ok(policy) = compile("doc.fence", checked) else {
            panic!("{}: {:?}", block.place, errors(&text));
        };
        wrong.extend(failures(policy).iter().map(|failure| format!("{}: {failure}", block.place)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_json_shown_is_json() {
    for block in of_language("json") {
        let parsed = fence::engine::json::Json::parse(block.text.as_bytes());
        assert!(parsed.is_ok(), "{}: {:?}", block.place, parsed.err());
    }
}

#[test]
fn the_reference_lists_every_diagnostic() {
    let reference = std::fs::read_to_string(root().join("grammar/README.md")).unwrap();
    let missing: Vec<String> = Code::TABLE
        .iter()
        .filter(|(code, title)| {
            let line = reference.lines().find(|line| line.starts_with(&format!("| {code} |")));
            !line.is_some_and(|line| line.contains(title))
        })
        .map(|(code, title)| format!("| {code} | {title} |"))
        .collect();
    assert!(missing.is_empty(), "missing or changed:\n{}", missing.join("\n"));
}

#[test]
fn the_reference_lists_every_keyword_and_function() {
    let reference = std::fs::read_to_string(root().join("grammar/README.md")).unwrap();
    let words: String = reference.lines().filter(|line| line.starts_with("| ")).collect();
    for word in fence::engine::syntax::KEYWORDS {
        let listed =
            [format!("`{word} "), format!(" {word} "), format!(" {word}`"), format!("`{word}`")];
        assert!(listed.iter().any(|form| words.contains(form.as_str())), "{word} is not listed");
    }
    for (function, _) in fence::engine::condition::Function::TABLE {
        assert!(words.contains(&format!("`{function}(")), "{function} is not listed");
    }
}

#[test]
fn every_link_leads_somewhere() {
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap();
            let there = file.is_empty()
                || file.starts_with("https://")
                || page.parent().unwrap().join(file).exists();
            assert!(there, "{}: {target}", page.display());
        }
    }
}

/// `$ fence …` is run in a copy of the examples, beside the blocks marked `file=NAME`; `…` in what
/// is shown stands for anything, `r_0198…` in a command for the newest request, and the account
/// `ana` of the settings is the one that runs the tests.
#[test]
fn every_command_shown_answers_as_shown() {
    let folder = tempfile::tempdir().unwrap();
    copy(&root().join("examples"), &folder.path().join("examples"));
    for block in documentation() {
        if let Some(file) = block.tags.iter().find_map(|tag| tag.strip_prefix("file=")) {
            let text = block.text.replace("\"ana\" ", &format!("\"{}\" ", account()));
            std::fs::write(folder.path().join(file), text).unwrap();
        }
        if block.language() != "console" {
            continue;
        }
        for (command, shown) in commands(&block.text) {
            // Other commands (`cargo xtask test`, `git clone`) are for the reader alone.
            let Some(script) = script(&command) else { continue };
            let script = match script.contains(NEWEST) {
                true => script.replace(NEWEST, &newest(folder.path())),
                false => script,
            };
            let output = shell(folder.path(), &script);
            let found = String::from_utf8_lossy(&output.stdout);
            assert!(
                resembles(&found, &shown),
                "{}: `{command}` was shown to answer\n{shown}\nand answers\n{found}",
                block.place
            );
        }
    }
}

/// What stands for the newest request in a command.
const NEWEST: &str = "r_0198…";

/// The command for a shell, with variables set before it; nothing where it is not ours.
fn script(command: &str) -> Option<String> {
    let assigned = |word: &&str| word.starts_with("FENCE_") && word.contains('=');
    let variables: String =
        command.split(' ').take_while(assigned).map(|word| format!("{word} ")).collect();
    let ours = ["cargo run -q -- ", "fence "];
    let line = ours.iter().find_map(|ours| command[variables.len()..].strip_prefix(ours))?;
    Some(format!("{{ {variables}\"$FENCE\" {line}; }} 2>&1"))
}

fn shell(folder: &Path, script: &str) -> Output {
    Command::new("sh")
        .args(["-c", script])
        .env("FENCE", env!("CARGO_BIN_EXE_fence"))
        .env("FENCE_DATABASE", folder.join("fence.db"))
        .env("NO_COLOR", "1")
        .env_remove("FENCE_AGENT")
        .env_remove("FENCE_CONFIG")
        .env_remove("FENCE_TOKEN")
        .env_remove("FENCE_TOKEN_FILE")
        .current_dir(folder)
        .output()
        .unwrap()
}

fn newest(folder: &Path) -> String {
    let output = shell(folder, "\"$FENCE\" pending --all --limit 1 --json");
    let newest: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    newest["id"].as_str().unwrap().to_owned()
}

/// The name of the account that runs the tests.
fn account() -> String {
    let id = nix::unistd::getuid();
    nix::unistd::User::from_uid(id).unwrap().unwrap().name
}

/// Each command with what is shown after it.
fn commands(text: &str) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command.to_owned(), String::new())),
            // A command that ends in `\` or `|` goes on.
            (None, Some((command, shown)))
                if shown.is_empty() && command.ends_with(['\\', '|']) =>
            {
                let end = command.trim_end_matches('\\').len();
                command.truncate(end);
                command.push_str(line.trim_start());
            }
            (None, Some((_, shown))) => {
                shown.push_str(line);
                shown.push('\n');
            }
            (None, None) => {}
        }
    }
    commands
}

/// Whether the pieces between `…` occur in this order; the ends must meet the ends.
fn resembles(found: &str, shown: &str) -> bool {
    let (found, shown) = (squeezed(found), squeezed(shown));
    let pieces: Vec<&str> = shown.split('…').map(str::trim).collect();
    let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else { return true };
    let mut rest = found.as_str();
    for piece in &pieces {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    found.starts_with(first) && found.ends_with(last)
}

/// One blank for any run of them.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (from, to) = {
            let entry = entry.unwrap();
            (entry.path(), to.join(entry.file_name()))
        };
        match from.is_dir() {
            true => copy(&from, &to),
            false => drop(std::fs::copy(&from, &to).unwrap()),
        }
    }
}

#[test]
fn shown_output_is_compared_loosely_but_not_blindly() {
    assert!(resembles("a 1\nb 2\n", "a … \nb 2\n"));
    assert!(resembles("anything", "…"));
    assert!(!resembles("a 1\nb 3\n", "a … \nb 2\n"));
    assert!(!resembles("x a", "a…"));
    assert_eq!(commands("$ fence a |\n  b\nshown\n").len(), 1);
}
