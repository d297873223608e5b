//! The command line, run as a process of its own and in an environment of its own.

use std::io::{Read, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{PATIENCE, now};

/// What a command answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) typed: String,
    /// The exit code; -1 where a signal ended it.
    pub(crate) code: i32,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

impl Answer {
    /// The same, if it ended with this code.
    #[track_caller]
    pub(crate) fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self}");
        self
    }

    /// The same, if it did what was asked.
    #[track_caller]
    pub(crate) fn done(self) -> Self {
        self.ends(0)
    }

    /// Standard output as text.
    #[track_caller]
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.out.clone()).unwrap_or_else(|_| panic!("text was expected: {self}"))
    }

    /// The objects on standard output, one on each line.
    #[track_caller]
    pub(crate) fn objects(&self) -> Vec<Value> {
        self.text()
            .lines()
            .map(|line| {
                let value = serde_json::from_str(line);
                value.unwrap_or_else(|error| panic!("{error} in {line}: {self}"))
            })
            .collect()
    }

    /// The only object on standard output.
    #[track_caller]
    pub(crate) fn object(&self) -> Value {
        let mut objects = self.objects();
        assert_eq!(objects.len(), 1, "one object was expected: {self}");
        objects.remove(0)
    }

    /// The object, if it is a refusal with this reason and exit code 3.
    #[track_caller]
    pub(crate) fn refused(self, reason: &str) -> Value {
        let answer = self.ends(3);
        let object = answer.object();
        assert_eq!(super::text(&object, "status"), "refused", "{object}");
        assert_eq!(super::text(&object, "reason"), reason, "{object}");
        assert!(!super::text(&object, "message").is_empty(), "{object}");
        object
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let out = String::from_utf8_lossy(&self.out);
        let Self {
            typed, code, err, ..
        } = self;
        write!(f, "\n$ sluis {typed}\n{out}\n{err}\nended with {code}")
    }
}

/// A command that nothing around it changes: no variable of ours reaches it, and it finds no profile but those in `home`.
pub(crate) fn sluis_in(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluis"));
    command
        .env_clear()
        .env("HOME", home)
        .env("SLUIS_HOME", home.join("profiles"))
        .stdin(Stdio::null());
    command
}

/// Runs a command to its end.
#[must_use]
pub(crate) fn sluis(home: &Path, arguments: &[&str], input: &str) -> Answer {
    let mut command = sluis_in(home);
    command.args(arguments);
    run(command, arguments, input)
}

/// Runs a prepared command to its end.
#[must_use]
pub(crate) fn run(mut command: Command, arguments: &[&str], input: &str) -> Answer {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary under test is there");
    // A command that does not read its input may end first.
    let _ = child
        .stdin
        .take()
        .expect("it is piped")
        .write_all(input.as_bytes());
    let out = drain(child.stdout.take().expect("it is piped"));
    let err = drain(child.stderr.take().expect("it is piped"));
    let began = now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("the child is ours") {
            break status;
        }
        if began.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            panic!("`sluis {}` does not end", arguments.join(" "));
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    };
    Answer {
        typed: arguments.join(" "),
        code: status.code().unwrap_or(-1),
        out: out.join().expect("reading does not panic"),
        err: String::from_utf8_lossy(&err.join().expect("reading does not panic")).into_owned(),
    }
}

fn drain(mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        bytes
    })
}
