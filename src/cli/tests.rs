use clap::error::ErrorKind;

use super::*;

/// A command line as a shell would split it; words in single quotes stay together.
fn words(line: &str) -> Vec<String> {
    let mut words = vec!["sluis".to_owned()];
    for (n, piece) in line.split('\'').enumerate() {
        if n % 2 == 1 {
            words.push(piece.to_owned());
        } else {
            words.extend(piece.split_whitespace().map(str::to_owned));
        }
    }
    words
}

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(words(line))
}

const ITEM: &str = "0190f0c4-7b1e-7a52-8c3d-5f0e6a7b8c9d";

#[test]
fn the_command_tree_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_documented_command_line_parses() {
    for line in [
        "demo",
        "demo --once",
        "demo --once --dir /tmp/d -o json",
        "init --community energy.isac.example --name 'Energy ISAC' --sector energy",
        "--data /d init --community a.example --name A --sector water --listen 127.0.0.1:0 --https 127.0.0.1:0 --ops 127.0.0.1:0 --advertise localhost:7443 --operator alice",
        "serve",
        "serve --data /d",
        "--data /d -v serve",
        "status",
        "status --data /d -o json",
        "operator invite bob",
        "member add acme --name 'ACME Power'",
        "member add acme --name N --domain a.example --domain b.example --identity identity--1 --identity identity--2 --contact 'J. Doe' --commercial",
        "member endorse acme --profile meryem",
        "member admit acme",
        "member suspend acme",
        "member resume acme",
        "member remove acme --yes",
        "member list -o json",
        "member show acme",
        "member invite acme --person meryem",
        "member invite acme --tool siem --ttl 24h -o json",
        "member revoke acme --person meryem",
        "member revoke acme --tool siem",
        "join sluis1.AAAA",
        "join - --profile siem",
        "peer invite --community water.isac.example",
        "peer invite --community water.isac.example --out-ceiling AMBER --in-ceiling TLP:GREEN --onward --kinds advisory,report --sectors energy,water --commercial --from 2027-01-01 --until 2027-12-31",
        "peer accept sluis1.AAAA --yes",
        "peer accept - --no-onward --in-ceiling CLEAR",
        "peer confirm energy.isac.example",
        "peer list",
        "peer show water.isac.example",
        "peer suspend water.isac.example",
        "peer resume water.isac.example",
        "peer remove water.isac.example --yes",
        "push a.json",
        "push a.json b.json.gz - --tlp AMBER+STRICT --to acme --to acme/meryem --to water.isac.example --kind ADVISORY --title T --summary S --sector energy --sector water --severity high --urgency immediate --pap amber --tag x --tag y --attribution anonymous --hop-limit 1 --valid-until 2027-01-31 --terms no-commercial-use,no-resale --resolve-marking line:12=GREEN --resolve-marking marking-definition--1=RED --accept-mentions --dry-run",
        "push a.md --tlp tlp:white --valid-until 2027-01-31T12:00:00+01:00",
        "push a.md --attribution named --hop-limit 0",
        "feed",
        "feed --follow -o json --profile siem",
        "feed --after abc --limit 10 --kind report --sector energy --origin water.isac.example",
        "inspect a.json b.pdf",
        "inspect --tlp GREEN a.md -o json",
        "audit verify --data /d",
        "config -o json --data /d",
        "completions bash",
        "completions zsh",
        "-q status",
        "-o table -y member list",
    ] {
        if let Err(error) = parse(line) {
            panic!("{line}\n{error}");
        }
    }
    for line in [
        format!("show {ITEM}"),
        format!("show {ITEM} --raw"),
        format!("explain {ITEM}"),
        format!("explain {ITEM} --to water.isac.example"),
        format!("--data /d trace {ITEM} -o json"),
        format!("withdraw {ITEM} --reason false-positive --yes"),
        format!("withdraw {ITEM} --reason 'sent by mistake'"),
        format!("push a.md --tlp GREEN --answers {ITEM}"),
    ] {
        if let Err(error) = parse(&line) {
            panic!("{line}\n{error}");
        }
    }
}

