//! `fence token`: credentials for the server: made, listed, revoked.

use super::paint::inline;
use super::settings::variable;
use super::{Context, Exit, Failure};
use crate::clock::{Clock as _, SystemClock};
use crate::store::SqliteStore;
use crate::tokens::{Agency, Book, Holder, Role, Token as Kept, TokenError, TokenId};
use clap::{Args, Subcommand};
use comfy_table::{ContentArrangement, Table, presets};
use fence_engine::scalar::{Duration, Timestamp};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const EXAMPLE: &str = "Examples:
  fence token create --role agent --agent content-1 --roles writer --user ana@example.com
  fence token create --role approver --person ana@example.com --expires 30d
  fence token list
  fence token revoke t_01981f7e-5c1b-7cc2-9d0e-2f1a6f3c9b11

A token is shown once, when it is made; the database keeps its hash alone. An agent's token never
approves anything. People must stand in `[people]` of fence.toml.";

/// Make, list and revoke credentials for the server
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Token {
    #[command(subcommand)]
    action: Action,
    /// The database
    #[arg(long, global = true, value_name = "FILE")]
    db: Option<PathBuf>,
    /// Results as JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a token and show it, once
    #[command(after_help = EXAMPLE)]
    Create(Create),
    /// List the tokens that are valid
    List,
    /// Make a token worthless, with the logins made by it
    Revoke {
        /// Its id, as listed
        #[arg(value_name = "ID", value_parser = str::parse::<TokenId>)]
        id: TokenId,
    },
}

#[derive(Debug, Args)]
struct Create {
    /// What it is for: agent, approver, auditor or admin
    #[arg(long, value_name = "ROLE", value_parser = str::parse::<Role>)]
    role: Role,
    /// The agent that it stands for
    #[arg(long, value_name = "AGENT", required_if_eq("role", "agent"), conflicts_with = "person")]
    agent: Option<String>,
    /// The agents it works for, nearest first
    #[arg(long, value_name = "AGENTS", value_delimiter = ',', requires = "agent")]
    parents: Option<Vec<String>>,
    /// The agent's roles, as policies name them
    #[arg(long, value_name = "ROLES", value_delimiter = ',', requires = "agent")]
    roles: Option<Vec<String>>,
    /// The person it acts for
    #[arg(long, value_name = "USER", requires = "agent")]
    user: Option<String>,
    /// The person that it stands for, as in `[people]`
    #[arg(long, value_name = "PERSON")]
    person: Option<String>,
    /// A note for the list
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
    /// How long it is valid: a duration such as `90d`, or `never`
    #[arg(long, value_name = "TIME", default_value = "90d", value_parser = Lasts::parse)]
    expires: Lasts,
}

/// How long a token is valid.
#[derive(Clone, Copy, Debug)]
enum Lasts {
    For(Duration),
    Forever,
}

impl Lasts {
    fn parse(text: &str) -> Result<Self, String> {
        if text == "never" {
            return Ok(Self::Forever);
        }
        let duration = Duration::parse(text).filter(|duration| duration.seconds() > 0);
        duration.map(Self::For).ok_or_else(|| "write a duration such as `90d`, or `never`".into())
    }

    fn until(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::For(duration) => Some(now.saturating_add(duration)),
            Self::Forever => None,
        }
    }
}

/// A token in a result.
#[derive(Serialize)]
struct Row<'a> {
    id: String,
    role: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    person: Option<&'a str>,
    agent: Option<&'a Agency>,
    label: Option<&'a str>,
    created_at: String,
    last_used: Option<String>,
    expires_at: Option<String>,
}

/// An agent makes itself no credentials, and ends nobody's. What else may happen under the owner's
/// own account, no check here can prevent.
fn no_agent() -> Result<(), Failure> {
    let token = variable("FENCE_TOKEN").map(|token| token.to_string_lossy().into_owned());
    let of_agent = token.is_some_and(|token| token.trim().starts_with("fence_agent_"));
    match variable("FENCE_AGENT").is_some() || of_agent {
        false => Ok(()),
        true => Err(Failure::usage("an agent is at this command line: it makes no tokens")
            .help("unset FENCE_TOKEN and FENCE_AGENT in a shell that is yours alone")),
    }
}

