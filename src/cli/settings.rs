//! Settings: `fence.toml` beside the policy, else in the current folder, or named by `--config`;
//! then `FENCE_*` variables.
//!
//! Paths in the file are relative to its folder. A `.env` file is never read: it may come with the
//! project that an agent works on.
//!
//! ```toml
//! database = "fence.db"
//! policies = ["content.fence"]
//! pending_cap = 20
//!
//! [people."ana@example.com"]
//! name = "Ana"
//! system = "ana"
//!
//! [server]
//! listen = "127.0.0.1:7480"
//!
//! [strategies.risk]
//! command = ["python3", "risk.py"]
//! deadline = "500ms"
//! summary = "releases what our risk model finds harmless"
//!
//! [strategies.risk.parameters.below]
//! kind = "number"
//! required = true
//! summary = "the score that holds"
//!
//! [mcp]
//! server = "files"
//! agent = "desk-1"
//! user = "ana@example.com"
//! dialog = "ana@example.com"
//! wait = "30s"
//!
//! [hook]
//! agent = "claude-code"
//!
//! [notify.desk]
//! kind = "webhook"
//! url = "https://desk.example.com/fence"
//! secret_env = "FENCE_DESK_SECRET"
//! ```

mod door;
#[cfg(feature = "server")]
mod notify;
mod people;
#[cfg(feature = "server")]
mod server;
mod strategies;

use super::Failure;
use crate::meant::meant;
use crate::people::People;
use crate::service::Services;
pub(crate) use door::Door;
pub(crate) use door::wait;
use fence_engine::show::printable;
use fence_engine::strategy::Strategies;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file looked for beside the first policy.
const FILE: &str = "fence.toml";

/// What a file and the environment say; flags win over both.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// The database, if one is named.
    pub(crate) database: Option<PathBuf>,
    /// The policies in force, for the commands that are not given any.
    pub(crate) policies: Vec<PathBuf>,
    /// How many requests of one agent may wait for people at once.
    pub(crate) pending_cap: Option<u32>,
    /// Whether what is started may not write to standard error.
    quiet: bool,
    /// The file the settings come from.
    file: PathBuf,
    strategies: BTreeMap<String, strategies::Written>,
    people: BTreeMap<String, people::Written>,
    mcp: door::Written,
    hook: door::Written,
    #[cfg(feature = "server")]
    server: server::Written,
    #[cfg_attr(not(feature = "server"), expect(dead_code, reason = "the server's part"))]
    notify: BTreeMap<String, toml::Table>,
}

/// The file as written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    database: Option<PathBuf>,
    #[serde(default)]
    policies: Vec<PathBuf>,
    pending_cap: Option<u32>,
    #[serde(default)]
    strategies: BTreeMap<String, strategies::Written>,
    #[serde(default)]
    people: BTreeMap<String, people::Written>,
    #[serde(default)]
    mcp: door::Written,
    #[serde(default)]
    hook: door::Written,
    #[cfg(feature = "server")]
    #[serde(default)]
    server: server::Written,
    #[serde(default)]
    notify: BTreeMap<String, toml::Table>,
}

/// Strategies and what they ask, by name.
pub(crate) type Known = (Strategies, Services);

impl Settings {
    /// Reads the settings for these policies.
    pub(crate) fn load(config: Option<&Path>, policies: &[PathBuf]) -> Result<Self, Failure> {
        let named = config.map(Path::to_path_buf).or_else(|| variable("FENCE_CONFIG"));
        let mut settings = match named {
            Some(file) => Self::read(&file)?,
            None => match beside(policies) {
                Some(file) => Self::read(&file)?,
                None => Self::default(),
            },
        };
        settings.database = variable("FENCE_DATABASE").or(settings.database);
        Ok(settings)
    }

    /// Reads the settings of a door that stands beside an agent: those named, else those beside the
    /// first policy. Neither the environment nor the current folder has a say.
    pub(crate) fn beside_policy(
        config: Option<&Path>,
        policies: &[PathBuf],
    ) -> Result<Self, Failure> {
        let near = near(policies).filter(|file| file.exists());
        match config.map(Path::to_path_buf).or(near) {
            // A host waits until nobody holds the standard error of its hook any more.
            Some(file) => Self::read(&file).map(|settings| Self { quiet: true, ..settings }),
            None => Ok(Self::default()),
        }
    }

