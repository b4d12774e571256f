//! Strategies in processes of their own: a real one, and every way in which one can fail.

#![expect(clippy::unwrap_used, reason = "tests")]

use fence::engine::strategy::{Parameter, ParameterKind};
use fence::process::{ProcessService, ProcessStrategy};
use fence::service::Service as _;
use fence::{Effect, Gate, ToolCall};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Long enough for a child to start on a busy machine.
const PATIENT: Duration = Duration::from_secs(30);

/// A Python program that has `ask(question)` for each line and `say(id, outcome)`.
fn python(body: &str) -> ProcessService {
    let program = format!(
        "import json, os, sys, time\n\
         def say(id, outcome):\n print(json.dumps({{'id': id, 'outcome': outcome}}), flush=True)\n\
         for line in sys.stdin:\n q = json.loads(line); id = q['id']; n = q.get('n')\n {body}\n"
    );
    ProcessService::new(vec!["python3".to_owned(), "-c".to_owned(), program], ".")
}

fn ask(service: &ProcessService, n: u32, deadline: Duration) -> Option<String> {
    service.ask(&format!("{{\"n\":{n}}}"), deadline)
}

fn outcome(answer: Option<String>) -> Option<String> {
    let json: serde_json::Value = serde_json::from_str(&answer?).unwrap();
    Some(json["outcome"].as_str().unwrap().to_owned())
}

fn decide(call: &ToolCall) -> (Effect, Option<String>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/strategies");
    let parameters = vec![
        Parameter::required("amount", ParameterKind::Field, "What is paid."),
        Parameter::required("below", ParameterKind::Number, "What holds."),
    ];
    let command = vec!["python3".to_owned(), "risk.py".to_owned()];
    let gate = Gate::builder()
        .strategy(ProcessStrategy::new("risk", "risk", parameters, PATIENT))
        .service("risk", Arc::new(ProcessService::new(command, folder)))
        .policy_text(
            "p.fence",
            "fence 1 policy p ask payment_* as payments { auto via risk(amount: args.amount, below: 50) }",
        )
        .unwrap()
        .build()
        .unwrap();
    let decision = gate.decide_blocking(call).unwrap();
    (decision.decision, decision.auto.clone())
}

#[test]
fn the_example_releases_and_holds() {
    let pay = |iban: &str, amount: u32| {
        ToolCall::new("payment_send").arg("iban", iban).arg("amount", amount)
    };
    let known = "DE02120300000000202051";
    let (effect, auto) = decide(&pay(known, 49));
    assert_eq!(effect, Effect::Allow);
    assert_eq!(auto.as_deref(), Some("via risk(amount: args.amount, below: 50)"));
    assert_eq!(decide(&pay(known, 50)).0, Effect::Ask);
    assert_eq!(decide(&pay("XX00", 1)).0, Effect::Ask);
    assert_eq!(decide(&ToolCall::new("payment_send").arg("iban", known)).0, Effect::Ask);
}

#[test]
fn one_child_answers_many_questions() {
    let service = python("say(id, str(os.getpid()))");
    let first = outcome(ask(&service, 1, PATIENT));
    assert!(first.is_some());
    assert_eq!(outcome(ask(&service, 2, PATIENT)), first);
}

#[test]
fn answers_in_any_order_reach_who_asked() {
    let service = Arc::new(python(
        "held = globals().setdefault('held', []); held.append((id, n))\n \
         if len(held) == 4:\n  [say(i, str(m)) for i, m in reversed(held)]; held.clear()",
    ));
    let askers: Vec<_> = (0..4)
        .map(|n| {
            let service = Arc::clone(&service);
            std::thread::spawn(move || (n, outcome(ask(&service, n, PATIENT))))
        })
        .collect();
    for asker in askers {
        let (n, answer) = asker.join().unwrap();
        assert_eq!(answer, Some(n.to_string()));
    }
}

#[test]
fn a_hanging_child_is_given_up_in_time_and_replaced() {
    let service = python("say(id, 'release') if n != 13 else time.sleep(600)");
    assert_eq!(outcome(ask(&service, 1, PATIENT)).as_deref(), Some("release"));
    let begun = Instant::now();
    assert_eq!(ask(&service, 13, Duration::from_millis(100)), None);
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(outcome(ask(&service, 2, PATIENT)).as_deref(), Some("release"));
}

#[test]
fn a_late_answer_is_never_taken_for_another_question() {
    // While it starts, the child is not replaced: its first answer comes after its asker left.
    let service = python("time.sleep(0.5 if n == 1 else 0); say(id, str(n))");
    assert_eq!(ask(&service, 1, Duration::from_millis(1)), None);
    assert_eq!(outcome(ask(&service, 2, PATIENT)).as_deref(), Some("2"));
}

#[test]
fn a_crashing_child_gives_no_answer_and_is_replaced() {
    let service = python("say(id, 'release') if n != 13 else os._exit(3)");
    let begun = Instant::now();
    assert_eq!(ask(&service, 13, PATIENT), None);
    assert!(begun.elapsed() < PATIENT);
    assert_eq!(outcome(ask(&service, 1, PATIENT)).as_deref(), Some("release"));
}

#[test]
fn garbage_is_no_answer() {
    let bodies = [
        "print('hello', flush=True)",
        "print('{\"outcome\":\"release\"}', flush=True)",
        "print('{\"id\":\"' + str(id) + '\",\"outcome\":\"release\"}', flush=True)",
        "sys.stdout.buffer.write(b'\\xff\\n'); sys.stdout.flush()",
        "print('x' * 100000, flush=True)",
        "print('{\"id\":' + str(id) + ',\"id\":' + str(id) + ',\"outcome\":\"release\"}', flush=True)",
    ];
    for body in bodies {
        let begun = Instant::now();
        assert_eq!(ask(&python(body), 1, PATIENT), None, "{body}");
        assert!(begun.elapsed() < PATIENT, "{body}");
    }
}

#[test]
fn a_program_that_is_not_there_gives_no_answer() {
    let service = ProcessService::new(vec!["./no-such-program".to_owned()], ".");
    assert_eq!(ask(&service, 1, PATIENT), None);
    assert_eq!(ask(&ProcessService::new(Vec::new(), "."), 1, PATIENT), None);
}

#[test]
fn secrets_of_the_environment_stay_behind() {
    let service = python("say(id, ' '.join(sorted(os.environ)))");
    let seen = outcome(ask(&service, 1, PATIENT)).unwrap();
    assert!(seen.contains("PATH"), "{seen}");
    assert!(!seen.contains("CARGO"), "{seen}");
}
