//! `fence decide`: calls from standard input, one recorded decision a line.

use super::lines::{Line, Lines, next_line};
use super::moment::DecisionTime;
use super::{Context, Exit, Failure, load, paint};
use crate::gate::Pending;
use crate::store::{MemoryStore, Store};
use crate::wire::Request;
use crate::{Decision, Gate, GateError, Trust};
use clap::Args;
use fence_engine::json::Limits;
use std::io::BufReader;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

/// Calls under way at once: as many share a commit.
const IN_FLIGHT: usize = 256;
/// A call has at most 1 MiB; the blanks around it come on top.
const BLANKS: usize = 4 << 10;
/// So long an answer waits for the next one's, where a next call was read already.
const PATIENCE: Duration = Duration::from_millis(1);
/// How much is read at once.
const INPUT: usize = 64 << 10;

const EXAMPLE: &str = r#"Example:
  echo '{"tool":"email_send","args":{"to":["x@list.test"]},"agent":"content-1"}' |
    fence decide content.fence --db fence.db

Each line is one call as JSON, each answer one decision as JSON, in the same order. A line that is
no call is denied with its reason. The exit code is 0 however the decisions turn out."#;

/// Decide calls from standard input and record them
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Decide {
    /// The policies, judging together
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The database to record in
    #[arg(long, value_name = "FILE", conflicts_with = "no_record")]
    db: Option<PathBuf>,
    /// Decide as if it were this time; without an offset, on the first policy's wall clock
    #[arg(long, value_name = "TIME", value_parser = DecisionTime::parse)]
    at: Option<DecisionTime>,
    /// Record nothing; counters start at zero
    #[arg(long)]
    no_record: bool,
    /// Believe the time that a call gives itself in `at`
    #[arg(long)]
    trust_times: bool,
    /// JSON on a terminal too
    #[arg(long)]
    json: bool,
}

impl Decide {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let loaded = load::load(context, &self.files)?;
        let store: Arc<dyn Store> = match self.no_record {
            true => Arc::new(MemoryStore::new()),
            false => load::recording(context, &self.files, self.db.as_deref())?,
        };
        let gate = load::telling(loaded.gate(), &context.settings(&self.files)?);
        let gate = gate.shared_store(store).build().map_err(Failure::usage)?;
        let at = self.at.and_then(|at| at.within(&loaded.layers));
        let trust = Trust { at, times: self.trust_times };
        let for_people = context.output.is_terminal() && !self.json;
        let (sender, calls) = sync_channel(IN_FLIGHT);
        let reader = Reader { gate: gate.clone(), trust, for_people, calls: sender };
        let reading = std::thread::Builder::new()
            .name("fence-stdin".to_owned())
            .spawn(move || reader.run())
            .map_err(Failure::usage)?;
        let answers = Answers { gate, for_people, unqueued: self.no_record };
        answers.write(context, &calls);
        match reading.join() {
            Ok(outcome) => outcome.map(|()| Exit::Positive),
            Err(_) => Err(Failure::usage("the reading of the calls ended by a fault")),
        }
    }
}

/// A call under way, and what people call it.
struct Underway {
    tool: Option<String>,
    pending: Pending,
    /// Whether the next call was read already: its answer can leave with this one.
    more: bool,
}

/// Reads calls and submits them, on a thread of its own: an answer never waits for more input.
struct Reader {
    gate: Gate,
    trust: Trust,
    for_people: bool,
    calls: SyncSender<Underway>,
}

impl Reader {
    fn run(self) -> Result<(), Failure> {
        let mut input = BufReader::with_capacity(INPUT, std::io::stdin().lock());
        let limit = Limits::default().bytes + BLANKS;
        while let Some(line) = next_line(&mut input, limit).map_err(unreadable)? {
            // The writer of answers ends only when this thread does.
            let more = input.buffer().contains(&b'\n');
            if self.submit(line, more).is_some_and(|call| self.calls.send(call).is_err()) {
                break;
            }
        }
        Ok(())
    }

    /// Nothing for a blank line.
    fn submit(&self, line: Line, more: bool) -> Option<Underway> {
        match line {
            Line::TooLong(bytes, digest) => {
                let pending = self.gate.submit_too_long(bytes, digest, self.trust);
                Some(Underway { tool: None, pending, more })
            }
            Line::Text(text) => {
                let text = text.trim_ascii();
                let tool = || Request::parse(text).ok().map(|request| request.call.tool);
                (!text.is_empty()).then(|| Underway {
                    tool: self.for_people.then(tool).flatten(),
                    pending: self.gate.submit_json(text, self.trust),
                    more,
                })
            }
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the signature of `map_err`")]
fn unreadable(error: std::io::Error) -> Failure {
    Failure::usage(format!("standard input cannot be read: {error}"))
}

/// Writes the answers in the order of the calls.
struct Answers {
    gate: Gate,
    for_people: bool,
    unqueued: bool,
}

impl Answers {
    fn write(&self, context: &Context, calls: &Receiver<Underway>) {
        let mut lines = if self.for_people { Lines::new(context) } else { Lines::plain() };
        let mut followed = false;
        while let Some(Underway { tool, pending, more }) = next(calls, &mut lines, followed) {
            followed = more;
            // Whoever waits for an answer gets it before this one waits for anything.
            let outcome = pending.ready().unwrap_or_else(|pending| {
                lines.flush();
                pending.wait()
            });
            lines.line(&self.line(outcome, tool.as_deref()));
        }
        lines.flush();
    }

    fn line(&self, outcome: Result<Decision, GateError>, tool: Option<&str>) -> String {
        let refuse = |error: GateError| Decision::unrecorded(&error, &self.gate.layers());
        let mut decision = outcome.unwrap_or_else(refuse);
        if self.unqueued {
            decision.request = None;
        }
        match self.for_people {
            true => readable(&decision, tool),
            false => json(&decision),
        }
    }
}

/// The next call under way; what was answered leaves before anybody waits for input.
fn next(calls: &Receiver<Underway>, lines: &mut Lines, followed: bool) -> Option<Underway> {
    let patience = if followed { PATIENCE } else { Duration::ZERO };
    match calls.recv_timeout(patience) {
        Ok(underway) => Some(underway),
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => {
            lines.flush();
            calls.recv().ok()
        }
    }
}

fn json(decision: &Decision) -> String {
    serde_json::to_string(decision)
        .unwrap_or_else(|_| r#"{"decision":"deny","because":"no answer could be written"}"#.into())
}

/// Aligned for reading: the decision, the tool, the rule, why.
fn readable(decision: &Decision, tool: Option<&str>) -> String {
    let tool = paint::inline(tool.unwrap_or("?"), 80);
    let rule = paint::inline(decision.rule.as_deref().unwrap_or("default"), 80);
    let why = match (&decision.auto, &decision.because, &decision.nearest) {
        (Some(auto), ..) => auto.clone(),
        (_, Some(because), _) => because.clone(),
        (.., Some(nearest)) => nearest.clone(),
        _ => String::new(),
    };
    let effect = paint::effect(decision.decision, 5);
    let line = format!("{effect}  {tool:<28}  {rule:<18}  {}", paint::inline(&why, 200));
    line.trim_end().to_owned()
}
