//! `sluis doctor`: what is wrong with a data directory and its place, changing nothing.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::config::{self, Environment, Settings};
use super::init::OPERATOR;
use super::running::{ADDRESS, DATABASE, LOCK, RUN};
use super::{backup, identity};
use crate::clock::Timestamp;
use crate::fault::chain;
use crate::store::Store;
use crate::trust::{Authority, TlsCredential, TrustError, files};

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// As it should be.
    Ok,
    /// The node runs, and somebody should look.
    Warn,
    /// The node does not run, or should not.
    Fail,
}

impl Health {
    /// The word for people and programs.
    pub const fn name(self) -> &'static str {
        match self {
            Health::Ok => "ok",
            Health::Warn => "warn",
            Health::Fail => "fail",
        }
    }
}

/// What one look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What was looked at, in kebab-case.
    pub name: &'static str,
    /// How it is.
    pub health: Health,
    /// A sentence.
    pub message: String,
    /// What to do; empty where nothing is to be done.
    pub next: String,
}

/// A CA certificate that ends within half a year is told: a new one has to reach every peer and member before.
const CA_WARN_SECONDS: i64 = 180 * 24 * 60 * 60;
/// Free space below which the node should not run: room for a full write-ahead log, and then some.
const FREE_BYTES_MIN: u64 = 512 * 1024 * 1024;
/// The clock may be so far behind what was recorded: another machine's clock made the backup that is served now.
const CLOCK_BEHIND_SECONDS: i64 = 10 * 60;

/// Looks at everything. The order is that in which the node would fail.
pub async fn doctor(data: &Path, environment: &Environment, now: Timestamp) -> Vec<Check> {
    let mut checks = Checks::default();
    let settings = configuration(data, environment, &mut checks);
    modes(data, &mut checks);
    keys(data, now, &mut checks);
    disk(data, &mut checks);
    database(data, now, &mut checks).await;
    let runs = backup::runs(data);
    place(data, settings.as_ref(), runs, &mut checks);
    checks.0
}

#[derive(Default)]
struct Checks(Vec<Check>);

impl Checks {
    fn add(&mut self, name: &'static str, health: Health, message: String, next: String) {
        self.0.push(Check {
            name,
            health,
            message,
            next,
        });
    }

    fn ok(&mut self, name: &'static str, message: impl Into<String>) {
        self.add(name, Health::Ok, message.into(), String::new());
    }

    fn warn(&mut self, name: &'static str, message: impl Into<String>, next: impl Into<String>) {
        self.add(name, Health::Warn, message.into(), next.into());
    }

    fn fail(&mut self, name: &'static str, message: impl Into<String>, next: impl Into<String>) {
        self.add(name, Health::Fail, message.into(), next.into());
    }
}

fn configuration(data: &Path, environment: &Environment, checks: &mut Checks) -> Option<Settings> {
    const NAME: &str = "configuration";
    match config::load(data, environment) {
        Ok(loaded) => {
            if loaded.warnings.is_empty() {
                checks.ok(NAME, "the settings are valid");
            }
            for warning in loaded.warnings {
                checks.warn(NAME, warning, "correct sluis.toml, or the environment");
            }
            Some(loaded.settings)
        }
        Err(error) => {
            checks.fail(
                NAME,
                chain(&error),
                "correct sluis.toml, or the environment",
            );
            None
        }
    }
}

/// Who may read keys, and who may write anything.
fn modes(data: &Path, checks: &mut Checks) {
    const NAME: &str = "modes";
    let mut open = Vec::new();
    let mut look = |path: PathBuf, forbidden: u32| {
        if let Ok(found) = std::fs::metadata(&path) {
            let mode = found.permissions().mode() & 0o777;
            if mode & forbidden != 0 {
                open.push((path, mode));
            }
        }
    };
    look(data.to_owned(), 0o022);
    for name in [
        "ca/ca.key",
        "node/key.pem",
        "node/signer.key",
        "node/pseudonym.key",
    ] {
        look(data.join(name), 0o077);
    }
    for suffix in ["", "-wal", "-shm"] {
        look(data.join(format!("{DATABASE}{suffix}")), 0o077);
    }
    for operator in operators(data) {
        look(operator.join("key.pem"), 0o077);
    }
    if open.is_empty() {
        checks.ok(NAME, "keys and database are for their owner only");
    }
    for (path, mode) in open {
        let path = path.display();
        checks.fail(
            NAME,
            format!("{path} has the mode {mode:03o}: others may read or write it"),
            format!("chmod go= {path}, and think of what it held as known to others"),
        );
    }
}

fn operators(data: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(data.join(OPERATOR)) else {
        return Vec::new();
    };
    entries.flatten().map(|entry| entry.path()).collect()
}

