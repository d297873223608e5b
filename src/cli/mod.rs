//! The command line: one file a command group.
//!
//! ```text
//! arguments ─▶ Cli ─▶ Context (output, environment, clock) ─▶ a command ─▶ Exit
//!                                                             └─▶ Failure: a sentence on standard error, and its code
//! ```
//!
//! Answers go to standard output, one JSON object a line with `-o json`; everything else goes to standard error.
//! Whether an item may be shared is decided by the node, never here.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::clock::{Clock, Entropy, SystemClock, SystemEntropy};
use crate::node::config::{Environment, LogFormat};
use crate::node::telemetry;

mod agreement;
mod audit;
mod backup;
pub mod demo;
mod doctor;
mod failure;
mod feed;
mod init;
mod inspect;
mod item;
mod join;
mod member;
mod node;
mod operator;
mod output;
mod peer;
mod prompt;
mod push;
mod quarantine;
mod session;
mod status;
mod text;
mod values;
mod view;
mod waiting;

pub use failure::Exit;
pub(crate) use failure::Failure;
pub use output::{Form, Output};

/// Shares threat information between communities: each item goes exactly as far as its source allowed.
#[derive(Debug, Parser)]
#[command(
    name = "sluis",
    version,
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = AFTER_HELP
)]
pub struct Cli {
    #[command(flatten)]
    global: GlobalOptions,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command; they may stand anywhere.
#[derive(Debug, clap::Args)]
pub(crate) struct GlobalOptions {
    /// A node's data directory; operator's commands use the operator credential in it [default: $SLUIS_DATA_DIR, or
    /// the user's data directory]
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        help_heading = "Global options"
    )]
    pub(crate) data: Option<PathBuf>,
    /// A person's or tool's credential, kept under $SLUIS_HOME [default: $SLUIS_PROFILE, or default]
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        help_heading = "Global options"
    )]
    pub(crate) profile: Option<String>,
    /// How answers are written
    #[arg(
        short,
        long,
        global = true,
        value_enum,
        default_value_t,
        help_heading = "Global options"
    )]
    pub(crate) output: Form,
    /// Say nothing but answers and errors
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub(crate) quiet: bool,
    /// Say more on standard error; twice: everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Global options")]
    pub(crate) verbose: u8,
    /// Answer every question with yes
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub(crate) yes: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show everything at work: three nodes on this machine, real documents, what crossed and what was withheld
    Demo(DemoArguments),
    /// Make a node's data directory: the community's CA, the node's keys, the first operator
    Init(init::InitArguments),
    /// Run the node
    Serve,
    /// Show the node: is it up, what does it hold, how do its links do
    Status,
    /// The operators of the node
    #[command(subcommand)]
    Operator(operator::OperatorCommand),
    /// The members of the community and their credentials
    #[command(subcommand)]
    Member(member::MemberCommand),
    /// Turn an invite into a credential on this machine
    Join(join::JoinArguments),
    /// The peers: other communities, and what was agreed with them
    #[command(subcommand)]
    Peer(peer::PeerCommand),
    /// Share documents
    Push(Box<push::PushArguments>),
    /// Read what you may see, oldest first
    Feed(feed::FeedArguments),
    /// Show what the node would read from a document, without a node
    Inspect(inspect::InspectArguments),
    /// Show an item
    Show(item::ShowArguments),
    /// Say why an item goes where, or does not
    Explain(item::ExplainArguments),
    /// Say who has an item, and since when
    Trace(item::TraceArguments),
    /// Tell the operator who submitted an item; the look is recorded
    Source(item::SourceArguments),
    /// Change an item: its label, audience, terms, or its document
    Revise(Box<push::revise::ReviseArguments>),
    /// Take an item back, everywhere it went
    Withdraw(item::WithdrawArguments),
    /// The audit log
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    #[command(subcommand)]
    Waiting(waiting::WaitingCommand),
    /// Save the whole node in one file that a passphrase opens; it may run
    Backup(backup::BackupArguments),
    /// Bring a backup back into an empty data directory
    Restore(backup::RestoreArguments),
    /// Look at the data directory and its place, changing nothing; exit code 1 if something is wrong
    Doctor,
    /// Show the settings in force, and where each comes from
    Config,
    /// Write the completions for a shell
    Completions(CompletionsArguments),
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  sluis demo --once            run through and report; exit code 0 if nothing leaked\n  \
                        sluis demo --dir /tmp/demo   stay up, and say what to try"
)]
struct DemoArguments {
    /// Run through, report, and end
    #[arg(long)]
    once: bool,
    /// Where to keep the three nodes' data [default: a temporary directory]
    #[arg(long, value_name = "D")]
    dir: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  sluis completions bash > ~/.local/share/bash-completion/completions/sluis"
)]
struct CompletionsArguments {
    /// The shell
    shell: clap_complete::Shell,
}

