//! What the command line's tests share: the real program, and a folder of its own for each test.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

pub const EXAMPLE: &str = include_str!("../../examples/policies/content_manager.fence");

/// A folder with a policy `p.fence`.
pub struct Place {
    pub folder: tempfile::TempDir,
}

impl Place {
    pub fn new(policy: &str) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        place.write("p.fence", policy);
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fence"));
        command.args(arguments).current_dir(self.folder.path());
        command.env_clear().env("HOME", self.folder.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    pub fn run(&self, arguments: &[&str], input: &[u8]) -> Ran {
        self.run_as(arguments, input, &[])
    }

    /// As [`Place::run`], with these variables set.
    pub fn run_as(&self, arguments: &[&str], input: &[u8], variables: &[(&str, &str)]) -> Ran {
        let mut child = self.command(arguments).envs(variables.iter().copied()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        // The program may end without reading it all.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Ran::of(&output)
    }

    /// Decides these lines into `fence.db` and expects exit code 0.
    pub fn decide(&self, more: &[&str], input: &str) -> Vec<Value> {
        let arguments = [&["decide", "p.fence", "--db", "fence.db"], more].concat();
        let ran = self.run(&arguments, input.as_bytes());
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.json()
    }
}

/// What a program said.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout.clone()).unwrap(),
            err: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    pub fn json(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

pub fn texts(values: &[Value], key: &str) -> Vec<String> {
    values.iter().map(|value| value[key].as_str().unwrap_or("-").to_owned()).collect()
}
