//! What the commands about requests share: the database, the people, and how an answer ends.

use super::exact::escaped;
use super::{Context, Exit, Failure, Settings, load};
use crate::approvals::{self, ApprovalError, Approvals, RequestId, RequestView};
use crate::clock::{Clock as _, SystemClock};
use crate::store::{SqliteStore, Store};
use crate::{Gate, replay};
use clap::Args;
use fence_engine::scalar::Timestamp;
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;

/// Judges nothing: votes, refusals and halts need no policy, and what is judged by this is denied.
const NOTHING: &str = "fence 1 policy nothing default deny";

/// Where the requests are, and how to print.
#[derive(Clone, Debug, Args)]
pub(crate) struct Place {
    /// The database
    #[arg(long, global = true, value_name = "FILE")]
    db: Option<PathBuf>,
    /// Results as JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// The requests of one database.
pub(crate) struct Desk {
    pub(crate) approvals: Approvals,
    pub(crate) settings: Settings,
    pub(crate) store: Arc<dyn Store>,
}

impl Place {
    /// For looking: the database is read and never written.
    pub(crate) fn look(&self, context: &Context) -> Result<Desk, Failure> {
        let settings = here(context)?;
        let path = self.path(&settings)?;
        let store = Arc::new(SqliteStore::open_read_only(&path).map_err(Failure::usage)?);
        desk(settings, store)
    }

    /// For acting, without a policy that could judge a call.
    pub(crate) fn act(&self, context: &Context) -> Result<Desk, Failure> {
        let settings = here(context)?;
        let path = self.path(&settings)?;
        let store = Arc::new(SqliteStore::open(&path).map_err(Failure::usage)?);
        desk(settings, store)
    }

    /// For acting, with the policies by which a call is judged today: those named, else those of
    /// the settings.
    pub(crate) fn judge(&self, context: &Context, named: &[PathBuf]) -> Result<Desk, Failure> {
        let settings = if named.is_empty() { here(context)? } else { context.settings(named)? };
        let files = if named.is_empty() { &*settings.policies } else { named };
        if files.is_empty() {
            let missing = "an edited call is judged by today's policies, and none is named";
            return Err(Failure::usage(missing).help(format!(
                "name them with `--policy FILE`, or write `policies = [\"content.fence\"]` into {}",
                settings.name()
            )));
        }
        let loaded = load::load_with(context, files, &settings)?;
        let path = self.path(&settings)?;
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path).map_err(Failure::usage)?);
        let gate = load::telling(loaded.gate(), &settings).shared_store(Arc::clone(&store)).build();
        let approvals = gate.map_err(Failure::usage)?.approvals();
        Ok(Desk { approvals, settings, store })
    }

    /// The database that exists.
    fn path(&self, settings: &Settings) -> Result<PathBuf, Failure> {
        let path = settings.database(self.db.as_deref()).map_err(Failure::usage)?;
        match path.exists() {
            true => Ok(path),
            false => {
                let missing = format!("there is no database at {}", path.display());
                Err(Failure::usage(missing).help("name one with `--db FILE`"))
            }
        }
    }

    /// Prints a result: as JSON, or in words.
    pub(crate) fn print<T: Serialize>(
        &self,
        context: &Context,
        result: &T,
        words: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        match self.json {
            true => context.output.line(&json(result)?),
            false => context.output.line(&words()),
        }
        Ok(())
    }

    /// Prints what came of an act: the result, or why nothing was changed.
    pub(crate) fn settle<T: Serialize>(
        &self,
        context: &Context,
        outcome: Result<T, ApprovalError>,
        words: impl FnOnce(&T) -> String,
    ) -> Result<Exit, Failure> {
        match outcome {
            Ok(result) => {
                self.print(context, &result, || words(&result))?;
                Ok(Exit::Positive)
            }
            Err(error) => self.refused(context, &error),
        }
    }

    fn refused(&self, context: &Context, error: &ApprovalError) -> Result<Exit, Failure> {
        use ApprovalError as E;
        match error {
            E::ReasonNeeded => {
                return Err(Failure::usage(error).help("say why with `--reason TEXT`"));
            }
            E::NotFound(_) | E::BadField(_) | E::Invalid(_) | E::Agent | E::Store(_) => {
                return Err(Failure::usage(error));
            }
            _ => {}
        }
        if self.json {
            let refused = Refused { error: error.code(), message: error.to_string() };
            context.output.line(&json(&refused)?);
        }
        context.output.note(&format!("nothing was changed: {error}"));
        Ok(Exit::Negative)
    }
}

#[derive(Serialize)]
struct Refused {
    error: &'static str,
    message: String,
}

/// One line of JSON in which nothing is invisible.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<String, Failure> {
    serde_json::to_string(value).map(|text| escaped(&text)).map_err(Failure::usage)
}

/// The settings of the folder where the person stands, or of `--config`.
fn here(context: &Context) -> Result<Settings, Failure> {
    context.settings(&[PathBuf::from("fence.toml")])
}

fn desk(settings: Settings, store: Arc<dyn Store>) -> Result<Desk, Failure> {
    let gate = Gate::builder().policy_text("nothing.fence", NOTHING).map_err(Failure::usage)?;
    let gate = load::telling(gate.people(settings.people()?), &settings);
    let gate = gate.shared_store(Arc::clone(&store)).build();
    Ok(Desk { approvals: gate.map_err(Failure::usage)?.approvals(), settings, store })
}

impl Desk {
    /// A request in full; the newest version where none is named. The line of the rule comes from
    /// the policies as they were kept when the request was opened.
    pub(crate) fn request(
        &self,
        context: &Context,
        id: RequestId,
        version: Option<u32>,
    ) -> Result<RequestView, Failure> {
        let view = of(&self.approvals, id, version).map_err(Failure::usage)?;
        let with_policy = self.opened_under(context, &view.policy_digest);
        let with_policy = with_policy.map(|then| of(&then, id, Some(view.version)));
        match with_policy {
            Some(Ok(full)) => Ok(full),
            _ => Ok(view),
        }
    }

    fn opened_under(&self, context: &Context, digest: &str) -> Option<Approvals> {
        let digest = approvals::digest(digest)?;
        let texts = self.store.policy_texts(digest).ok()??;
        let strategies = context.strategies(&self.settings).ok()?;
        let layers = replay::layers(&texts, digest, &strategies).ok()?;
        let gate = Gate::builder().layers(layers).shared_store(Arc::clone(&self.store)).build();
        Some(gate.ok()?.approvals())
    }
}

fn of(
    approvals: &Approvals,
    id: RequestId,
    version: Option<u32>,
) -> Result<RequestView, ApprovalError> {
    match version {
        Some(version) => approvals.version(id, version),
        None => approvals.get(id),
    }
}

/// How long from now until a time as views write it: `55m`, or `over`.
pub(crate) fn left(until: &str) -> String {
    span(until, |then, now| then.micros() - now.micros()).unwrap_or_else(|| "over".to_owned())
}

/// How long ago a time was.
pub(crate) fn ago(at: &str) -> String {
    span(at, |then, now| now.micros() - then.micros()).unwrap_or_else(|| "0s".to_owned())
}

fn span(at: &str, between: impl Fn(Timestamp, Timestamp) -> i64) -> Option<String> {
    let micros = between(Timestamp::parse(at)?, SystemClock.now());
    let seconds = micros / 1_000_000;
    (micros > 0).then(|| match seconds {
        0..120 => format!("{seconds}s"),
        120..7_200 => format!("{}m", seconds / 60),
        7_200..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    })
}