    fn read(file: &Path) -> Result<Self, Failure> {
        let name = printable(&file.display().to_string(), 200);
        let unreadable = |reason| Failure::usage(format!("{name} cannot be read: {reason}"));
        let bytes = crate::policies::read_regular(file).map_err(unreadable)?;
        let text =
            String::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8".to_owned()))?;
        let written: Written =
            toml::from_str(&text).map_err(|error| wrong(&name, &text, &error))?;
        let folder = file.parent().unwrap_or(Path::new(""));
        let database = written.database.map(|database| folder.join(database));
        Ok(Self {
            database,
            policies: written.policies.iter().map(|policy| folder.join(policy)).collect(),
            pending_cap: written.pending_cap,
            quiet: false,
            file: file.to_path_buf(),
            strategies: written.strategies,
            people: written.people,
            mcp: written.mcp,
            hook: written.hook,
            #[cfg(feature = "server")]
            server: written.server,
            notify: written.notify,
        })
    }

    /// The database: the flag, else the settings, else the user's data directory.
    pub(crate) fn database(&self, flag: Option<&Path>) -> Result<PathBuf, String> {
        if let Some(path) = flag.or(self.database.as_deref()) {
            return Ok(path.to_path_buf());
        }
        use etcetera::BaseStrategy as _;
        let base = etcetera::choose_base_strategy().map_err(|error| error.to_string())?;
        Ok(base.data_dir().join("fence").join("fence.db"))
    }

    /// The built-in strategies and those of the file, with the services behind the latter. No
    /// process is started before it is asked.
    pub(crate) fn strategies(&self) -> Result<Known, Failure> {
        let (mut known, mut services) = (fence_strategies::builtin(), Services::default());
        for (name, written) in &self.strategies {
            let within = |error: String| {
                let file = printable(&self.file.display().to_string(), 200);
                let name = printable(name, 80);
                Failure::usage(format!("{file}: the strategy `{name}`: {error}"))
            };
            let (strategy, service) =
                strategies::make(name, written, &self.folder(), self.quiet).map_err(within)?;
            known.register(Arc::new(strategy)).map_err(|taken| within(taken.to_string()))?;
            services.add(name.clone(), service);
        }
        Ok((known, services))
    }

    /// The people who may answer requests.
    pub(crate) fn people(&self) -> Result<People, Failure> {
        people::make(&self.people).map_err(|error| self.within(&error))
    }

    /// What the door in front of MCP servers fixes.
    pub(crate) fn mcp(&self) -> Result<Door, Failure> {
        self.door("[mcp]", &self.mcp)
    }

    /// What the door of coding agents' hooks fixes.
    pub(crate) fn hook(&self) -> Result<Door, Failure> {
        self.door("[hook]", &self.hook)
    }

    fn door(&self, section: &str, written: &door::Written) -> Result<Door, Failure> {
        let known = |person: &str| self.people.keys().any(|id| id.eq_ignore_ascii_case(person));
        door::make(written, known).map_err(|error| self.within(&format!("{section}: {error}")))
    }

    /// What to call the file that the settings come from, or are to stand in.
    pub(crate) fn name(&self) -> String {
        match self.file.as_os_str().is_empty() {
            true => FILE.to_owned(),
            false => printable(&self.file.display().to_string(), 200),
        }
    }

    /// The server's settings; the flag and `FENCE_LISTEN`, `FENCE_PUBLIC_URL` win over the file.
    #[cfg(feature = "server")]
    pub(crate) fn server(&self, listen: Option<&str>) -> Result<crate::http::Settings, Failure> {
        let text = |name| variable(name).map(|value| value.display().to_string());
        let (from_env, public_url) = (text("FENCE_LISTEN"), text("FENCE_PUBLIC_URL"));
        let listen = listen.or(from_env.as_deref());
        server::make(&self.server, listen, public_url.as_deref())
            .map_err(|error| self.within(&format!("[server]: {error}")))
    }

    fn within(&self, error: &str) -> Failure {
        Failure::usage(format!("{}: {error}", self.name()))
    }

