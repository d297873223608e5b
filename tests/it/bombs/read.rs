//! Each bomb is read by `sluis inspect`, under limits of its own.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use sluis::formats::Limits;

use super::made::{Bomb, of_gzip, of_json, of_misp_and_csaf, of_stix, of_text};

/// Bytes of a bomb: small enough for a build without optimisation, and large enough that its square is not: at two
/// bytes an element, 10¹² steps.
pub(super) const BOMB_BYTES: usize = 2 * 1024 * 1024;

/// What a process may have in address space, in KiB: the program and its libraries, the largest document that a node reads
/// with what was compressed beside it, and what is made of it, four times as much.
fn memory_kib() -> usize {
    let program = 256 * 1024;
    let document = Limits::default().bytes_max / 1024;
    program + 6 * document
}

/// Seconds of a processor. A bomb takes one or two here; what is quadratic takes hours.
const CPU_SECONDS: usize = 60;

/// Reads a document under the limits and returns what was said of it.
#[track_caller]
fn answered(directory: &Path, (name, bytes): &Bomb) -> Value {
    assert!(bytes.len() <= Limits::default().bytes_max, "{name}");
    let path = directory.join("bomb");
    std::fs::write(&path, bytes).unwrap();
    let limited = format!(
        "ulimit -v {}; ulimit -t {CPU_SECONDS}; ulimit -c 0; exec \"$0\" inspect -o json \"$1\"",
        memory_kib()
    );
    let output = Command::new("sh")
        .args(["-c", &limited, env!("CARGO_BIN_EXE_sluis")])
        .arg(&path)
        .env_clear()
        .env("HOME", directory)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    let code = output.status.code();
    assert!(
        matches!(code, Some(0 | 3)),
        "{name}: {:?}, {}",
        output.status,
        error.chars().take(1_000).collect::<String>()
    );
    // The answer itself is no bomb either.
    assert!(
        output.stdout.len() <= 8 * BOMB_BYTES,
        "{name}: an answer of {} bytes",
        output.stdout.len()
    );
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["valid"] == true, code == Some(0), "{name}");
    answer
}

#[track_caller]
fn all_answered(bombs: &[Bomb]) {
    let directory = tempfile::tempdir().unwrap();
    for bomb in bombs {
        answered(directory.path(), bomb);
    }
}

#[test]
fn bombs_of_json_are_answered() {
    all_answered(&of_json());
}

#[test]
fn bombs_of_stix_are_answered() {
    all_answered(&of_stix());
}

#[test]
fn bombs_of_misp_and_csaf_are_answered() {
    all_answered(&of_misp_and_csaf());
}

#[test]
fn bombs_of_text_are_answered() {
    all_answered(&of_text());
}

#[test]
fn bombs_of_gzip_are_answered() {
    all_answered(&of_gzip());
}

/// The limits of this test would be noticed: they end a process that does too much.
#[test]
fn what_takes_more_than_it_may_is_ended() {
    let directory = tempfile::tempdir().unwrap();
    let ended = |limited: &str| {
        let status = Command::new("sh")
            .args(["-c", limited])
            .env_clear()
            .current_dir(&directory)
            .stderr(Stdio::null())
            .status();
        !status.unwrap().success()
    };
    assert!(ended("ulimit -t 1; ulimit -c 0; while :; do :; done"));
}

/// What compresses well is refused as soon as it is larger than a document may be.
#[test]
fn what_inflates_beyond_the_limit_is_too_large() {
    let directory = tempfile::tempdir().unwrap();
    for bomb in of_gzip()
        .iter()
        .filter(|(name, _)| matches!(*name, "zeros" | "spaces" | "members"))
    {
        let answer = answered(directory.path(), bomb);
        let problem = answer["problems"][0]["message"].as_str().unwrap();
        assert!(problem.starts_with("too-large"), "{}: {problem}", bomb.0);
    }
}
