//! Running the real binary in a folder of its own.

#![expect(clippy::unwrap_used, reason = "a test's helpers")]
#![allow(dead_code, reason = "not every test file uses everything")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A folder with files in which `fence` is run.
pub(crate) struct House(tempfile::TempDir);

/// What a run left behind.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl House {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let house = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            house.write(name, text);
        }
        house
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let file = self.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }

    pub(crate) fn fence(&self, arguments: &[&str]) -> Run {
        self.fence_with(arguments, "")
    }

    pub(crate) fn fence_with(&self, arguments: &[&str], input: &str) -> Run {
        let mut child = Command::new(env!("CARGO_BIN_EXE_fence"))
            .args(arguments)
            .current_dir(self.path())
            .env_remove("FENCE_CONFIG")
            .env_remove("FENCE_DATABASE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that does not read its input may be gone already.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Run::of(child.wait_with_output().unwrap())
    }
}

impl Run {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let code = output.status.code().unwrap();
        Self { code, out: text(output.stdout), err: text(output.stderr) }
    }

    /// Exit code and both streams: what a user sees.
    pub(crate) fn whole(&self) -> String {
        format!("exit {}\n--- out\n{}--- err\n{}", self.code, self.out, self.err)
    }
}
