//! Scenario files: policies, calls and the decisions they must get, as text.
//!
//! ```text
//! === a title
//! allow read_*                      the policy; `fence 1` and `policy pN` may be left out
//! +++                               another layer
//! deny *_secret
//! ---
//! read_post => allow by read_*      a tool, or a call as JSON, and its decision
//! at 2026-03-23T10:00:00Z           sets the clock; `wait 5m` moves it
//! 3 x read_post => allow            the same several times
//! +++                               other policies from here on, over the same store and clock
//! deny *
//! ---
//! read_post => deny
//! ```
//!
//! A decision may be cut short: `allow` leaves the rule open; `deny: undeclared` is a piece of the
//! reason; `ask by x; unknown args.n > 5` adds what was unknown. `// ` begins a comment line.

use super::driver::{Driver, at, shown, whole};
use std::fmt::Write as _;

/// One scenario of a file.
pub struct Scenario<'t> {
    pub title: &'t str,
    lines: Vec<&'t str>,
}

/// The scenarios of a file.
pub fn scenarios(text: &str) -> Vec<Scenario<'_>> {
    let mut found: Vec<Scenario<'_>> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("=== "), found.last_mut()) {
            (Some(title), _) => found.push(Scenario { title, lines: Vec::new() }),
            (None, Some(last)) => last.lines.push(line),
            (None, None) => assert!(line.is_empty() || line.starts_with("//"), "{line}"),
        }
    }
    found
}

impl Scenario<'_> {
    /// The policy of a scenario without calls.
    pub fn policy(&self) -> String {
        self.lines.join("\n")
    }

    /// Runs it; what differs is written to `failures`, and the number of decisions is returned.
    pub fn run(&self, failures: &mut String) -> usize {
        let (mut driver, mut policies, mut text) = (None::<Driver>, Vec::new(), String::new());
        let (mut reading, mut made) = (true, 0);
        for line in self.lines.iter().filter(|line| !line.starts_with("//")) {
            match (reading, *line) {
                (true, "+++") => policies.push(whole(&std::mem::take(&mut text), policies.len())),
                (true, "---") => {
                    policies.push(whole(&std::mem::take(&mut text), policies.len()));
                    let policies = std::mem::take(&mut policies);
                    match &mut driver {
                        Some(driver) => driver.reload(&policies),
                        None => driver = Some(Driver::new(&policies)),
                    }
                    reading = false;
                }
                (true, line) => drop(writeln!(text, "{line}")),
                (false, "+++") => reading = true,
                (false, "") => {}
                (false, line) => {
                    let driver = driver.as_ref().unwrap();
                    made += step(driver, line, self.title, failures);
                }
            }
        }
        assert!(!reading && made > 0, "`{}` decides nothing", self.title);
        made
    }
}

fn step(driver: &Driver, line: &str, title: &str, failures: &mut String) -> usize {
    if let Some(time) = line.strip_prefix("at ") {
        driver.clock.set(at(time));
        return 0;
    }
    if let Some(duration) = line.strip_prefix("wait ") {
        let duration = fence::engine::scalar::Duration::parse(duration).unwrap();
        driver.clock.advance(std::time::Duration::from_secs(duration.seconds()));
        return 0;
    }
    let (call, expected) = line.rsplit_once(" => ").unwrap_or_else(|| panic!("`{line}`?"));
    let (times, call) = match call.split_once(" x ") {
        Some((times, call)) if times.bytes().all(|b| b.is_ascii_digit()) => {
            (times.parse().unwrap(), call)
        }
        _ => (1, call),
    };
    let json =
        if call.starts_with('{') { call.to_owned() } else { format!("{{\"tool\":\"{call}\"}}") };
    for _ in 0..times {
        let decision = driver.decide(json.as_bytes());
        let found = shown(&decision);
        let (wanted, unknown) = match expected.split_once("; unknown ") {
            Some((wanted, unknown)) => (wanted, Some(unknown)),
            None => (expected, None),
        };
        let wrong_unknown = unknown.is_some_and(|text| decision.unknown.join(" / ") != text);
        if !fits(&found, wanted) || wrong_unknown {
            let unknown = decision.unknown.join(" / ");
            let _ = writeln!(
                failures,
                "{title}\n  {call}\n  wanted {expected}\n  found  {found}; unknown {unknown}"
            );
        }
    }
    times
}

/// Whether a decision is the wanted one, as far as that says.
fn fits(found: &str, wanted: &str) -> bool {
    match wanted.split_once(": ") {
        Some((effect, reason)) => {
            found.strip_prefix(effect).is_some_and(|rest| rest.contains(reason))
        }
        None => found == wanted || found.split([' ', ':']).next() == Some(wanted),
    }
}
