//! `sluis backup` and `sluis restore`: everything of a node in one file that a passphrase opens.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;

use indicatif::ProgressBar;
use serde::Serialize;

use super::text::shown;
use super::{Context, Exit, Failure, session};
use crate::node::backup::{self, Passphrase, Task};
use crate::trust::files;

/// Where the backup is, and what opens it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  sluis --data /var/lib/sluis backup /mnt/safe/energy-2026-11-24.sluis\n  \
                  sluis backup energy.sluis --passphrase-file /root/backup.pass     from a timer\n\nThe node may run. \
                  The file holds the CA's key and everything that was shared: keep the passphrase elsewhere than the file."
)]
pub(super) struct BackupArguments {
    /// The backup: a new file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A file with the passphrase on its first line; without it you are asked
    #[arg(long, value_name = "F")]
    passphrase_file: Option<PathBuf>,
}

/// Which backup to bring back, and what opens it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  sluis --data /var/lib/sluis-new restore /mnt/safe/energy-2026-11-24.sluis\n\nThe directory \
                  must be empty. Never run two nodes from one backup. Invites that were open are void; peers and \
                  members read again by themselves."
)]
pub(super) struct RestoreArguments {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A file with the passphrase on its first line; without it you are asked
    #[arg(long, value_name = "F")]
    passphrase_file: Option<PathBuf>,
}

/// What `backup` answers.
#[derive(Serialize)]
struct BackedUp {
    file: String,
    community: String,
    made: String,
    files: u64,
    bytes: u64,
    sha256: String,
}

/// What `restore` answers.
#[derive(Serialize)]
struct Restored {
    data: String,
    community: String,
    made: String,
    files: u64,
    invites_voided: u64,
}

pub(super) async fn backup(arguments: BackupArguments, context: &Context) -> Result<Exit, Failure> {
    let passphrase = passphrase(arguments.passphrase_file.as_ref(), Purpose::New)?;
    let bar = context.output.counter("bytes");
    let file = arguments.file.display().to_string();
    let task = task(arguments.file, passphrase, &bar, context)?;
    let made = backup::backup(task).await;
    bar.finish_and_clear();
    let made = made.map_err(|error| Failure::because("there is no backup", &error))?;
    if context.output.is_json() {
        context.output.object(&BackedUp {
            file,
            community: made.community.to_string(),
            made: made.made.to_string(),
            files: made.files,
            bytes: made.bytes,
            sha256: made.sha256.to_string(),
        })?;
    } else {
        context.output.line(&format!(
            "{} is saved in {}: {} files, {} bytes, read back and whole",
            made.community,
            shown(&file),
            made.files,
            made.bytes
        ))?;
        context.output.line(&format!("SHA-256 {}", made.sha256))?;
    }
    Ok(Exit::Done)
}

pub(super) async fn restore(
    arguments: RestoreArguments,
    context: &Context,
) -> Result<Exit, Failure> {
    let passphrase = passphrase(arguments.passphrase_file.as_ref(), Purpose::Known)?;
    let bar = context.output.counter("files");
    let task = task(arguments.file, passphrase, &bar, context)?;
    let data = task.data.display().to_string();
    let restored = backup::restore(task).await;
    bar.finish_and_clear();
    let restored = restored.map_err(|error| Failure::because("nothing was restored", &error))?;
    let voided = restored.invites_voided;
    if context.output.is_json() {
        context.output.object(&Restored {
            data,
            community: restored.community,
            made: restored.made,
            files: restored.files,
            invites_voided: voided,
        })?;
    } else {
        context.output.line(&format!(
            "{} is back in {} as it was at {}; {voided} open invites are void",
            shown(&restored.community),
            shown(&data),
            shown(&restored.made),
        ))?;
    }
    context.output.note(format!(
        "The node that was lost must not come back beside this one. Peers and members read again by themselves.\nnext: {}",
        context.again("serve")
    ));
    Ok(Exit::Done)
}

fn task(
    file: PathBuf,
    passphrase: Passphrase,
    bar: &ProgressBar,
    context: &Context,
) -> Result<Task, Failure> {
    let bar = bar.clone();
    Ok(Task {
        data: session::data_directory(context)?,
        file,
        passphrase,
        progress: Arc::new(move |done| bar.set_position(done)),
        clock: Arc::clone(&context.clock),
        entropy: Arc::clone(&context.entropy),
    })
}

/// What a passphrase is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// A new backup: it is asked for twice, and must not be short.
    New,
    /// One that was made before.
    Known,
}

fn passphrase(file: Option<&PathBuf>, purpose: Purpose) -> Result<Passphrase, Failure> {
    let passphrase = match file {
        Some(file) => {
            let bytes = files::read_private(file)
                .map_err(|error| Failure::because("the passphrase cannot be read", &error))?;
            let text = String::from_utf8(bytes).map_err(|_| {
                Failure::failed(format!("{} holds no text", shown(&file.to_string_lossy())))
            })?;
            Passphrase::new(text.lines().next().unwrap_or_default())
        }
        None => asked(purpose)?,
    };
    if purpose == Purpose::New && passphrase.is_short() {
        return Err(Failure::new(
            Exit::Usage,
            format!(
                "the passphrase has fewer than {} characters; whoever finds the file can try as many as he likes",
                Passphrase::CHARS_MIN
            ),
        )
        .next("take six words that nobody would put together, or a line of `openssl rand -base64 24`"));
    }
    Ok(passphrase)
}

fn asked(purpose: Purpose) -> Result<Passphrase, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new(
            Exit::Usage,
            "a backup needs a passphrase, and there is nobody to ask for it",
        )
        .next("name a file that holds it with --passphrase-file"));
    }
    let ask = |question: &str| -> Result<Passphrase, Failure> {
        let terminal = console::Term::stderr();
        let typed = terminal
            .write_str(question)
            .and_then(|()| terminal.read_secure_line())
            .map_err(|error| Failure::because("the terminal cannot be read", &error))?;
        Ok(Passphrase::new(&typed))
    };
    let passphrase = ask("passphrase: ")?;
    if purpose == Purpose::New && ask("the same again: ")? != passphrase {
        return Err(Failure::failed(
            "the two are not the same; nothing was done",
        ));
    }
    Ok(passphrase)
}
