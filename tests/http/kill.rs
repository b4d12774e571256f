//! The server killed under load: nothing acknowledged is lost, no call is released twice, and who
//! waited gets the answer after the restart.
//!
//! `FENCE_KILLS` sets how often; the assurance run kills it a hundred times.

use crate::serve::{Served, house, token};
use crate::support::Call;
use fence::store::{SqliteStore, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, RwLock};
use std::time::{Duration, Instant};

const RULES: &str =
    "fence 1\npolicy mail\ngroup team = \"ann@x.example\"\nask send_* { by team }\n";
const AGENTS: usize = 4;

/// What the world outside the server was told.
#[derive(Default)]
struct Told {
    asked: BTreeSet<String>,
    approved: BTreeSet<String>,
    released: BTreeMap<String, u32>,
}

struct Load {
    address: RwLock<SocketAddr>,
    agents: Vec<String>,
    person: String,
    told: Mutex<Told>,
    number: AtomicU64,
    stop: AtomicBool,
}

impl Load {
    /// Nothing where the server died before the whole answer was here.
    fn post(&self, token: &str, path: &str, body: &str) -> Option<(u16, serde_json::Value)> {
        let address = *self.address.read().unwrap();
        let answer = Call::new(address, "POST", path).json(body).token(token).try_send()?;
        Some((answer.status, serde_json::from_str(&answer.body).ok()?))
    }

    /// Asks, waits for a person, claims; as often as it can.
    fn agent(&self, own: usize) {
        let token = &self.agents[own];
        while !self.stop.load(Ordering::Relaxed) {
            if self.one_call(token, own).is_none() {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }

    fn one_call(&self, token: &str, own: usize) -> Option<()> {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let call = format!(r#"{{"tool":"send_x","args":{{"n":{number},"by":{own}}}}}"#);
        let (status, decision) = self.post(token, "/v1/decide", &call)?;
        assert_eq!((status, &decision["decision"]), (200, &"ask".into()), "{decision}");
        let id = decision["request"]["id"].as_str()?.to_owned();
        self.told.lock().unwrap().asked.insert(id.clone());
        self.wait(token, &id)?;
        let (status, _) = self.post(token, &format!("/v1/requests/{id}/claim"), "{}")?;
        if status == 200 {
            *self.told.lock().unwrap().released.entry(id).or_default() += 1;
        }
        Some(())
    }

    /// Waits for the outcome, across restarts.
    fn wait(&self, token: &str, id: &str) -> Option<()> {
        let begun = Instant::now();
        loop {
            let address = *self.address.read().unwrap();
            let path = format!("/v1/requests/{id}?wait=5s");
            let answer = Call::new(address, "GET", &path).token(token).try_send();
            let view = answer.and_then(|a| serde_json::from_str::<serde_json::Value>(&a.body).ok());
            match view.as_ref().map(|view| &view["state"]) {
                Some(state) if *state == "approved" => return Some(()),
                _ if self.stop.load(Ordering::Relaxed) => return None,
                _ => assert!(begun.elapsed() < Duration::from_secs(60), "{id} is never answered"),
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Approves whatever waits.
    fn approver(&self) {
        while !self.stop.load(Ordering::Relaxed) {
            let address = *self.address.read().unwrap();
            let list = Call::new(address, "GET", "/v1/requests").token(&self.person).try_send();
            let list = list.and_then(|a| serde_json::from_str::<serde_json::Value>(&a.body).ok());
            let items = list.and_then(|list| list["items"].as_array().cloned()).unwrap_or_default();
            for id in items.iter().filter_map(|item| item["id"].as_str()) {
                let approved = self.post(
                    &self.person,
                    &format!("/v1/requests/{id}/approve"),
                    r#"{"version":1}"#,
                );
                if approved.is_some_and(|(status, _)| status == 200) {
                    self.told.lock().unwrap().approved.insert(id.to_owned());
                }
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// APR-039
#[test]
fn a_server_killed_under_load_loses_nothing_and_releases_nothing_twice() {
    let kills: u64 =
        std::env::var("FENCE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(4);
    let folder = house();
    std::fs::write(folder.path().join("mail.fence"), RULES).unwrap();
    let agent =
        |at: usize| token(folder.path(), &["--role", "agent", "--agent", &format!("a-{at}")]);
    let mut served = Some(Served::start(folder.path(), &[]));
    let load = Load {
        address: RwLock::new(served.as_ref().unwrap().address),
        agents: (0..AGENTS).map(agent).collect(),
        person: token(folder.path(), &["--role", "approver", "--person", "ann@x.example"]),
        told: Mutex::default(),
        number: AtomicU64::new(0),
        stop: AtomicBool::new(false),
    };
    std::thread::scope(|scope| {
        let load = &load;
        for own in 0..AGENTS {
            scope.spawn(move || load.agent(own));
        }
        scope.spawn(move || load.approver());
        for round in 0..kills {
            // Another moment each time, within the life of a few requests.
            std::thread::sleep(Duration::from_millis(150 + (round * 97) % 350));
            drop(served.take());
            let again = Served::start(folder.path(), &[]);
            *load.address.write().unwrap() = again.address;
            served = Some(again);
        }
        std::thread::sleep(Duration::from_millis(500));
        load.stop.store(true, Ordering::Relaxed);
    });
    drop(served);
    compare(folder.path(), &load.told.into_inner().unwrap(), kills);
}

fn compare(folder: &Path, told: &Told, kills: u64) {
    let store = SqliteStore::open(folder.join("fence.db")).unwrap();
    let kinds = |id: &str| -> Vec<String> {
        let id = id.parse::<fence::approvals::RequestId>().unwrap();
        store.events_of(id.0).unwrap().into_iter().map(|event| event.kind).collect()
    };
    for id in &told.asked {
        assert_eq!(kinds(id).first().map(String::as_str), Some("request.opened"), "{id} is lost");
    }
    for id in &told.approved {
        assert!(kinds(id).iter().any(|kind| kind == "request.voted"), "{id}: the vote is lost");
    }
    for (id, times) in &told.released {
        let claimed = kinds(id).iter().filter(|kind| *kind == "request.claimed").count();
        assert_eq!((*times, claimed), (1, 1), "{id} is released twice, or its claim is lost");
    }
    println!(
        "{kills} kills: {} asked, {} approved, {} released",
        told.asked.len(),
        told.approved.len(),
        told.released.len()
    );
    assert!(told.released.len() as u64 >= 2 * kills, "too little happened");
}
