//! A server in this process, on a real socket, and a client that sends exactly what it is told.

mod client;

pub(crate) use client::{Answer, Call, connect, raw};

use fence::engine::scalar::Timestamp;
use fence::http::{Loads, Settings, State};
use fence::people::{People, Person};
use fence::store::Store;
use fence::tokens::{Agency, Holder, Role};
use fence::{Gate, SqliteStore};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// What most tests judge by.
pub(crate) const POLICY: &str = r#"fence 1
policy mail
group team = "ann@x.example", "bob@x.example"
group finance = "ann@x.example", "bob@x.example", "cid@x.example"
allow read_*
deny delete_* because "deleting is not for agents"
ask send_* { by team expires 1h edit args.amount shrink offer session, 10 }
ask pay_* { by 2 of finance }
"#;

/// How a server is set up.
pub(crate) struct Setup {
    pub(crate) policy: String,
    pub(crate) settings: Settings,
    pub(crate) store: Option<Arc<dyn Store>>,
    pub(crate) channels: fence::notify::Channels,
    /// Read from these files instead of `policy`.
    pub(crate) files: Vec<PathBuf>,
}

impl Default for Setup {
    fn default() -> Self {
        let listen = "127.0.0.1:0".parse().unwrap();
        let settings = Settings { listen, ..Settings::default() };
        Self {
            policy: POLICY.to_owned(),
            settings,
            store: None,
            channels: Default::default(),
            files: Vec::new(),
        }
    }
}

/// A running server.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) state: State,
    pub(crate) folder: tempfile::TempDir,
    runtime: Option<Runtime>,
    serving: Option<JoinHandle<()>>,
}

pub(crate) fn people() -> People {
    let mut people: Vec<Person> =
        ["ann@x.example", "bob@x.example", "cid@x.example", "mel@x.example"]
            .map(Person::new)
            .into();
    people[0].slack = Some("U0ANN".to_owned());
    people[2].break_glass = true;
    people[3].approver = false;
    People::new(people).unwrap()
}

impl Server {
    pub(crate) fn new() -> Self {
        Self::start(Setup::default())
    }

    pub(crate) fn start(setup: Setup) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = setup.store.unwrap_or_else(|| {
            Arc::new(SqliteStore::open(folder.path().join("fence.db")).unwrap())
        });
        let mut builder = Gate::builder().people(people()).shared_store(store);
        if setup.files.is_empty() {
            builder = builder.policy_text("mail.fence", &setup.policy).unwrap();
        }
        for file in &setup.files {
            builder = builder.policy_file(file).unwrap();
        }
        let gate = builder.build().unwrap();
        let clock = Arc::new(fence::clock::SystemClock);
        let now = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
        let strategies = fence::strategies::builtin();
        let loads = Loads::new(setup.files, strategies, &gate.layers(), now);
        let state = State::new(gate, setup.settings, setup.channels, clock, loads);
        Self::serve(state, folder)
    }

    pub(crate) fn serve(state: State, folder: tempfile::TempDir) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let listen = state.settings.listen;
        let listener = runtime.block_on(tokio::net::TcpListener::bind(listen)).unwrap();
        let address = listener.local_addr().unwrap();
        let serving = runtime.spawn(fence::http::serve(listener, state.clone()));
        Self { address, state, folder, runtime: Some(runtime), serving: Some(serving) }
    }

    /// A token for this agent.
    pub(crate) fn agent(&self, agent: &str) -> String {
        let agency = Agency { agent: agent.to_owned(), ..Agency::default() };
        self.token(&Holder::Agent(agency))
    }

    /// A token for this person.
    pub(crate) fn person(&self, role: Role, person: &str) -> String {
        self.token(&Holder::Person { role, person: Some(person.to_owned()) })
    }

    pub(crate) fn token(&self, holder: &Holder) -> String {
        let made = self.state.tokens.create(&people(), holder, None, None);
        made.unwrap().0.reveal().to_owned()
    }

    /// Asks the server to stop and waits until it has.
    pub(crate) fn stop(&mut self) {
        self.state.stop();
        let (runtime, serving) = (self.runtime.as_ref().unwrap(), self.serving.take().unwrap());
        runtime.block_on(serving).unwrap();
    }

    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.as_ref().unwrap().block_on(future)
    }

    pub(crate) fn get(&self, path: &str) -> Call {
        Call::new(self.address, "GET", path)
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Call {
        Call::new(self.address, "POST", path).json(body)
    }

    pub(crate) fn delete(&self, path: &str) -> Call {
        Call::new(self.address, "DELETE", path)
    }

    /// Every event that was recorded, as `kind body`.
    pub(crate) fn events(&self) -> Vec<String> {
        let events = self.state.gate.store().events().unwrap();
        events.iter().map(|event| format!("{} {}", event.kind, event.body)).collect()
    }

    /// Decides a call that is asked about, and answers the request's id.
    pub(crate) fn ask(&self, agent_token: &str, call: &str) -> String {
        let answer = self.post("/v1/decide", call).token(agent_token).send();
        assert_eq!(answer.status, 200, "{}", answer.body);
        let decision = answer.json();
        assert_eq!(decision["decision"], "ask", "{}", answer.body);
        decision["request"]["id"].as_str().unwrap().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.state.stop();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(std::time::Duration::from_secs(2));
        }
    }
}