#[test]
fn global_options_may_stand_anywhere() {
    for line in [
        "--data /d -o json -q --yes member list",
        "member --data /d -o json -q --yes list",
        "member list --data /d -o json -q --yes",
        "member -o json list --data /d -q --yes",
    ] {
        let cli = parse(line).unwrap_or_else(|error| panic!("{line}\n{error}"));
        assert_eq!(
            cli.global.data.as_deref(),
            Some(std::path::Path::new("/d")),
            "{line}"
        );
        assert_eq!(cli.global.output, Form::Json, "{line}");
        assert!(cli.global.quiet && cli.global.yes, "{line}");
    }
}

#[test]
fn what_is_not_documented_is_wrong_usage() {
    for line in [
        "",
        "frobnicate",
        "init --community energy --name N --sector energy",
        "init --community a.example --name N --sector energy --ops 0.0.0.0:7445",
        "init --community a.example --name N --sector Energy",
        "init --name N --sector energy",
        "member add acme",
        "member add Acme --name N",
        "member invite acme",
        "member invite acme --person p --tool t",
        "member invite acme --person p --ttl 31d",
        "member revoke acme",
        "peer invite",
        "peer invite --community water",
        "peer accept",
        "push",
        "push a.md --tlp PINK",
        "push a.md --kind novel",
        "push a.md --hop-limit 17",
        "push a.md --to Acme",
        "push a.md --valid-until soon",
        "push a.md --terms anything-goes",
        "push a.md --resolve-marking GREEN",
        "feed --limit 0",
        "inspect",
        "show not-an-id",
        "withdraw 0190f0c4-7b1e-7a52-8c3d-5f0e6a7b8c9d",
        "status -o yaml",
        "completions cobol",
    ] {
        let error = parse(line)
            .err()
            .unwrap_or_else(|| panic!("{line} was accepted"));
        assert_eq!(error.exit_code(), i32::from(Exit::Usage.code()), "{line}");
    }
}

#[test]
fn later_commands_are_not_there_yet() {
    for line in ["peer approve a.example", "peer agreement a.example"] {
        assert!(parse(line).is_err(), "{line}");
    }
}

#[test]
fn every_command_says_what_it_does_and_takes_help() {
    fn walk(command: &clap::Command, path: &str) {
        let path = format!("{path} {}", command.get_name());
        assert!(
            command.get_about().is_some(),
            "{path} does not say what it does"
        );
        for argument in command.get_arguments() {
            assert!(
                argument.get_help().is_some() || argument.is_hide_set(),
                "{path} does not explain {}",
                argument.get_id()
            );
        }
        for below in command.get_subcommands().filter(|c| c.get_name() != "help") {
            walk(below, &path);
        }
    }
    let mut command = Cli::command();
    command.build();
    walk(&command, "");
    let error = parse("push --help").expect_err("help is no command");
    assert_eq!(error.kind(), ErrorKind::DisplayHelp);
    assert_eq!(error.exit_code(), 0);
    assert!(error.to_string().contains("Examples:"));
}

#[test]
fn wishes_say_only_what_was_typed() {
    let wishes = |line: &str| match parse(line).map(|cli| cli.command) {
        Ok(Command::Peer(command)) => command.wishes().expect("a command with an agreement"),
        Ok(_) => panic!("{line} is another command"),
        Err(error) => panic!("{line}\n{error}"),
    };
    assert_eq!(
        wishes("peer accept x"),
        crate::wire::pb::AgreementWishes::default()
    );
    assert_eq!(wishes("peer accept x --onward").onward, Some(true));
    assert_eq!(
        wishes("peer accept x --onward --no-onward").onward,
        Some(false)
    );
    assert_eq!(
        wishes("peer accept x --no-onward --onward").onward,
        Some(true)
    );
    assert_eq!(
        wishes("peer accept x --kinds advisory,alert").kinds.len(),
        2
    );
}