impl Token {
    pub(crate) fn run(self, context: &Context) -> Result<Exit, Failure> {
        // Beside the policy is where one works: there is none to name here.
        let settings = context.settings(&[PathBuf::from("./.")])?;
        let path = settings.database(self.db.as_deref()).map_err(Failure::usage)?;
        match self.action {
            Action::Create(create) => {
                no_agent()?;
                let people = settings.people()?;
                create.run(context, &book(&path)?, &people, self.json)
            }
            Action::List => list(context, &existing(&path)?, self.json),
            Action::Revoke { id } => {
                no_agent()?;
                revoke(context, &existing(&path)?, id)
            }
        }
    }
}

fn book(path: &Path) -> Result<Book, Failure> {
    let store = SqliteStore::open(path).map_err(Failure::usage)?;
    Ok(Book::new(Arc::new(store), Arc::new(SystemClock)))
}

fn existing(path: &Path) -> Result<Book, Failure> {
    match path.exists() {
        true => book(path),
        false => {
            let missing = format!("there is no database at {}", path.display());
            Err(Failure::usage(missing).help("name one with `--db FILE`"))
        }
    }
}

impl Create {
    fn run(
        self,
        context: &Context,
        book: &Book,
        people: &crate::people::People,
        json: bool,
    ) -> Result<Exit, Failure> {
        let until = self.expires.until(SystemClock.now());
        let label = self.label.clone();
        let made = book.create(people, &self.holder(), label.as_deref(), until);
        let (secret, token) = made.map_err(Failure::usage)?;
        if json {
            let row = Row { token: Some(secret.reveal()), ..row(&token) };
            let text = serde_json::to_string(&row).map_err(Failure::usage)?;
            context.output.line(&text);
            return Ok(Exit::Positive);
        }
        let until = token.expires_at.map_or("for ever".to_owned(), |at| format!("until {at}"));
        let (id, role) = (token.id, token.holder.role());
        context.output.note(&format!("{id}: valid {until} for the role {role}; shown only now:"));
        context.output.line(secret.reveal());
        Ok(Exit::Positive)
    }

    fn holder(self) -> Holder {
        match self.role {
            Role::Agent => Holder::Agent(Agency {
                agent: self.agent.unwrap_or_default(),
                parents: self.parents,
                roles: self.roles,
                user: self.user,
            }),
            role => Holder::Person { role, person: self.person },
        }
    }
}

fn list(context: &Context, book: &Book, json: bool) -> Result<Exit, Failure> {
    let tokens = book.list().map_err(Failure::usage)?;
    if json {
        for token in &tokens {
            context.output.line(&serde_json::to_string(&row(token)).map_err(Failure::usage)?);
        }
    } else {
        context.output.line(&table(&tokens, context.output.is_terminal()));
    }
    Ok(Exit::Positive)
}

fn revoke(context: &Context, book: &Book, id: TokenId) -> Result<Exit, Failure> {
    match book.revoke(id) {
        Ok(token) => {
            context.output.line(&format!("revoked {}", token.id));
            Ok(Exit::Positive)
        }
        Err(error @ TokenError::Unknown(_)) => {
            context.output.note(&error.to_string());
            Ok(Exit::Negative)
        }
        Err(error) => Err(Failure::usage(error)),
    }
}

fn row(token: &Kept) -> Row<'_> {
    let agent = match &token.holder {
        Holder::Agent(agency) => Some(agency),
        Holder::Person { .. } => None,
    };
    Row {
        id: token.id.to_string(),
        role: token.holder.role().as_str(),
        token: None,
        person: token.holder.person(),
        agent,
        label: token.label.as_deref(),
        created_at: token.created_at.to_string(),
        last_used: token.last_used.map(|at| at.to_string()),
        expires_at: token.expires_at.map(|at| at.to_string()),
    }
}

fn table(tokens: &[Kept], terminal: bool) -> String {
    let mut table = Table::new();
    if terminal {
        table.load_style(presets::UTF8_HORIZONTAL_ONLY).enforce_styling();
        table.set_content_arrangement(ContentArrangement::Dynamic);
    } else {
        table.load_style(presets::NOTHING).force_no_tty();
    }
    table.set_header(["id", "role", "for", "label", "last used", "expires"]);
    let time = |at: Option<Timestamp>| at.map_or("never".to_owned(), |at| at.to_string());
    for token in tokens {
        let holder = match &token.holder {
            Holder::Agent(agency) => &agency.agent,
            Holder::Person { person, .. } => person.as_deref().unwrap_or("nobody in particular"),
        };
        table.add_row([
            token.id.to_string(),
            token.holder.role().to_string(),
            inline(holder, 60),
            inline(token.label.as_deref().unwrap_or(""), 60),
            time(token.last_used),
            time(token.expires_at),
        ]);
    }
    table.trim_fmt()
}
