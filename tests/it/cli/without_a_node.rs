//! The `sluis` program as a shell sees it: exit codes, standard output, standard error. No node runs here.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A machine of its own: a home for profiles and data, and an environment with nothing else in it.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).expect("a new file");
        self.path(name).display().to_string()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sluis"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.0.path())
            .env("SLUIS_HOME", self.path("profiles"))
            .env("USER", "alice")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program runs")
    }

    fn init(&self) -> String {
        let data = self.path("node").display().to_string();
        let made = self.run(&[
            "--data",
            &data,
            "init",
            "--community",
            "energy.isac.example",
            "--name",
            "Energy ISAC",
            "--sector",
            "energy",
            "--listen",
            "127.0.0.1:0",
            "--https",
            "127.0.0.1:0",
            "--ops",
            "127.0.0.1:0",
        ]);
        assert_eq!(made.status.code(), Some(0), "{}", err(&made));
        data
    }
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn objects(output: &Output) -> Vec<Value> {
    out(output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[test]
fn wrong_usage_ends_with_2_and_help_with_0() {
    let machine = Machine::new();
    for arguments in [
        &["frobnicate"][..],
        &["push"],
        &["push", "x", "--tlp", "PINK"],
        &[],
    ] {
        let output = machine.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            output.stdout.is_empty() && !output.stderr.is_empty(),
            "{arguments:?}"
        );
    }
    for arguments in [
        &["--help"][..],
        &["help", "push"],
        &["peer", "accept", "--help"],
        &["--version"],
    ] {
        let output = machine.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(
            !output.stdout.is_empty() && output.stderr.is_empty(),
            "{arguments:?}"
        );
    }
}

#[test]
fn init_makes_a_node_once_and_says_what_to_save() {
    let machine = Machine::new();
    let data = machine.init();
    assert!(Path::new(&data).join("operator/alice/cert.pem").exists());
    let again = machine.run(&[
        "init",
        "--data",
        &data,
        "--community",
        "energy.isac.example",
        "--name",
        "E",
        "--sector",
        "energy",
    ]);
    assert_eq!(again.status.code(), Some(1));
    assert!(err(&again).contains("already"), "{}", err(&again));
    let other = machine.path("other").display().to_string();
    let made = machine.run(&[
        "init",
        "--data",
        &other,
        "--community",
        "water.isac.example",
        "--name",
        "W",
        "--sector",
        "water",
        "-o",
        "json",
    ]);
    let [object] = &objects(&made)[..] else {
        panic!("{}", out(&made))
    };
    assert_eq!(
        object["operator"],
        "spiffe://water.isac.example/operator/alice"
    );
    assert_eq!(object["ca_fingerprint"].as_str().map(str::len), Some(64));
    assert!(err(&made).is_empty(), "{}", err(&made));
}

#[test]
fn a_node_that_does_not_run_is_not_reachable() {
    let machine = Machine::new();
    let data = machine.init();
    for arguments in [
        &["status"][..],
        &["member", "list"],
        &["peer", "list"],
        &["operator", "invite", "bob"],
    ] {
        let output = machine
            .command(arguments)
            .args(["--data", &data])
            .output()
            .expect("the program runs");
        assert_eq!(
            output.status.code(),
            Some(4),
            "{arguments:?}: {}",
            err(&output)
        );
        assert!(err(&output).contains("serve"), "{}", err(&output));
    }
    // A stale address of a node that was killed: nobody answers there.
    std::fs::create_dir(Path::new(&data).join("run")).expect("a new directory");
    std::fs::write(Path::new(&data).join("run/address"), "127.0.0.1:1\n").expect("a new file");
    let output = machine.run(&["status", "--data", &data, "-o", "json"]);
    assert_eq!(output.status.code(), Some(4), "{}", err(&output));
    assert!(output.stdout.is_empty());
}

#[test]
fn without_a_profile_or_a_node_a_command_says_what_to_do() {
    let machine = Machine::new();
    for (arguments, wanted) in [
        (&["feed"][..], "sluis join"),
        (
            &["feed", "--profile", "nobody"],
            "there is no profile nobody",
        ),
        (&["member", "list"], "--data"),
        (&["status"], "sluis join"),
        (&["config"], "sluis init"),
        (&["serve"], "sluis init"),
        (&["status", "--data", "/nonexistent"], "sluis init"),
        (&["join", "hello"], "sluis1."),
    ] {
        let output = machine.run(arguments);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{arguments:?}: {}",
            err(&output)
        );
        assert!(
            err(&output).contains(wanted),
            "{arguments:?}: {}",
            err(&output)
        );
        assert!(!err(&output).contains("panicked"), "{}", err(&output));
    }
}

