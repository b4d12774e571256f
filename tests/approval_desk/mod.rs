//! A place with a policy and people, whose requests are answered from the command line.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]

use crate::cli_place::{Place, Ran};
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

/// Rules of every kind that the tests need.
pub const POLICY: &str = r#"fence 1 policy content
group editors = "ana@example.com", "bo@example.com"
group managers = "dee@example.com"
ask email_send_bulk as outbound because "mail to many people is read first" {
  by 1 of editors
  edit args.to shrink, args.limit 1..50
  offer once, session, 2
}
ask wire as transfers { by 1 of editors and 1 of managers }
ask brief as short { by 1 of editors expires 1s }
ask deploy { by 1 of editors preview required }
ask note
allow read_*
deny email_send_bulk when args.limit == 13 because "thirteen is unlucky"
"#;

/// A mailing that asks.
pub const MAIL: &str = r#"{"tool":"email_send_bulk","args":{"to":["x@list.test","y@list.test"],"limit":500},
    "agent":{"id":"content-1","parents":["lead"]},"user":"zed@example.com","session":"s-1"}"#;

/// People, policies and requests of one test.
pub struct Desk {
    pub place: Place,
}

/// The name of the account that runs the tests.
pub fn account() -> String {
    let id = nix::unistd::getuid();
    nix::unistd::User::from_uid(id).unwrap().unwrap().name
}

/// Settings in which this account is Ana's; `more` is said of her.
pub fn settings(more: &str) -> String {
    let account = account();
    format!(
        "policies = [\"p.fence\"]\n[people.\"ana@example.com\"]\nsystem = \"{account}\"\n{more}\
         [people.\"bo@example.com\"]\n[people.\"dee@example.com\"]\n"
    )
}

/// A command on the desk's database.
pub fn db<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [arguments, &["--db", "fence.db"]].concat()
}

impl Desk {
    pub fn new(policy: &str) -> Self {
        let place = Place::new(policy);
        place.write("fence.toml", &settings(""));
        Self { place }
    }

    /// Decides a call that must ask, and gives the request's id.
    pub fn asks(&self, call: &str) -> String {
        let decisions = self.place.decide(&[], &call.replace('\n', ""));
        assert_eq!(decisions[0]["decision"], "ask", "{decisions:?}");
        decisions[0]["request"]["id"].as_str().unwrap().to_owned()
    }

    /// As the owner of the account.
    pub fn fence(&self, arguments: &[&str]) -> Ran {
        self.place.run(&db(arguments), b"")
    }

    pub fn with_token(&self, token: &str, arguments: &[&str]) -> Ran {
        self.place.run_as(&db(arguments), b"", &[("FENCE_TOKEN", token)])
    }

    pub fn state(&self, id: &str) -> String {
        let ran = self.fence(&["show", id, "--json"]);
        ran.json()[0]["state"].as_str().unwrap().to_owned()
    }

    pub fn token(&self, role: &str, person: &str) -> String {
        self.made(&["token", "create", "--role", role, "--person", person])
    }

    pub fn agent_token(&self, agent: &str) -> String {
        self.made(&["token", "create", "--role", "agent", "--agent", agent])
    }

    fn made(&self, arguments: &[&str]) -> String {
        let ran = self.fence(arguments);
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out.trim().to_owned()
    }

    /// Runs a command on a terminal of its own and types, once it is asked to; answers what was
    /// shown, and the exit code.
    pub fn on_a_terminal(&self, arguments: &[&str], typed: &str) -> (String, i32) {
        self.typing(arguments, "", typed)
    }

    /// As [`Desk::on_a_terminal`], with something typed before the question is asked.
    pub fn typing(&self, arguments: &[&str], ahead: &str, typed: &str) -> (String, i32) {
        let terminal = nix::pty::openpty(None, None).unwrap();
        let side = || Stdio::from(terminal.slave.try_clone().unwrap());
        let mut command: Command = self.place.command(&db(arguments));
        let mut child = command.stdin(side()).stdout(side()).stderr(side()).spawn().unwrap();
        drop((command, terminal.slave));
        let mut master = std::fs::File::from(terminal.master);
        master.write_all(ahead.as_bytes()).unwrap();
        let mut shown = Vec::new();
        let mut some = [0; 4_096];
        let mut asked = false;
        // Once the other side is closed, reading ends in an error.
        while let Ok(read @ 1..) = master.read(&mut some) {
            shown.extend_from_slice(&some[..read]);
            if !asked && String::from_utf8_lossy(&shown).contains("to go on") {
                asked = true;
                master.write_all(typed.as_bytes()).unwrap();
            }
        }
        (String::from_utf8_lossy(&shown).into_owned(), child.wait().unwrap().code().unwrap())
    }
}