    fn folder(&self) -> PathBuf {
        match self.file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
            _ => PathBuf::from("."),
        }
    }
}

/// A variable that is set and not empty.
pub(super) fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Beside the first policy, else in the current folder: all commands given in one folder keep to
/// one database.
fn beside(policies: &[PathBuf]) -> Option<PathBuf> {
    [near(policies), Some(PathBuf::from(FILE))].into_iter().flatten().find(|file| file.exists())
}

fn near(policies: &[PathBuf]) -> Option<PathBuf> {
    policies.first().and_then(|policy| Some(policy.parent()?.join(FILE)))
}

/// What is wrong with the file, where, and for a misspelt key which one was meant.
fn wrong(name: &str, text: &str, error: &toml::de::Error) -> Failure {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let message = printable(error.message(), 500);
    let failure = Failure::usage(format!("{name}:{line}: {message}"));
    match meant(error.message()) {
        Some(key) => failure.help(format!("did you mean `{key}`?")),
        None => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE);
        std::fs::write(&file, text).unwrap();
        Settings::read(&file)
    }

    fn refusal(text: &str) -> (String, Option<String>) {
        let made = read(text).and_then(|settings| settings.strategies());
        let Err(failure) = made else { panic!("{text} should be refused") };
        let message = failure.message;
        let at = message.find(FILE).unwrap();
        (message[at..].to_owned(), failure.help)
    }

    #[test]
    fn a_misspelt_key_is_refused_with_a_suggestion() {
        let (message, help) = refusal("databse = \"x.db\"\n");
        assert!(message.starts_with("fence.toml:1: unknown field `databse`"), "{message}");
        assert_eq!(help.as_deref(), Some("did you mean `database`?"));
        let (message, help) = refusal("\n[strategies.r]\ncommand = [\"x\"]\ndedline = \"1s\"\n");
        assert!(message.starts_with("fence.toml:4: unknown field `dedline`"), "{message}");
        assert_eq!(help.as_deref(), Some("did you mean `deadline`?"));
    }

    #[test]
    fn strategies_are_made_of_what_is_written() {
        let text = "[strategies.risk]\ncommand = [\"./risk\"]\ndeadline = \"200ms\"\n\
            [strategies.risk.parameters.below]\nkind = \"list<field>\"\nrequired = true\n";
        let (known, services) = read(text).unwrap().strategies().unwrap();
        let risk = known.get("risk").unwrap();
        assert_eq!(risk.parameters().len(), 1);
        assert!(risk.parameters()[0].required);
        assert_eq!(services.len(), 1);
        assert!(known.get("first").is_some());
    }

    #[cfg(feature = "server")]
    #[test]
    fn channels_are_made_of_what_is_written_and_a_wrong_one_is_named() {
        let two = "[notify.console]\nkind = \"terminal\"\n[notify.more]\nkind = \"terminal\"\n";
        assert_eq!(read(two).unwrap().channels().unwrap().len(), 2);
        let wrong = "[notify.console]\nkind = \"terminal\"\nbel = true\n";
        let Err(failure) = read(wrong).unwrap().channels() else { panic!("`bel` is no key") };
        let message = &failure.message[failure.message.find(FILE).unwrap()..];
        assert!(message.starts_with("fence.toml: the channel `console`: unknown field `bel`"));
        assert_eq!(failure.help.as_deref(), Some("did you mean `bell`?"));
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        let cases = [
            ("[strategies.r]\ncommand = []\n", "`command` is empty"),
            ("[strategies.r]\ncommand = [\"x\"]\ndeadline = \"soon\"\n", "`soon` is no deadline"),
            ("[strategies.r]\ncommand = [\"x\"]\ndeadline = \"2h\"\n", "`2h` is no deadline"),
            ("[strategies.R]\ncommand = [\"x\"]\n", "not a name"),
            ("[strategies.first]\ncommand = [\"x\"]\n", "registered already"),
            ("[strategies.r]\ncommand = [\"x\"]\nparameters.p.kind = \"wohle\"\n", "`wohle`"),
            ("[strategies.r]\n", "missing field `command`"),
        ];
        for (text, expected) in cases {
            let (message, _) = refusal(text);
            assert!(message.contains(expected), "{message} should say {expected}");
        }
    }
}
