//! `sluis backup` and `sluis restore`: everything of a node in one sealed file, and back.
//!
//! ```text
//! sluis.db ─▶ copy (one moment, while the node serves) ─▶ checked ─┐
//! ca/ node/ operator/ sluis.toml ────────────────────────────────▶ sealed ─▶ read back ─▶ FILE
//! FILE ─▶ read to its end ─▶ read again, written ─▶ checked ─▶ new generation ─▶ sluis.toml, and it is a node
//! ```
//!
//! Nothing in clear ever lies beside the backup: the copy of the database is made in the data directory, which holds the
//! same, and has no name any more when it is read.

use std::fs::{File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::config;
use super::init::{self, InitError};
use super::running::{DATABASE, LOCK};
use crate::audit::{Act, Actor, record};
use crate::clock::{Clock, Entropy, Timestamp, random_bytes};
use crate::model::ids::{CommunityId, Digest};
use crate::store::{Generation, Store, StoreError};
use crate::tasks;
use crate::trust::{Authority, TrustError, files};

mod entries;
mod sealed;

use entries::About;
use sealed::{Cost, SealedReader, SealedWriter};
pub use sealed::{Passphrase, SealError};

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Nothing is overwritten.
    #[error("{} is there already; choose another name, or remove it", .0.display())]
    Exists(PathBuf),
    /// There is no node to save.
    #[error("{} is not the data directory of a node; name it with --data", .0.display())]
    NoNode(PathBuf),
    /// Another backup of this node is being made.
    #[error("another backup of {} is being made; wait until it is done", .0.display())]
    Busy(PathBuf),
    /// The database is damaged.
    #[error(
        "the database is damaged, and a backup of it would be too: {0}; keep the backups that you have, and see `sluis doctor`"
    )]
    Damaged(String),
    /// What was written is not what was to be written.
    #[error(
        "what was read back is not what was written; the disk that it was written to is not to be trusted"
    )]
    ReadBack,
    /// A node runs there.
    #[error("a node runs in {}; end it, and restore into another directory", .0.display())]
    Running(PathBuf),
    /// The directory is not empty.
    #[error(transparent)]
    NotEmpty(#[from] InitError),
    /// The file does not open.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The file opens, and is not what was written.
    #[error("this is not a whole backup: {0}")]
    Content(&'static str),
    /// A file cannot be read or written.
    #[error("{} cannot be read or written", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A key or certificate cannot be read or written.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The disk.
    #[error("reading or writing failed")]
    Io(#[from] io::Error),
    /// The work was cut off.
    #[error("the work was cut off")]
    CutOff(#[from] tokio::task::JoinError),
}

/// What a backup came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// The community.
    pub community: CommunityId,
    /// How many files it holds.
    pub files: u64,
    /// The length of the file, in bytes.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: Digest,
    /// When it was made.
    pub made: Timestamp,
}

/// What a restore came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The community.
    pub community: String,
    /// When the backup was made, RFC 3339.
    pub made: String,
    /// How many files were written.
    pub files: u64,
    /// Invites that were open when the backup was made, and are void now.
    pub invites_voided: u64,
}

/// How far the work is: bytes read or written. Called from another thread.
pub type Progress = Arc<dyn Fn(u64) + Send + Sync>;

/// What each of the two is given.
#[derive(Clone)]
pub struct Task {
    /// The data directory.
    pub data: PathBuf,
    /// The backup.
    pub file: PathBuf,
    /// What it is sealed under.
    pub passphrase: Passphrase,
    /// Is told how far the work is.
    pub progress: Progress,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives randomness.
    pub entropy: Arc<dyn Entropy>,
}

/// Copies of the database that are under way, in the data directory: this, something random, `.db`.
const COPY: &str = ".backup-";
/// Held by the one backup that is being made.
const BACKUP_LOCK: &str = ".backup.lock";
/// Longest key, certificate or settings file.
const SMALL_MAX: u64 = 1024 * 1024;

/// Makes a backup, beside the node that serves or without one.
///
/// # Errors
/// Says what is wrong and what to do; then there is no file.
pub async fn backup(task: Task) -> Result<BackedUp, BackupError> {
    let data = &task.data;
    if task.file.exists() {
        return Err(BackupError::Exists(task.file));
    }
    if !data.join(config::FILE).exists() {
        return Err(BackupError::NoNode(data.clone()));
    }
    let community = Authority::open(data)?.community().clone();
    let lock = only_one(data)?;
    sweep(data);
    let database = data.join(DATABASE);
    let copy = match database.exists() {
        true => Some(copied(data, &database).await?),
        // A node that never ran.
        false => None,
    };
    let made = task.clock.now();
    let sealing = task.clone();
    let id = community.clone();
    let (files, bytes, sha256) = tasks::blocking(move || seal(&sealing, &id, copy, made)).await??;
    drop(lock);
    Ok(BackedUp {
        community,
        files,
        bytes,
        sha256,
        made,
    })
}

/// Removes what an interrupted backup left of the database. Nothing, while one is being made.
pub(super) fn clear(data: &Path) {
    if let Ok(_lock) = only_one(data) {
        sweep(data);
    }
}

fn only_one(data: &Path) -> Result<File, BackupError> {
    let path = data.join(BACKUP_LOCK);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(at(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(BackupError::Busy(data.to_owned())),
        Err(std::fs::TryLockError::Error(source)) => Err(at(&path)(source)),
    }
}

fn sweep(data: &Path) {
    let Ok(entries) = std::fs::read_dir(data) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(COPY) && name != BACKUP_LOCK {
            // One that stays is swept the next time.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// A checked copy of the database as it is at one moment, which has no name any more.
async fn copied(data: &Path, database: &Path) -> Result<File, BackupError> {
    let reserved = tempfile::Builder::new()
        .prefix(COPY)
        .suffix(".db")
        .tempfile_in(data)
        .map_err(at(data))?
        .into_temp_path();
    // The copy makes its own file, under the name that was found to be free.
    std::fs::remove_file(&reserved).map_err(at(&reserved))?;
    Store::copy(database, &reserved).await?;
    if let Some(fault) = Store::faults(&reserved).await?.into_iter().next() {
        return Err(BackupError::Damaged(fault));
    }
    let file = File::open(&reserved).map_err(at(&reserved))?;
    reserved.close().map_err(|source| at(data)(source))?;
    Ok(file)
}

/// Writes and reads back; the number of files, the length and the digest of the backup.
fn seal(
    task: &Task,
    community: &CommunityId,
    copy: Option<File>,
    made: Timestamp,
) -> Result<(u64, u64, Digest), BackupError> {
    let directory = match task.file.parent() {
        Some(parent) if parent != Path::new("") => parent,
        Some(_) | None => Path::new("."),
    };
    let sealed = tempfile::Builder::new()
        .prefix(".new-backup-")
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(directory)
        .map_err(at(directory))?;
    let out = io::BufWriter::new(sealed.as_file());
    let mut writer = SealedWriter::new(out, &task.passphrase, Cost::USUAL, &*task.entropy)?;
    let about = About {
        community: community.to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        made: made.to_string(),
    };
    entries::write_about(&mut writer, &about)?;
    let mut moved = 0_u64;
    let mut count = |bytes: u64| {
        moved = moved.saturating_add(bytes);
        (task.progress)(moved);
    };
    let mut written = Vec::new();
    for (name, path) in small_files(&task.data)? {
        let bytes = read_small(&path)?;
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        entries::write(
            &mut writer,
            &name,
            &mut bytes.as_slice(),
            length,
            &mut count,
        )?;
        written.push((name, length));
    }
    if let Some(mut copy) = copy {
        let length = copy.metadata()?.len();
        entries::write(&mut writer, DATABASE, &mut copy, length, &mut count)?;
        written.push((DATABASE.to_owned(), length));
    }
    entries::finish(writer)?
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    sealed.as_file().sync_all()?;

    // What cannot be read back is no backup. The pieces were sealed one by one, so what opens is what was sealed.
    let mut found = Vec::new();
    let again = File::open(sealed.path()).map_err(at(sealed.path()))?;
    let reader = SealedReader::new(io::BufReader::new(again), &task.passphrase)?;
    entries::read(reader, &mut |name, entry| {
        let mut length = 0_u64;
        entry.pieces(&mut |piece| {
            length = length.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
            Ok(())
        })?;
        count(length);
        found.push((name.to_owned(), length));
        Ok(())
    })?;
    if found != written {
        return Err(BackupError::ReadBack);
    }
    let (bytes, sha256) = digest_of(sealed.path())?;
    sealed
        .persist_noclobber(&task.file)
        .map_err(|error| match error.error.kind() {
            io::ErrorKind::AlreadyExists => BackupError::Exists(task.file.clone()),
            _ => at(&task.file)(error.error),
        })?;
    File::open(directory)?.sync_all()?;
    let files = u64::try_from(written.len()).unwrap_or(u64::MAX);
    Ok((files, bytes, sha256))
}

/// Settings, keys and certificates: the name in the backup, and the file.
fn small_files(data: &Path) -> Result<Vec<(String, PathBuf)>, BackupError> {
    let mut files = vec![(config::FILE.to_owned(), data.join(config::FILE))];
    let mut directories: Vec<String> = entries::DIRECTORIES
        .iter()
        .map(|directory| (*directory).to_owned())
        .collect();
    while let Some(directory) = directories.pop() {
        let path = data.join(&directory);
        if !path.exists() {
            continue;
        }
        for entry in std::fs::read_dir(&path).map_err(at(&path))? {
            let entry = entry.map_err(at(&path))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            // One that is just being written has another name yet.
            if name.starts_with('.') {
                continue;
            }
            let name = format!("{directory}/{name}");
            match entry.file_type().map_err(at(&path))? {
                kind if kind.is_dir() => directories.push(name),
                _ => files.push((name, entry.path())),
            }
        }
    }
    files.sort();
    Ok(files)
}

fn read_small(path: &Path) -> Result<Vec<u8>, BackupError> {
    let length = std::fs::metadata(path).map_err(at(path))?.len();
    if length > SMALL_MAX {
        return Err(at(path)(io::Error::from(io::ErrorKind::FileTooLarge)));
    }
    std::fs::read(path).map_err(at(path))
}

fn digest_of(path: &Path) -> Result<(u64, Digest), BackupError> {
    use aws_lc_rs::digest::{Context, SHA256};
    use std::io::Read as _;
    let mut file = File::open(path).map_err(at(path))?;
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; 64 * 1024];
    let mut bytes = 0_u64;
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        context.update(buffer.get(..count).unwrap_or_default());
        bytes = bytes.saturating_add(u64::try_from(count).unwrap_or_default());
    }
    let digest = Digest::from_slice(context.finish().as_ref())
        .expect("SHA-256 has 32 bytes, as a digest does");
    Ok((bytes, digest))
}

/// Brings a backup back into an empty directory.
///
/// # Errors
/// Says what is wrong and what to do; then the directory is as it was.
pub async fn restore(task: Task) -> Result<Restored, BackupError> {
    let data = &task.data;
    if runs(data) {
        return Err(BackupError::Running(data.clone()));
    }
    init::check_is_free(data)?;
    let made_directory = !data.exists();
    let reading = task.clone();
    // To its end, before anything is written.
    let about = tasks::blocking(move || read(&reading, &mut |_, _| Ok(()))).await??;
    let restored = written(&task, about).await;
    if restored.is_err() {
        undo(data, made_directory);
    }
    restored
}

/// Whether a node holds the directory.
pub(super) fn runs(data: &Path) -> bool {
    let Ok(lock) = File::options().write(true).open(data.join(LOCK)) else {
        return false;
    };
    matches!(lock.try_lock(), Err(std::fs::TryLockError::WouldBlock))
}

fn read(
    task: &Task,
    visit: &mut entries::Visit<'_, io::BufReader<File>>,
) -> Result<About, BackupError> {
    let file = File::open(&task.file).map_err(at(&task.file))?;
    let reader = SealedReader::new(io::BufReader::new(file), &task.passphrase)?;
    let mut moved = 0_u64;
    entries::read(reader, &mut |name, entry| {
        visit(name, entry)?;
        moved = moved.saturating_add(1);
        (task.progress)(moved);
        Ok(())
    })
}

async fn written(task: &Task, about: About) -> Result<Restored, BackupError> {
    let data = &task.data;
    files::create_private_dir(data)?;
    let writing = task.clone();
    let (files, settings) = tasks::blocking(move || write(&writing)).await??;
    // The keys read, and they are of the community that the backup says it is of.
    let authority = Authority::open(data)?;
    if authority.community().as_str() != about.community {
        return Err(BackupError::Content("its keys are another community's"));
    }
    let database = data.join(DATABASE);
    let mut invites_voided = 0;
    if database.exists() {
        if let Some(fault) = Store::faults(&database).await?.into_iter().next() {
            return Err(BackupError::Damaged(fault));
        }
        let store = Store::open(&database).await?;
        let now = task.clock.now();
        let audit = record(Act::NodeRestored, Actor::Node, &about.made, now);
        let generation = Generation(random_bytes(&*task.entropy));
        invites_voided = store
            .begin_generation(generation, revision_floor(now), audit)
            .await?;
        store.close().await?;
    }
    // Last, as init does: a directory that has it is whole.
    files::write_public(&data.join(config::FILE), &settings)?;
    Ok(Restored {
        community: about.community,
        made: about.made,
        files,
        invites_voided,
    })
}

/// Writes everything but the settings: how many files there are, and the settings.
fn write(task: &Task) -> Result<(u64, Vec<u8>), BackupError> {
    let mut count = 0_u64;
    let mut settings = None;
    read(task, &mut |name, entry| {
        count = count.saturating_add(1);
        let path = task.data.join(name);
        if name == config::FILE {
            settings = Some(entry.whole()?);
            return Ok(());
        }
        if name == DATABASE {
            let mut file = tempfile::Builder::new()
                .prefix(COPY)
                .permissions(Permissions::from_mode(0o600))
                .tempfile_in(&task.data)
                .map_err(at(&task.data))?;
            entry.pieces(&mut |piece| Ok(file.write_all(piece)?))?;
            file.as_file().sync_all()?;
            file.persist_noclobber(&path)
                .map_err(|error| at(&path)(error.error))?;
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            files::create_private_dir(parent)?;
        }
        let bytes = entry.whole()?;
        // Certificates may be read by everyone; a key is for its owner, and so is whatever is not known.
        let public =
            name.ends_with("cert.pem") || name.ends_with("ca.pem") || name.ends_with("signer.pem");
        match public {
            true => files::write_public(&path, &bytes)?,
            false => files::write_private(&path, &bytes)?,
        }
        Ok(())
    })?;
    let settings = settings.ok_or(BackupError::Content("it holds no sluis.toml"))?;
    Ok((count, settings))
}

/// Makes the directory what it was: absent or empty.
fn undo(data: &Path, made_directory: bool) {
    for directory in entries::DIRECTORIES {
        let _ = std::fs::remove_dir_all(data.join(directory));
    }
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(data.join(format!("{DATABASE}{suffix}")));
    }
    sweep(data);
    if made_directory {
        let _ = std::fs::remove_dir(data);
    }
}

/// The lowest number of a revision that is made after a restore: the seconds since 2026. A log that was lost gave its
/// items lower ones, whichever backups it came from itself, unless it revised one item every second for all its life.
fn revision_floor(now: Timestamp) -> u32 {
    const YEAR_2026: i64 = 1_767_225_600;
    u32::try_from(now.seconds().saturating_sub(YEAR_2026)).unwrap_or_default()
}

fn at(path: &Path) -> impl Fn(io::Error) -> BackupError + use<> {
    let path = path.to_owned();
    move |source| BackupError::File {
        path: path.clone(),
        source,
    }
}