fn keys(data: &Path, now: Timestamp, checks: &mut Checks) {
    const NAME: &str = "keys";
    const RESTORE: &str = "restore it from a backup";
    let unread = |checks: &mut Checks, error: TrustError| {
        checks.fail(NAME, chain(&error), RESTORE);
    };
    match Authority::open(data) {
        Ok(authority) => {
            checks.ok(NAME, format!("the CA of {} reads", authority.community()));
            for certificate in authority.ca_certificates() {
                ca_lifetime(&certificate, now, checks);
            }
        }
        Err(error) => unread(checks, error),
    }
    let node = data.join(identity::FOLDER);
    match TlsCredential::load(&node) {
        Ok(credential) => checks.ok(
            "certificates",
            format!(
                "the node's certificate is good until {}; the node renews it by itself",
                credential.not_after()
            ),
        ),
        Err(error) => unread(checks, error),
    }
    match files::read_certificates(&node.join("signer.pem")) {
        Ok(_) => {}
        Err(error) => unread(checks, error),
    }
    if let Err(error) = files::read_private(&node.join("signer.key")) {
        unread(checks, error);
    }
    match identity::source_seal(data) {
        Ok(Some(_)) => {}
        Ok(None) if data.join(DATABASE).exists() => checks.fail(
            NAME,
            "node/pseudonym.key is missing: who submitted un-named items cannot be read",
            RESTORE,
        ),
        Ok(None) => {}
        Err(error) => unread(checks, error),
    }
    for operator in operators(data) {
        match TlsCredential::load(&operator) {
            Ok(credential) if credential.not_after() > now => {}
            Ok(credential) => checks.warn(
                "certificates",
                format!("the certificate of {} has ended", credential.id()),
                "nothing: the operator's next command renews it",
            ),
            Err(error) => unread(checks, error),
        }
    }
}

fn ca_lifetime(certificate: &[u8], now: Timestamp, checks: &mut Checks) {
    let Ok((_, parsed)) = x509_parser::parse_x509_certificate(certificate) else {
        return;
    };
    let validity = parsed.validity();
    if Timestamp::from_seconds(validity.not_before.timestamp()) > now {
        checks.fail(
            "clock",
            "this machine's clock is before the beginning of the CA's certificate",
            "set the clock, by NTP",
        );
    }
    let until = Timestamp::from_seconds(validity.not_after.timestamp());
    const NAME: &str = "certificates";
    const NEXT: &str = "plan a new CA with your peers and members before it ends";
    if until <= now {
        checks.fail(NAME, format!("the CA's certificate ended at {until}"), NEXT);
    } else if until <= now.plus_seconds(CA_WARN_SECONDS) {
        checks.warn(NAME, format!("the CA's certificate ends at {until}"), NEXT);
    } else {
        checks.ok(NAME, format!("the CA's certificate is good until {until}"));
    }
}

fn disk(data: &Path, checks: &mut Checks) {
    const NAME: &str = "disk";
    const MIB: u64 = 1024 * 1024;
    let free = match rustix::fs::statvfs(data) {
        Ok(found) => found.f_bavail.saturating_mul(found.f_frsize),
        Err(error) => {
            checks.warn(NAME, format!("the free space cannot be read: {error}"), "");
            return;
        }
    };
    let database = std::fs::metadata(data.join(DATABASE)).map_or(0, |found| found.len());
    let said = format!("{} MiB are free", free / MIB);
    if free < FREE_BYTES_MIN {
        checks.fail(
            NAME,
            said,
            "free some space: the node refuses pushes when there is none",
        );
    } else if free < database.saturating_mul(2) {
        checks.warn(
            NAME,
            said,
            "free some space: a backup needs room for a second copy of the database",
        );
    } else {
        checks.ok(NAME, said);
    }
}

async fn database(data: &Path, now: Timestamp, checks: &mut Checks) {
    const NAME: &str = "database";
    let file = data.join(DATABASE);
    if !file.exists() {
        checks.ok(NAME, "there is none yet: the node never ran");
        return;
    }
    match Store::faults(&file).await {
        Ok(faults) if faults.is_empty() => checks.ok(NAME, "the database is whole"),
        Ok(faults) => checks.fail(
            NAME,
            faults.join("; "),
            "end the node, keep the directory as it is, and restore a backup into another one",
        ),
        Err(error) => checks.fail(NAME, chain(&error), "see that the file belongs to you"),
    }
    match Store::newest_record(&file).await {
        Ok(Some(newest)) if newest > now.plus_seconds(CLOCK_BEHIND_SECONDS) => checks.fail(
            "clock",
            format!(
                "the newest audit record is from {newest}, and this machine's clock says {now}"
            ),
            "set the clock, by NTP",
        ),
        Ok(_) => checks.ok(
            "clock",
            format!("{now}, not before anything that was recorded"),
        ),
        Err(error) => checks.warn(
            "clock",
            chain(&error),
            "see that the database belongs to you",
        ),
    }
}

/// The node runs, or it could.
fn place(data: &Path, settings: Option<&Settings>, runs: bool, checks: &mut Checks) {
    const NAME: &str = "node";
    if runs {
        match std::fs::read_to_string(data.join(RUN).join(ADDRESS)) {
            Ok(address) => checks.ok(NAME, format!("a node serves at {}", address.trim())),
            Err(_) => checks.warn(
                NAME,
                format!("something holds {LOCK} and does not say where it serves"),
                "wait until it has started or ended; then look again",
            ),
        }
        return;
    }
    let Some(settings) = settings else { return };
    let mut taken = false;
    for (key, address) in [
        ("listen", settings.listeners.listen),
        ("ops", settings.listeners.ops),
    ] {
        if let Err(error) = std::net::TcpListener::bind(address) {
            taken = true;
            checks.fail(
                NAME,
                format!("cannot listen on {address}: {error}"),
                format!("end what uses it, or choose another with `{key}` in sluis.toml"),
            );
        }
    }
    if !taken {
        checks.ok(NAME, "no node runs, and its ports are free");
    }
}
