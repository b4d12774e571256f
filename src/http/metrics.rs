//! What is counted, for Prometheus. Labels are names from policies and our own words, never what
//! a caller sends.

use crate::wire::Decision;
use prometheus_client::encoding::{EncodeLabelSet, text::encode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::time::Duration;

/// The media type of what is exposed.
pub(super) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DecisionLabels {
    decision: String,
    policy: String,
    rule: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AnswerLabels {
    method: String,
    route: String,
    status: u16,
}

/// One label.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeliveryLabels {
    channel: String,
    outcome: String,
}

/// The counters of one server.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    decisions: Family<DecisionLabels, Counter>,
    decision_seconds: Histogram,
    changes: Family<Kind, Counter>,
    open: Gauge,
    to_decision: Family<Outcome, Histogram, fn() -> Histogram>,
    deliveries: Family<DeliveryLabels, Counter>,
    store_errors: Counter,
    reloads: Family<Outcome, Counter>,
    load_failing: Gauge,
    answers: Family<AnswerLabels, Counter>,
    panics: Counter,
    connections: Gauge,
}

/// 0.1 ms to 3.3 s.
fn latency() -> Histogram {
    Histogram::new(exponential_buckets(0.0001, 2.0, 16))
}

/// 1 s to 18 h.
fn people_time() -> Histogram {
    Histogram::new(exponential_buckets(1.0, 2.0, 17))
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("fence"),
            decisions: Family::default(),
            decision_seconds: latency(),
            changes: Family::default(),
            open: Gauge::default(),
            to_decision: Family::new_with_constructor(people_time),
            deliveries: Family::default(),
            store_errors: Counter::default(),
            reloads: Family::default(),
            load_failing: Gauge::default(),
            answers: Family::default(),
            panics: Counter::default(),
            connections: Gauge::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let into = &mut self.registry;
        into.register("decisions", "Decisions by effect, policy and rule", self.decisions.clone());
        let help = "From a call's arrival to its recorded decision, in seconds";
        into.register("decision_seconds", help, self.decision_seconds.clone());
        let help =
            "Steps of approval requests by kind: opened, voted, approved, denied, expired, …";
        into.register("request_changes", help, self.changes.clone());
        into.register("requests_open", "Approval requests that wait for people", self.open.clone());
        let help = "From a request's opening to its outcome, in seconds";
        into.register("time_to_decision_seconds", help, self.to_decision.clone());
        let help = "Notifications by channel and outcome";
        into.register("deliveries", help, self.deliveries.clone());
        into.register("store_errors", "Faults of the store", self.store_errors.clone());
        into.register("policy_reloads", "Reloads of the policies", self.reloads.clone());
        let help = "1 while the policies on disk cannot be loaded and older ones stay in force";
        into.register("policy_load_failing", help, self.load_failing.clone());
        let help = "HTTP answers by route and status";
        into.register("http_answers", help, self.answers.clone());
        into.register("http_faults", "Handlers that failed", self.panics.clone());
        into.register("http_connections", "Connections open now", self.connections.clone());
    }

    /// A decision was answered.
    pub fn decided(&self, decision: &Decision, took: Duration) {
        let name = |name: &Option<String>| name.clone().unwrap_or_default();
        let labels = DecisionLabels {
            decision: decision.decision.as_str().to_owned(),
            policy: name(&decision.policy),
            rule: name(&decision.rule),
        };
        self.decisions.get_or_create(&labels).inc();
        self.decision_seconds.observe(took.as_secs_f64());
    }

    /// An approval request took a step of this kind.
    pub fn changed(&self, kind: &str) {
        self.changes.get_or_create(&Kind { kind: kind.to_owned() }).inc();
    }

    /// An approval request ended after this time.
    pub fn settled(&self, outcome: &str, after: Duration) {
        let labels = Outcome { outcome: outcome.to_owned() };
        self.to_decision.get_or_create(&labels).observe(after.as_secs_f64());
    }

    /// So many requests wait for people.
    pub fn open_requests(&self, count: u64) {
        self.open.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// A notification reached its channel, or did not.
    pub fn delivered(&self, channel: &str, outcome: &str) {
        let labels = DeliveryLabels { channel: channel.to_owned(), outcome: outcome.to_owned() };
        self.deliveries.get_or_create(&labels).inc();
    }

    /// The store failed.
    pub fn store_failed(&self) {
        self.store_errors.inc();
    }

    /// The policies were read again.
    pub fn reloaded(&self, outcome: Reload) {
        let name = match outcome {
            Reload::Loaded => "loaded",
            Reload::Unchanged => "unchanged",
            Reload::Failed => "failed",
        };
        self.reloads.get_or_create(&Outcome { outcome: name.to_owned() }).inc();
        self.load_failing.set((outcome == Reload::Failed).into());
    }

    pub(super) fn answered(&self, method: &str, route: &str, status: u16) {
        let (method, route) = (known_method(method).to_owned(), route.to_owned());
        self.answers.get_or_create(&AnswerLabels { method, route, status }).inc();
    }

    pub(super) fn panicked(&self) {
        self.panics.inc();
    }

    pub(super) fn connections(&self, count: usize) {
        self.connections.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// All of it in the OpenMetrics text format.
    pub(super) fn expose(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// How a reload went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reload {
    /// New policies are in force.
    Loaded,
    /// They are the ones in force already.
    Unchanged,
    /// They cannot be loaded; the last good ones stay.
    Failed,
}

/// A method of ours; a caller's own inventions share one label.
fn known_method(method: &str) -> &str {
    match method {
        "GET" | "HEAD" | "POST" | "DELETE" | "PUT" | "PATCH" | "OPTIONS" => method,
        _ => "other",
    }
}
