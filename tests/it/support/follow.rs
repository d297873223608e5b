//! `sluis feed --follow`, and what it has written until now.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};

use serde_json::Value;

use super::{PATIENCE, now, sluis_in, text};

/// A process that follows a feed; it ends with this value.
pub(crate) struct Follower {
    child: Child,
    lines: Receiver<String>,
}

/// More than any test reads.
const LINES_MAX: usize = 10_000;

impl Follower {
    pub(crate) fn start(home: &Path, profile: &str, flags: &[&str]) -> Self {
        let mut child = sluis_in(home)
            .args(["--profile", profile, "-o", "json", "feed", "--follow"])
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary under test is there");
        let (send, lines) = sync_channel(LINES_MAX);
        let out = BufReader::new(child.stdout.take().expect("it is piped"));
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// The next entry.
    pub(crate) fn next(&self) -> Value {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => serde_json::from_str(&line).expect("each line is an object"),
            Err(RecvTimeoutError::Timeout) => panic!("nothing came for {PATIENCE:?}"),
            Err(RecvTimeoutError::Disconnected) => panic!("the stream ended"),
        }
    }

    /// Reads up to and including the entry of this item; the ids.
    pub(crate) fn up_to(&self, item: &str) -> Vec<String> {
        let mut ids = Vec::new();
        while ids.last().map(String::as_str) != Some(item) {
            ids.push(text(&self.next(), "item").to_owned());
        }
        ids
    }

    /// Waits until the process ends by itself: its exit code, and what it said.
    pub(crate) fn ended(mut self) -> (i32, String) {
        let began = now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("the child is ours") {
                break status;
            }
            assert!(began.elapsed() < PATIENCE, "the reader does not end");
            std::thread::sleep(std::time::Duration::from_millis(20));
        };
        let mut said = String::new();
        let err = self.child.stderr.as_mut().expect("it is piped");
        err.read_to_string(&mut said).expect("it says text");
        (status.code().unwrap_or(-1), said)
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
