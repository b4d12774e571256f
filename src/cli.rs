//! The command line: one file a command, one line in `Command` to register it.
//!
//! Results go to standard output, everything else to standard error.

mod approve;
mod ask;
mod bench;
mod cancel;
mod card;
mod check;
mod clock;
mod completions;
mod decide;
mod delegate;
mod delegations;
mod desk;
mod doctor;
mod exact;
mod explain;
mod fmt;
mod grants;
mod halt;
mod halts;
mod hook;
mod import_tools;
mod init;
mod lines;
mod load;
mod log;
mod man;
#[cfg(feature = "mcp")]
mod mcp;
mod moment;
mod output;
mod paint;
mod pending;
mod person;
mod reject;
mod resume;
mod revoke;
#[cfg(feature = "server")]
mod serve;
mod settings;
mod show;
mod test;
#[cfg(feature = "server")]
mod token;
mod version;
mod withdraw;

use clap::{Args, Parser, Subcommand};
use fence_engine::strategy::Strategies;
use output::{ColorChoice, Output};
use settings::Settings;
use std::path::PathBuf;
use std::process::ExitCode;

/// Allow, ask or deny: a policy layer between AI agents and their tools.
#[derive(Debug, Parser)]
#[command(name = "fence", disable_version_flag = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// Settings file [default: `fence.toml` beside the policy, else in the current folder]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: ColorChoice,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Init),
    Check(check::Check),
    Fmt(fmt::Fmt),
    Test(test::Test),
    Decide(decide::Decide),
    Explain(explain::Explain),
    Bench(bench::Bench),
    Log(log::Log),
    Pending(pending::Pending),
    Show(show::Show),
    Approve(approve::Approve),
    Reject(reject::Reject),
    Withdraw(withdraw::Withdraw),
    Revoke(revoke::Revoke),
    Cancel(cancel::Cancel),
    Grants(grants::Grants),
    Halt(halt::Halt),
    Resume(resume::Resume),
    Halts(halts::Halts),
    Hook(hook::Hook),
    Doctor(doctor::Doctor),
    Delegate(delegate::Delegate),
    Delegations(delegations::Delegations),
    #[cfg(feature = "server")]
    Serve(serve::Serve),
    #[cfg(feature = "mcp")]
    Mcp(mcp::Mcp),
    #[cfg(feature = "server")]
    Token(token::Token),
    ImportTools(import_tools::ImportTools),
    Clock(clock::Clock),
    Completions(completions::Completions),
    Man(man::Man),
    Version(version::Version),
}

impl Command {
    fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::Init(command) => command.run(context),
            Self::Check(command) => command.run(context),
            Self::Fmt(command) => command.run(context),
            Self::Test(command) => command.run(context),
            Self::Decide(command) => command.run(context),
            Self::Explain(command) => command.run(context),
            Self::Bench(command) => command.run(context),
            Self::Log(command) => command.run(context),
            Self::Pending(command) => command.run(context),
            Self::Show(command) => command.run(context),
            Self::Approve(command) => command.run(context),
            Self::Reject(command) => command.run(context),
            Self::Withdraw(command) => command.run(context),
            Self::Revoke(command) => command.run(context),
            Self::Cancel(command) => command.run(context),
            Self::Grants(command) => command.run(context),
            Self::Halt(command) => command.run(context),
            Self::Resume(command) => command.run(context),
            Self::Halts(command) => command.run(context),
            Self::Hook(command) => command.run(context),
            Self::Doctor(command) => command.run(context),
            Self::Delegate(command) => command.run(context),
            Self::Delegations(command) => command.run(context),
            #[cfg(feature = "server")]
            Self::Serve(command) => command.run(context),
            #[cfg(feature = "mcp")]
            Self::Mcp(command) => command.run(context),
            #[cfg(feature = "server")]
            Self::Token(command) => command.run(context),
            Self::ImportTools(command) => command.run(context),
            Self::Clock(command) => command.run(context),
            Self::Completions(command) => command.run(context),
            Self::Man(command) => command.run(context),
            Self::Version(command) => command.run(context),
        }
    }
}

/// What commands share: where output goes, and the flags given to all.
pub(crate) struct Context {
    pub(crate) output: Output,
    pub(crate) global: Global,
}

impl Context {
    /// The settings: the file beside the first policy or named by `--config`, then `FENCE_*`.
    pub(crate) fn settings(&self, policies: &[PathBuf]) -> Result<Settings, Failure> {
        Settings::load(self.global.config.as_deref(), policies)
    }

    /// The strategies that policies may name: built-in ones and those of the settings.
    pub(crate) fn strategies(&self, settings: &Settings) -> Result<Strategies, Failure> {
        settings.strategies().map(|(strategies, _)| strategies)
    }
}

/// How a command ended, as its exit code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done and positive.
    Positive,
    /// 1: done and negative: errors found, a test failed, damage found.
    Negative,
    /// As another program ended.
    #[cfg(feature = "mcp")]
    Code(u8),
}

impl From<bool> for Exit {
    fn from(positive: bool) -> Self {
        if positive { Self::Positive } else { Self::Negative }
    }
}

/// Usage, unreadable or invalid input: exit code 2.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Failure {
    pub(crate) fn usage(error: impl std::fmt::Display) -> Self {
        Self { message: error.to_string(), help: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            if error.use_stderr() && std::env::args_os().nth(1).is_some_and(|word| word == "hook") {
                hook::drain();
            }
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let context = Context { output: Output::new(cli.global.color), global: cli.global };
    match cli.command.run(&context) {
        Ok(Exit::Positive) => ExitCode::SUCCESS,
        Ok(Exit::Negative) => ExitCode::from(1),
        #[cfg(feature = "mcp")]
        Ok(Exit::Code(code)) => ExitCode::from(code),
        Err(failure) => {
            context.output.failure(&failure);
            ExitCode::from(2)
        }
    }
}
