//! A corpus of attacks, each line under its id: as a call, a scenario, a wrong policy or a function.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

#[path = "attacks/generated.rs"]
mod generated;

use fence::engine::json::{Json, Value};
use std::collections::BTreeMap;
use support::driver::{Driver, at, error_codes, shown, whole};
use support::fixture::scenarios;

/// Areas whose calls are judged here as they stand.
const JUDGED: [&str; 5] = ["glob", "args", "condition", "counter", "policy-file"];
/// Areas of which every line is run somewhere, or listed with its reason.
const AREAS: [&str; 9] =
    ["glob", "args", "condition", "counter", "policy-file", "approval", "server", "hook", "mcp"];

fn root(name: &str) -> String {
    format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn file(name: &str) -> String {
    std::fs::read_to_string(root(&format!("tests/attacks/{name}"))).unwrap()
}

/// The lines that other tests run, each with the file whose test names it.
fn elsewhere() -> Vec<(String, String)> {
    let rows = file("elsewhere.md");
    let rows = rows.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let pairs = rows.filter_map(|row| row.split_once(" | ")).filter(|(id, _)| *id != "id");
    pairs.map(|(id, place)| (id.to_owned(), place.to_owned())).collect()
}

/// One line of the corpus.
struct Line {
    json: Json,
}

impl Line {
    fn text(&self, path: &[&str]) -> Option<String> {
        Some(self.value(path)?.as_text()?.to_owned())
    }

    fn value(&self, path: &[&str]) -> Option<Value<'_>> {
        path.iter().try_fold(self.json.root(), |value, key| value.as_object()?.get(key))
    }

    fn id(&self) -> String {
        self.text(&["id"]).unwrap()
    }

    /// Its policy, where it names a file and the rest of it is a call as it stands.
    fn as_call(&self) -> Option<(String, String)> {
        let policy = self.text(&["input", "policy"])?.to_lowercase();
        let whole = policy.len() <= 3 && policy.starts_with('p') && policy != "p7";
        let own = ["GLB-022", "CND-012", "CND-018", "ARG-046"].contains(&&*self.id());
        if !whole || own {
            return None;
        }
        let tool = self.value(&["input", "tool"])?.to_string();
        let args = match self.text(&["input", "kind"])?.as_str() {
            "call" => self.value(&["input", "args"])?.to_string(),
            "raw-args" => self.text(&["input", "body"])?,
            _ => return None,
        };
        let context = self.value(&["input", "context"]);
        let context = context.map(|context| format!(",\"context\":{context}")).unwrap_or_default();
        Some((policy, format!("{{\"tool\":{tool},\"args\":{}{context}}}", listed(&args))))
    }
}

/// `"LIST of 1000"` as a thousand addresses.
fn listed(args: &str) -> String {
    let Some((before, rest)) = args.split_once("\"LIST of ") else { return args.to_owned() };
    let (count, after) = rest.split_once('"').unwrap();
    let count: usize = count.parse().unwrap();
    let addresses: Vec<String> = (0..count).map(|n| format!("\"a{n}@x.example\"")).collect();
    format!("{before}{}{after}", addresses.join(","))
}

fn corpus() -> Vec<Line> {
    let text = file("corpus.jsonl");
    text.lines().map(|line| Line { json: Json::parse(line.as_bytes()).unwrap() }).collect()
}

/// Whether a decision is what a line expects.
fn expected(expect: &str, decision: &fence::Decision) -> bool {
    let verb = expect.split(':').next().unwrap_or_default();
    let effect = decision.decision.as_str();
    match verb {
        "ok" => effect == "allow",
        "deny" | "ask" => effect == verb,
        "not-allow" => effect != "allow",
        "refuse" => effect == "deny" && decision.policy.is_none() && decision.matched.is_empty(),
        _ => false,
    }
}

#[test]
fn calls_get_what_their_line_expects() {
    let (mut run, mut failures) = (0, Vec::new());
    for line in corpus() {
        let area = line.text(&["area"]).unwrap();
        let Some((policy, call)) = line.as_call().filter(|_| JUDGED.contains(&&*area)) else {
            continue;
        };
        let driver = Driver::of(&file(&format!("policies/{policy}.fence")));
        if let Some(now) = line.text(&["input", "now"]) {
            driver.clock.set(at(&now));
        }
        let decision = driver.decide(call.as_bytes());
        let expect = line.text(&["expect"]).unwrap();
        if !expected(&expect, &decision) {
            failures.push(format!("{} wants {expect}, gets {}", line.id(), shown(&decision)));
        }
        run += 1;
    }
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(run >= 50, "only {run} calls were made");
}

#[test]
fn scenarios_end_as_they_must() {
    let mut failures = String::new();
    let text = file("cases.fence");
    let made: usize = scenarios(&text).iter().map(|scenario| scenario.run(&mut failures)).sum();
    assert!(failures.is_empty(), "\n{failures}");
    assert!(made >= 100, "only {made} calls were made");
}

#[test]
fn wrong_policies_are_refused_for_the_attacked_thing_alone() {
    for scenario in scenarios(&file("refused.fence")) {
        let code = scenario.title.split(' ').nth(1).unwrap();
        let found = error_codes(&whole(&scenario.policy(), 0));
        let alone = !found.is_empty() && found.iter().all(|one| *one == code);
        assert!(alone, "{}: {found:?}", scenario.title);
    }
}

#[test]
fn every_line_is_run_or_listed_with_its_reason() {
    let (cases, refused, listed) = (file("cases.fence"), file("refused.fence"), file("not_run.md"));
    let titles = [cases.as_str(), refused.as_str()].into_iter().flat_map(scenarios);
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for scenario in titles.filter(|scenario| scenario.title.as_bytes().get(7) == Some(&b' ')) {
        *places.entry(scenario.title[..7].to_owned()).or_default() += 1;
    }
    for (id, _) in generated::ALL {
        *places.entry((*id).to_owned()).or_default() += 1;
    }
    for (id, place) in elsewhere() {
        let text = std::fs::read_to_string(root(&place)).unwrap_or_default().to_uppercase();
        let named = text.contains(&id) || text.contains(&id.replace('-', "_"));
        assert!(named, "{place} does not name {id}");
        *places.entry(id).or_default() += 1;
    }
    for row in listed.lines().filter_map(|line| line.strip_prefix("| ")) {
        let (id, why) = row.split_once(" | ").unwrap();
        if id != "id" {
            assert!(why.len() > 10, "{id} has no reason");
            *places.entry(id.to_owned()).or_default() += 1;
        }
    }
    for line in corpus() {
        let (id, area) = (line.id(), line.text(&["area"]).unwrap());
        if AREAS.contains(&&*area) {
            let here = JUDGED.contains(&&*area) && line.as_call().is_some();
            let found = places.remove(&id).unwrap_or(0) + usize::from(here);
            assert_eq!(found, 1, "{id} stands in {found} places");
        } else {
            let row = listed.lines().find(|line| line.starts_with(&format!("- {area}: ")));
            assert!(row.is_some_and(|row| row.contains(&id)), "{id} is not listed under {area}");
        }
    }
    assert!(places.is_empty(), "not in the corpus: {places:?}");
}

#[test]
fn generated_attacks_end_within_their_limits() {
    for (id, run) in generated::ALL {
        let started = std::time::Instant::now();
        run();
        assert!(started.elapsed().as_secs() < 20, "{id} took {:?}", started.elapsed());
    }
}