#[test]
fn config_shows_values_with_their_sources() {
    let machine = Machine::new();
    let data = machine.init();
    let output = machine
        .command(&["config", "--data", &data, "-o", "json"])
        .env("SLUIS_DEFAULT_LABEL", "AMBER")
        .output()
        .expect("the program runs");
    let [object] = &objects(&output)[..] else {
        panic!("{}", out(&output))
    };
    assert_eq!(object["default_label"]["value"], "AMBER");
    assert_eq!(object["default_label"]["source"], "SLUIS_DEFAULT_LABEL");
    assert_eq!(object["community"]["value"], "energy.isac.example");
    assert!(
        object["community"]["source"]
            .as_str()
            .is_some_and(|s| s.starts_with("sluis.toml:"))
    );
    assert_eq!(object["endorsements_required"]["value"], "2");
    assert_eq!(object["endorsements_required"]["source"], "default");

    let wrong = machine
        .command(&["config", "--data", &data])
        .env("SLUIS_OPS", "0.0.0.0:1")
        .output()
        .expect("the program runs");
    assert_eq!(wrong.status.code(), Some(1));
    assert!(err(&wrong).contains("SLUIS_OPS"), "{}", err(&wrong));
}

#[test]
fn inspect_answers_one_object_for_each_file_and_3_if_one_is_not_valid() {
    let machine = Machine::new();
    let good = machine.write("good.md", "# Phishing wave\n\nNothing to see here.\n");
    let marked = machine.write("marked.txt", "TLP:AMBER\n\nA report.\n");
    let broken = machine.write("broken.json", "{\"type\": \"bundle\", \"id\": ");
    let output = machine.run(&["inspect", &good, &marked, &broken, "-o", "json"]);
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    let found = objects(&output);
    assert_eq!(found.len(), 3);
    for (object, file) in found.iter().zip([&good, &marked, &broken]) {
        assert_eq!(object["file"], **file);
        for key in [
            "format", "identity", "version", "label", "markings", "parts", "valid", "problems",
        ] {
            assert!(object.get(key).is_some(), "{key} is missing in {object}");
        }
    }
    assert_eq!(found[0]["valid"], true);
    assert_eq!(found[0]["label"], Value::Null);
    assert_eq!(found[2]["valid"], false);
    assert!(found[2]["problems"][0]["message"].is_string());

    let declared = machine.run(&["inspect", "--tlp", "green", &good, "-o", "json"]);
    assert_eq!(declared.status.code(), Some(0), "{}", err(&declared));
    assert_eq!(objects(&declared)[0]["label"], "GREEN");

    let missing = machine.run(&["inspect", "/nonexistent/x.json", &good, "-o", "json"]);
    assert_eq!(missing.status.code(), Some(1));
    assert_eq!(objects(&missing).len(), 2);
}

#[test]
fn foreign_text_never_acts_on_the_terminal() {
    let machine = Machine::new();
    let name = "\u{1b}[31mred\u{202e}.md";
    let file = machine.write(name, "# T\n");
    for form in ["table", "json"] {
        let output = machine.run(&["inspect", &file, "-o", form]);
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        assert!(
            !out(&output).contains('\u{1b}') && !out(&output).contains('\u{202e}'),
            "{form}"
        );
    }
    assert_eq!(
        objects(&machine.run(&["inspect", &file, "-o", "json"]))[0]["file"],
        *file
    );
}

#[test]
fn there_is_no_colour_where_nobody_looks() {
    let machine = Machine::new();
    let file = machine.write("a.txt", "TLP:RED\n\nA report.\n");
    let plain = machine.run(&["inspect", &file]);
    assert!(out(&plain).contains("TLP:RED") && !out(&plain).contains('\u{1b}'));
    let forced = machine
        .command(&["inspect", &file])
        .env("NO_COLOR", "1")
        .env("CLICOLOR_FORCE", "1")
        .output()
        .expect("the program runs");
    assert!(!out(&forced).contains('\u{1b}'));
}

#[test]
fn completions_are_written_and_a_reader_that_leaves_is_no_failure() {
    let machine = Machine::new();
    let output = machine.run(&["completions", "bash"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(out(&output).contains("withdraw"));

    let mut child = machine
        .command(&["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert!(output.stderr.is_empty(), "{}", err(&output));
}

#[test]
fn invites_can_come_on_standard_input() {
    use std::io::Write as _;
    let machine = Machine::new();
    let mut child = machine
        .command(&["join", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(b"sluis1.damaged\n")
        .expect("the program reads");
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    assert!(err(&output).contains("invite"), "{}", err(&output));
    assert!(
        !err(&output).contains("sluis1.damaged"),
        "an invite was repeated"
    );
}
