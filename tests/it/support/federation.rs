//! Communities with their nodes, members and agreements.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

use super::{Node, Viewer, sluis, text, until_true};

/// Nodes that run, and the directory in which everything of them is.
pub(crate) struct Federation {
    // Before the directory: processes end before their files go.
    nodes: BTreeMap<String, Node>,
    members: Mutex<BTreeSet<String>>,
    files: AtomicU32,
    home: PathBuf,
    _directory: tempfile::TempDir,
}

/// The settings of the nodes of tests: members are admitted without endorsements, which have a test of their own.
const SETTINGS: &[(&str, &str)] = &[("SLUIS_ENDORSEMENTS_REQUIRED", "0")];

impl Federation {
    /// Makes and starts a node for each of these communities, such as `energy`.
    pub(crate) fn of(shorts: &[&str]) -> Self {
        Self::with(shorts, SETTINGS)
    }

    /// The same with other settings.
    pub(crate) fn with(shorts: &[&str], environment: &[(&'static str, &str)]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let home = directory.path().to_owned();
        let nodes: BTreeMap<String, Node> = shorts
            .iter()
            .map(|short| {
                let node = Node::init(&home, short, environment);
                node.spawn();
                ((*short).to_owned(), node)
            })
            .collect();
        for node in nodes.values() {
            node.ready();
        }
        Self {
            nodes,
            members: Mutex::default(),
            files: AtomicU32::new(0),
            home,
            _directory: directory,
        }
    }

    /// The node of a community.
    pub(crate) fn node(&self, short: &str) -> &Node {
        self.nodes.get(short).expect("the test named it")
    }

    /// Where everything is.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// Makes an agreement and waits until it is in force on both sides. The flags are those of the first and of the second.
    pub(crate) fn peer(&self, a: &str, b: &str, proposed: &[&str], accepted: &[&str]) {
        let (inviter, accepter) = (self.node(a), self.node(b));
        let mut invite = vec!["peer", "invite", "--community", &accepter.community];
        invite.extend(proposed);
        let invite = inviter.operator(&invite).done().object();
        let mut accept = vec!["peer", "accept", text(&invite, "invite")];
        accept.extend(accepted);
        let there = accepter.operator(&accept).done().object();
        let confirm = ["peer", "confirm", &*accepter.community];
        let here = inviter.operator(&confirm).done().object();
        assert_eq!(text(&here, "phrase"), text(&there, "phrase"));
        self.in_force(a, b);
    }

    /// Waits until both sides hold the agreement to be in force.
    pub(crate) fn in_force(&self, a: &str, b: &str) {
        let (here, there) = (self.node(a), self.node(b));
        until_true("the agreement is in force", || {
            here.link(&there.community).0 == "in-force"
                && there.link(&here.community).0 == "in-force"
        });
    }

    /// A person, by `community/member/name`, who joins with an invite. The member is added and admitted if it is new.
    pub(crate) fn person(&self, whom: &str) -> Viewer {
        self.join(whom, "--person")
    }

    /// A tool likewise.
    pub(crate) fn tool(&self, whom: &str) -> Viewer {
        self.join(whom, "--tool")
    }

    /// Adds and admits a member, `community/member`, if it is new.
    pub(crate) fn member(&self, whom: &str, flags: &[&str]) {
        let mut members = self
            .members
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if !members.insert(whom.to_owned()) {
            return;
        }
        let (short, id) = whom.split_once('/').expect("community/member");
        let node = self.node(short);
        let name = format!("{} Utilities", id.to_uppercase());
        let domain = format!("{id}.example");
        let mut add = vec!["member", "add", id, "--name", &name, "--domain", &domain];
        add.extend(flags);
        node.operator(&add).done();
        node.operator(&["member", "admit", id]).done();
    }

    fn join(&self, whom: &str, kind: &str) -> Viewer {
        let (member, name) = whom.rsplit_once('/').expect("community/member/name");
        self.member(member, &[]);
        let (short, id) = member.split_once('/').expect("community/member");
        let invite = self
            .node(short)
            .operator(&["member", "invite", id, kind, name]);
        let invite = invite.done().object();
        let profile = whom.replace('/', "-");
        let join = [
            "join",
            text(&invite, "invite"),
            "--profile",
            &profile,
            "-o",
            "json",
        ];
        sluis(&self.home, &join, "").done();
        self.viewer(whom)
    }

    /// Somebody who joined before.
    pub(crate) fn viewer(&self, whom: &str) -> Viewer {
        Viewer {
            home: self.home.clone(),
            profile: whom.replace('/', "-"),
        }
    }

    /// A file with these bytes.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let n = self.files.fetch_add(1, Ordering::Relaxed);
        let path = self.home.join(format!("{n}-{name}"));
        std::fs::write(&path, bytes).expect("the directory is ours");
        path
    }

    /// A Markdown document that no other is equal to: its title is part of it.
    pub(crate) fn markdown(&self, title: &str, text: &str) -> PathBuf {
        self.file("report.md", super::report(title, text))
    }
}

/// Energy and water, in agreement up to AMBER both ways, for tests that leave no trace on each other: energy has
/// `acme/meryem`, `acme/siem` (a tool) and `bolt/bob`; water has `aqua/bram`. They run until the test process ends.
pub(crate) fn shared() -> &'static Federation {
    static SHARED: OnceLock<(Federation, Child)> = OnceLock::new();
    let (federation, _) = SHARED.get_or_init(|| {
        let f = Federation::of(&["energy", "water"]);
        let keeper = keeper(&f).expect("a shell");
        f.peer(
            "energy",
            "water",
            &["--out-ceiling", "AMBER", "--in-ceiling", "AMBER"],
            &[],
        );
        let _ = f.person("energy/acme/meryem");
        let _ = f.tool("energy/acme/siem");
        let _ = f.person("energy/bolt/bob");
        let _ = f.person("water/aqua/bram");
        (f, keeper)
    });
    federation
}

/// A shell that waits for the end of its input, which is the end of this process, however it ends, and then ends the
/// nodes of this federation and removes their directory: a static value is never dropped.
fn keeper(federation: &Federation) -> io::Result<Child> {
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            "trap '' INT TERM HUP; home=$1; shift; read -r _; kill -9 \"$@\"; rm -rf \"$home\"",
            "keeper",
        ])
        .arg(&federation.home);
    for node in federation.nodes.values() {
        command.arg(node.process_id().to_string());
    }
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}
