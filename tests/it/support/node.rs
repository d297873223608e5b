//! A community's node: its data directory, the process that serves it, and its operator's commands.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;

use super::{Answer, PATIENCE, command, now, sluis_in, text, until};

/// A node, running or not.
pub(crate) struct Node {
    /// Its id, such as `energy.isac.example`.
    pub(crate) community: String,
    /// Its data directory.
    pub(crate) data: PathBuf,
    home: PathBuf,
    log: PathBuf,
    environment: Vec<(&'static str, String)>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    process: Option<Serving>,
    /// Where it listened first; it comes back there.
    address: Option<String>,
}

/// A process that ends with this value.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Node {
    /// Makes the data directory. Nothing runs yet.
    pub(crate) fn init(home: &Path, short: &str, environment: &[(&'static str, &str)]) -> Self {
        let node = Self {
            community: format!("{short}.isac.example"),
            data: home.join(short),
            home: home.to_owned(),
            log: home.join(format!("{short}.log")),
            environment: environment
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned()))
                .collect(),
            state: Mutex::default(),
        };
        let name = format!("{short} ISAC");
        let any = "127.0.0.1:0";
        node.operator(&[
            "init",
            "--community",
            &node.community,
            "--name",
            &name,
            "--sector",
            short,
            "--listen",
            any,
            "--https",
            any,
            "--ops",
            any,
        ])
        .done();
        node
    }

    /// Starts the process, and waits until the node is ready.
    pub(crate) fn start(&self) {
        self.spawn();
        self.ready();
    }

    /// Starts the process.
    pub(crate) fn spawn(&self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .expect("the directory is ours");
        let mut command = self.command(&["serve"]);
        if let Some(address) = &self.state().address {
            command.env("SLUIS_LISTEN", address);
        }
        let child = command
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the binary under test is there");
        self.state().process = Some(Serving(child));
    }

    /// Waits until the node is ready.
    pub(crate) fn ready(&self) {
        until("the node is ready", || {
            let mut state = self.state();
            let process = state.process.as_mut().expect("it was started");
            let ended = process.0.try_wait().expect("the child is ours");
            assert!(ended.is_none(), "the node ended: {}", self.logged());
            drop(state);
            (self.operator(&["status"]).code == 0).then_some(())
        });
        let address = std::fs::read_to_string(self.data.join("run/address"))
            .expect("a node that serves says where");
        self.state().address = Some(address.trim().to_owned());
    }

    /// Ends the process as a crash does, between any two of its instructions.
    pub(crate) fn kill(&self) {
        drop(self.state().process.take().expect("it runs"));
    }

    /// Ends the process as an operator does; how it ended, and how long it took.
    pub(crate) fn terminate(&self) -> (ExitStatus, Duration) {
        let mut serving = self.state().process.take().expect("it runs");
        let pid = i32::try_from(serving.0.id()).ok();
        let pid = pid.and_then(rustix::process::Pid::from_raw);
        let began = now();
        rustix::process::kill_process(
            pid.expect("a process has an id"),
            rustix::process::Signal::TERM,
        )
        .expect("the child is ours");
        loop {
            if let Some(status) = serving.0.try_wait().expect("the child is ours") {
                return (status, began.elapsed());
            }
            assert!(began.elapsed() < PATIENCE, "the node does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The id of the process that serves.
    pub(crate) fn process_id(&self) -> u32 {
        self.state().process.as_ref().expect("it runs").0.id()
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> String {
        self.state().address.clone().expect("it was ready once")
    }

    /// What it logged until now.
    pub(crate) fn logged(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Runs an operator's command.
    #[must_use]
    pub(crate) fn operator(&self, arguments: &[&str]) -> Answer {
        command::run(self.command(arguments), arguments, "")
    }

    /// What `status` says, of a node that is ready.
    pub(crate) fn status(&self) -> Value {
        self.operator(&["status"]).done().object()
    }

    /// The state of an agreement, and how far behind the supplier this node is.
    pub(crate) fn link(&self, peer: &str) -> (String, Option<f64>) {
        let status = self.status();
        super::list(&status, "peers")
            .iter()
            .find(|p| text(p, "peer") == peer)
            .map(|p| {
                let lag = p.get("lag").and_then(Value::as_f64);
                (text(p, "state").to_owned(), lag)
            })
            .unwrap_or_default()
    }

    /// The holders of an item as the operator sees them: place and state.
    pub(crate) fn holders(&self, item: &str) -> Vec<(String, String)> {
        let trace = self.operator(&["trace", item]).done().object();
        super::list(&trace, "holders")
            .iter()
            .map(|h| (text(h, "place").to_owned(), text(h, "state").to_owned()))
            .collect()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = sluis_in(&self.home);
        command
            .arg("--data")
            .arg(&self.data)
            .args(["-o", "json", "--yes"])
            .args(arguments);
        for (name, value) in &self.environment {
            command.env(name, value);
        }
        command
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // A test that failed while it held the lock leaves a state that can still be ended.
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
