//! What the tests of documentation and examples share: blocks of Markdown, policies from fragments.

#![allow(dead_code, reason = "each test binary uses its own part")]

use fence::engine::CompiledPolicy;
use fence::engine::diagnostic::Severity;
use fence::policies::check_text;
use fence::testing;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Cargo in the repository, without what this test's own cargo says of the package: a build script
/// that looks at it would run afresh, and half of the dependencies be built again.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root());
    for (name, _) in std::env::vars_os() {
        let own = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if own {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// The files of a folder with this ending, sorted.
pub(crate) fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}

/// The file's name without its ending.
pub(crate) fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

/// A fenced block of Markdown.
#[derive(Debug)]
pub(crate) struct Block {
    /// `FILE:LINE` of its first line.
    pub(crate) place: String,
    /// What stands after the back-ticks: the language first.
    pub(crate) tags: Vec<String>,
    /// What it holds.
    pub(crate) text: String,
}

impl Block {
    /// What the language is called.
    pub(crate) fn language(&self) -> &str {
        self.tags.first().map_or("", String::as_str)
    }

    /// Whether it carries this mark.
    pub(crate) fn is(&self, tag: &str) -> bool {
        self.tags.iter().skip(1).any(|found| found == tag)
    }

    /// The diagnostic it must give.
    pub(crate) fn error(&self) -> Option<&str> {
        self.tags.iter().find_map(|tag| tag.strip_prefix("error="))
    }
}

/// The blocks of a Markdown text, or of a module's head comment without its `//!`.
pub(crate) fn blocks(name: &str, text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (line, number) in text.lines().zip(1_u32..) {
        match (line.trim_start().strip_prefix("```"), &mut open) {
            (Some(tags), None) => {
                let tags = tags.split(',').map(|tag| tag.trim().to_owned()).collect();
                let place = format!("{name}:{}", number + 1);
                open = Some(Block { place, tags, text: String::new() });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{name}: a block is not closed");
    blocks
}

/// A fragment made a whole file: with the header it leaves out.
pub(crate) fn completed(text: &str) -> String {
    let begins = |word: &str| text.lines().any(|line| line.trim_start().starts_with(word));
    match (begins("fence 1"), begins("policy ")) {
        (true, _) => text.to_owned(),
        (false, true) => format!("fence 1\n{text}"),
        (false, false) => format!("fence 1\npolicy doc\n{text}"),
    }
}

/// The errors in a policy's text, as `CODE message`.
pub(crate) fn errors(text: &str) -> Vec<String> {
    let checked = check_text("doc.fence", text, &fence::strategies::builtin());
    let errors = checked.diagnostics.iter().filter(|found| found.severity == Severity::Error);
    errors.map(|found| format!("{} {}", found.code, found.message)).collect()
}

/// What goes otherwise than a policy's own tests expect.
pub(crate) fn failures(policy: CompiledPolicy) -> Vec<String> {
    let results = testing::run(policy, "", &fence::service::Services::default()).unwrap();
    assert!(!results.is_empty(), "there are no tests");
    let failed = results.iter().flat_map(|result| {
        result.failures.iter().map(|failure| format!("{}: {}", result.title, failure.problem))
    });
    failed.collect()
}