/// What every command is given.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) output: Output,
    pub(crate) options: GlobalOptions,
    pub(crate) environment: Environment,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl Context {
    /// A command to be typed next, with the same node or profile as this one.
    pub(crate) fn again(&self, command: &str) -> String {
        let mut line = "sluis".to_owned();
        if let Some(data) = &self.options.data {
            line.push_str(&format!(" --data {}", quoted(&data.to_string_lossy())));
        }
        if let Some(profile) = &self.options.profile {
            line.push_str(&format!(" --profile {}", quoted(profile)));
        }
        format!("{line} {command}")
    }
}

/// One word of a shell's command line.
fn quoted(word: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_alphanumeric() || "/._-+=:@,".contains(c);
    match word.chars().all(plain) && !word.is_empty() {
        true => Cow::Borrowed(word),
        false => Cow::Owned(format!("'{}'", text::shown(word).replace('\'', "'\\''"))),
    }
}

/// Runs one command line, the program's name included, and returns its exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let exit = match Cli::try_parse_from(arguments) {
        Ok(cli) => run(cli),
        Err(error) => {
            // Help and version are answers, everything else is wrong usage; clap knows where each belongs. A reader
            // who went away is no reason to complain.
            let _ = error.print();
            match error.use_stderr() {
                true => Exit::Usage,
                false => Exit::Done,
            }
        }
    };
    ExitCode::from(exit.code())
}

fn run(cli: Cli) -> Exit {
    let environment = Environment::of_process();
    let output = Output::new(cli.global.output, cli.global.quiet, &environment);
    // A node starts its log when its settings are known.
    if !matches!(cli.command, Command::Serve) {
        let directives = match cli.global.verbose {
            0 => "off",
            1 => "sluis=info",
            2 => "sluis=debug,info",
            _ => "trace",
        };
        telemetry::start(LogFormat::Text, directives, &environment);
    }
    let context = Context {
        output,
        options: cli.global,
        environment,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy::default()),
    };
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::because("the runtime cannot be started", &error))
        .and_then(|runtime| runtime.block_on(dispatch(cli.command, &context)));
    match outcome {
        Ok(exit) => exit,
        Err(failure) => {
            if !failure.message.is_empty() {
                context.output.error(format!("sluis: {failure}"));
            }
            failure.exit
        }
    }
}

async fn dispatch(command: Command, context: &Context) -> Result<Exit, Failure> {
    match command {
        Command::Demo(DemoArguments { once, dir }) => {
            let output = context.output.clone();
            demo::run(demo::DemoOptions { once, dir, output }).await
        }
        Command::Init(arguments) => init::run(arguments, context),
        Command::Serve => node::serve(context).await,
        Command::Status => status::run(context).await,
        Command::Operator(command) => operator::run(command, context).await,
        Command::Member(command) => member::run(command, context).await,
        Command::Join(arguments) => join::run(arguments, context).await,
        Command::Peer(command) => peer::run(command, context).await,
        Command::Push(arguments) => push::run(*arguments, context).await,
        Command::Feed(arguments) => feed::run(arguments, context).await,
        Command::Inspect(arguments) => inspect::run(arguments, context),
        Command::Show(arguments) => item::show(arguments, context).await,
        Command::Explain(arguments) => item::explain(arguments, context).await,
        Command::Trace(arguments) => item::trace(arguments, context).await,
        Command::Source(arguments) => item::source(arguments, context).await,
        Command::Revise(arguments) => push::revise::run(*arguments, context).await,
        Command::Withdraw(arguments) => item::withdraw(arguments, context).await,
        Command::Audit(command) => audit::run(command, context).await,
        Command::Waiting(command) => waiting::run(command, context).await,
        Command::Backup(arguments) => backup::backup(arguments, context).await,
        Command::Restore(arguments) => backup::restore(arguments, context).await,
        Command::Doctor => doctor::run(context).await,
        Command::Config => node::config(context),
        Command::Completions(CompletionsArguments { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "sluis", &mut script);
            context.output.bytes(&script).map(|()| Exit::Done)
        }
    }
}

const AFTER_HELP: &str = "\
First steps:
  sluis demo --once                                  see it work
  sluis init --community energy.isac.example --name \"Energy ISAC\" --sector energy
  sluis serve                                        run the node
  sluis member add acme --name \"ACME Power\"          register a member; then endorse, admit, invite
  sluis join -                                       on the member's machine: paste the invite
  sluis push report.md --tlp GREEN                   share
  sluis feed --follow                                read

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused by the rules, 4 not reachable, 5 not allowed.
`sluis COMMAND --help` has examples.";

#[cfg(test)]
mod tests;
