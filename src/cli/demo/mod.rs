//! The demonstration: three sectors' nodes, their members and agreements, and real documents, all by mutual TLS.
//!
//! ```text
//! scenario (the play, by hand) ─▶ stage (nodes, members, peers) ─▶ acts (pushes) ─▶ holdings (who has what)
//!        └──────────────▶ oracle (who should have what) ─────────────────────────────────┴─▶ report
//! ```
//!
//! The oracle shares no code with the policy; what it did not expect and somebody holds is a leak, and the exit code says so.

mod acts;
mod holdings;
mod oracle;
mod pushes;
mod report;
mod scenario;
mod stage;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::{Exit, Failure, Output};
use stage::Stage;

/// What is asked of the demonstration.
#[derive(Debug)]
pub(crate) struct DemoOptions {
    /// Run through, report, and end.
    pub(crate) once: bool,
    /// Where to keep the data; `None`: a temporary directory, removed at the end.
    pub(crate) dir: Option<PathBuf>,
    /// Where the report goes.
    pub(crate) output: Output,
}

/// Runs the demonstration.
pub(crate) async fn run(options: DemoOptions) -> Result<Exit, Failure> {
    let failed = |error: &anyhow::Error| {
        Failure::failed(format!("the demonstration broke off: {}", told(error)))
            .next("run it again with -v to see what the nodes say")
    };
    let directory = Directory::open(options.dir.as_deref())?;
    match play(&options, &directory).await {
        Ok(exit) => Ok(exit),
        // Whoever read the report has seen enough.
        Err(error) if error.to_string().is_empty() => Err(Failure::unread()),
        Err(error) => Err(failed(&error)),
    }
}

/// An error with its causes; of a gRPC status its message alone.
fn told(error: &anyhow::Error) -> String {
    let parts: Vec<String> = error
        .chain()
        .map(|cause| match cause.downcast_ref::<tonic::Status>() {
            Some(status) => status.message().to_owned(),
            None => cause.to_string(),
        })
        .collect();
    parts.join(": ")
}

async fn play(options: &DemoOptions, directory: &Directory) -> Result<Exit> {
    let dir = directory.path();
    let say = |text: &str| options.output.note(text);
    let mut interrupt = Interrupt::new()?;
    let staged = tokio::select! {
        staged = perform(dir, &say) => staged?,
        () = interrupt.came() => {
            say("interrupted");
            return Ok(Exit::Failed);
        }
    };
    let (stage, report) = staged;
    report
        .show(&options.output)
        .map_err(|f| anyhow::anyhow!(f.message))?;
    if !options.once {
        report.what_to_try(&options.output, dir, &stage);
        interrupt.came().await;
        say(&match directory {
            Directory::Temporary(_) => "ending the nodes and cleaning up".to_owned(),
            Directory::Given(dir) => format!("ending the nodes; {} stays", dir.display()),
        });
    }
    let exit = if report.is_sound() {
        Exit::Done
    } else {
        Exit::Failed
    };
    stage.strike().await;
    Ok(exit)
}

async fn perform(dir: &Path, say: &dyn Fn(&str)) -> Result<(Stage, report::Report)> {
    let mut stage = Stage::set_up(dir, say).await?;
    let acts = acts::play(&mut stage, say).await?;
    let holdings = holdings::settled(&stage, &acts, say).await?;
    let report = report::Report::of(&stage, &acts, holdings).await?;
    Ok((stage, report))
}

/// Where the demonstration keeps its data.
enum Directory {
    /// Removed at the end.
    Temporary(tempfile::TempDir),
    /// Given by the user, and kept.
    Given(PathBuf),
}

impl Directory {
    fn open(given: Option<&Path>) -> Result<Self> {
        let Some(given) = given else {
            let made = tempfile::Builder::new()
                .prefix("sluis-demo-")
                .tempdir()
                .context("no temporary directory can be made")?;
            return Ok(Self::Temporary(made));
        };
        std::fs::create_dir_all(given)
            .with_context(|| format!("{} cannot be made", given.display()))?;
        let mut entries = std::fs::read_dir(given)
            .with_context(|| format!("{} cannot be read", given.display()))?;
        ensure!(
            entries.next().is_none(),
            "{} is not empty; name an empty or a new directory with --dir",
            given.display()
        );
        Ok(Self::Given(given.canonicalize()?))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Temporary(made) => made.path(),
            Self::Given(given) => given,
        }
    }
}

/// SIGINT and SIGTERM.
struct Interrupt {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Interrupt {
    fn new() -> Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn came(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
