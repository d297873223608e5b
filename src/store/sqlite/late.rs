//! An index over random keys that is written late: what is new stays in memory and goes to its table sorted, a slice at a
//! time, beside later commits.
//!
//! A random key costs a whole page of the table in the write-ahead log; sorted, a page serves many keys. Nothing is lost by
//! it: what is not in the table yet is read again from the rows themselves when the store opens.
//!
//! ```text
//! commit ─▶ recent (memory) ─▶ from RECENT_MAX on, in the order of keys, a slice a commit ─▶ table
//! ```
//!
//! A key is at every moment in memory or in the table, or in both, and its newest place is in memory if any is.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::{PoisonError, RwLock};

use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use super::statement::{ManyRows, PASS_OVER_NULL, Script, bind};

/// The first 16 bytes of an id or digest.
pub(super) type Key = [u8; 16];

/// Entries that stay in memory before slices go to the table: about 4 MiB, and enough that a page of a table with a
/// million keys takes dozens of them at once.
const RECENT_MAX: usize = 64 * 1024;

/// Entries in a slice, unless the commit itself brought more than half of this.
const SLICE_MIN: usize = 512;

/// A late index.
#[derive(Debug)]
pub(super) struct Late {
    /// Its row in `counters`, up to where the table is complete.
    pub(super) counter: &'static str,
    insert: ManyRows,
    find: ManyRows,
    find_all: ManyRows,
    find_newest: &'static str,
    delete: &'static str,
    /// Entries that stay in memory before slices go to the table.
    recent_max: usize,
    /// Under this lock only memory is touched.
    recent: RwLock<BTreeSet<(Key, i64)>>,
}

/// One walk through the recent entries in the order of keys. Belongs to the writer.
#[derive(Debug, Default)]
pub(super) struct Round {
    /// Entries up to this place belong to the round, and the next one to be written; `None`: no round is under way.
    walk: Option<(i64, (Key, i64))>,
}

/// What goes to the table with the present commit.
#[derive(Debug)]
pub(super) struct Slice {
    pub(super) entries: Vec<(Key, i64)>,
    until: i64,
    ends_round: bool,
}

impl Late {
    /// Items and their positions in the log.
    pub(super) fn items() -> Self {
        Self::over(
            "item_positions",
            "INSERT OR IGNORE INTO item_positions (key, position) SELECT * FROM (VALUES ",
            "SELECT key, max(position) FROM item_positions WHERE key IN (",
            "SELECT position FROM item_positions WHERE key IN (",
            "SELECT position FROM item_positions WHERE key = ? ORDER BY position DESC LIMIT ?",
            "DELETE FROM item_positions WHERE key = ? AND position = ?",
        )
    }

    /// Documents and their numbers.
    pub(super) fn documents() -> Self {
        Self::over(
            "document_numbers",
            "INSERT OR IGNORE INTO document_numbers (key, position) SELECT * FROM (VALUES ",
            "SELECT key, max(position) FROM document_numbers WHERE key IN (",
            "SELECT position FROM document_numbers WHERE key IN (",
            "SELECT position FROM document_numbers WHERE key = ? ORDER BY position DESC LIMIT ?",
            "DELETE FROM document_numbers WHERE key = ? AND position = ?",
        )
    }

    fn over(
        counter: &'static str,
        insert: &'static str,
        find: &'static str,
        find_all: &'static str,
        find_newest: &'static str,
        delete: &'static str,
    ) -> Self {
        Self {
            counter,
            insert: ManyRows {
                head: insert,
                tuple: "(?,?)",
                tail: PASS_OVER_NULL,
            },
            find: ManyRows {
                head: find,
                tuple: "?",
                tail: ") GROUP BY key",
            },
            find_all: ManyRows {
                head: find_all,
                tuple: "?",
                tail: ")",
            },
            find_newest,
            delete,
            recent_max: RECENT_MAX,
            recent: RwLock::default(),
        }
    }

    /// The newest place of each key that has one.
    pub(super) async fn newest(
        &self,
        connection: &mut SqliteConnection,
        keys: &[Key],
    ) -> Result<HashMap<Key, i64>, sqlx::Error> {
        let mut found = HashMap::with_capacity(keys.len());
        let mut elsewhere = Vec::new();
        {
            let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
            for key in keys {
                match recent
                    .range((*key, i64::MIN)..=(*key, i64::MAX))
                    .next_back()
                {
                    Some((key, place)) => {
                        found.insert(*key, *place);
                    }
                    None => elsewhere.push(*key),
                }
            }
        }
        let rows = self
            .find
            .fetch(connection, &elsewhere, |a, key| bind(a, key.as_slice()))
            .await?;
        for row in rows {
            let key: &[u8] = row.try_get(0)?;
            if let Ok(key) = Key::try_from(key) {
                found.insert(key, row.try_get(1)?);
            }
        }
        Ok(found)
    }

    /// Every place of these keys, in order.
    pub(super) async fn all(
        &self,
        connection: &mut SqliteConnection,
        keys: &[Key],
    ) -> Result<Vec<i64>, sqlx::Error> {
        let mut places: BTreeSet<i64> = {
            let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
            keys.iter()
                .flat_map(|key| recent.range((*key, i64::MIN)..=(*key, i64::MAX)))
                .map(|(_, place)| *place)
                .collect()
        };
        let rows = self
            .find_all
            .fetch(connection, keys, |a, key| bind(a, key.as_slice()))
            .await?;
        for row in rows {
            places.insert(row.try_get(0)?);
        }
        Ok(places.into_iter().collect())
    }

    /// Places of these keys with their key, the newest of each first; of one key at most so many.
    pub(super) async fn newest_of_each(
        &self,
        connection: &mut SqliteConnection,
        keys: &[Key],
        most: usize,
    ) -> Result<HashMap<Key, Vec<i64>>, sqlx::Error> {
        // Most keys have no place, which one statement says of all of them.
        let found = self.newest(connection, keys).await?;
        let mut places: HashMap<Key, Vec<i64>> = HashMap::new();
        {
            let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
            for key in found.keys() {
                let found = recent.range((*key, i64::MIN)..=(*key, i64::MAX)).rev();
                for (key, place) in found.take(most) {
                    places.entry(*key).or_default().push(*place);
                }
            }
        }
        for key in found.keys() {
            let rows = sqlx::query(self.find_newest)
                .bind(key.to_vec())
                .bind(i64::try_from(most).unwrap_or(i64::MAX))
                .fetch_all(&mut *connection)
                .await?;
            for row in rows {
                let place: i64 = row.try_get(0)?;
                let known = places.entry(*key).or_default();
                if known.len() < most && !known.contains(&place) {
                    known.push(place);
                }
            }
        }
        Ok(places)
    }

    /// Adds what was committed.
    pub(super) fn add(&self, entries: impl IntoIterator<Item = (Key, i64)>) {
        self.recent
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(entries);
    }

    /// Takes entries out of the table in the transaction that is open, after what else it writes.
    pub(super) async fn erase(
        &self,
        script: &mut Script<'_>,
        entries: &[(Key, i64)],
    ) -> Result<(), sqlx::Error> {
        for (key, place) in entries {
            script
                .one(self.delete, |a| {
                    bind(a, key.as_slice())?;
                    bind(a, *place)
                })
                .await?;
        }
        Ok(())
    }

    /// Takes the same out of memory, once that is durable.
    pub(super) fn remove(&self, entries: &[(Key, i64)]) {
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        for entry in entries {
            recent.remove(entry);
        }
    }

    /// Forgets everything, to be told again.
    pub(super) fn clear(&self) {
        self.recent
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// What is to go to the table with a commit that brings so many new entries; `None`: nothing yet.
    pub(super) fn next_slice(&self, round: &Round, new: usize, newest: i64) -> Option<Slice> {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        if recent.len() <= self.recent_max && round.walk.is_none() {
            return None;
        }
        let (until, from) = round.walk.unwrap_or((newest, ([0; 16], i64::MIN)));
        Some(slice_of(
            &recent,
            until,
            from,
            SLICE_MIN.max(new.saturating_mul(2)),
        ))
    }

    /// All that is left.
    pub(super) fn whole(&self, newest: i64) -> Slice {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        slice_of(&recent, newest, ([0; 16], i64::MIN), usize::MAX)
    }

    /// Writes a slice in the transaction that is open.
    pub(super) async fn write(
        &self,
        script: &mut Script<'_>,
        slice: &Slice,
    ) -> Result<(), sqlx::Error> {
        script
            .rows(&self.insert, &slice.entries, |a, (key, place)| {
                bind(a, key.as_slice())?;
                bind(a, *place)
            })
            .await?;
        if slice.ends_round {
            script
                .one("UPDATE counters SET value = ? WHERE name = ?", |a| {
                    bind(a, slice.until)?;
                    bind(a, self.counter)
                })
                .await?;
        }
        Ok(())
    }

    /// After the transaction is durable: the slice is in the table now.
    pub(super) fn written(&self, round: &mut Round, slice: &Slice) {
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        for entry in &slice.entries {
            recent.remove(entry);
        }
        round.walk = match slice.entries.last() {
            Some(last) if !slice.ends_round => Some((slice.until, *last)),
            Some(_) | None => None,
        };
    }
}

fn slice_of(recent: &BTreeSet<(Key, i64)>, until: i64, from: (Key, i64), most: usize) -> Slice {
    let mut due = recent
        .range((Bound::Excluded(from), Bound::Unbounded))
        .filter(|(_, place)| *place <= until)
        .copied();
    let entries: Vec<_> = due.by_ref().take(most).collect();
    let ends_round = due.next().is_none();
    Slice {
        entries,
        until,
        ends_round,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{open, people};
    use super::*;
    use crate::model::ids::Digest;

    /// Keys that come again now and then, as those of items that are revised.
    fn key(place: i64) -> Key {
        let digest = Digest::of(&(place % 700).to_be_bytes());
        super::super::load::document_key(&digest)
    }

    #[tokio::test]
    async fn every_key_is_found_while_it_moves_to_the_table_and_after_a_restart() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let file = directory.path().join("late.db");
        let mut connection = open::writer(&file).await.expect("a new database");
        open::migrate(&file, &mut connection)
            .await
            .expect("a schema");
        let mut late = Late {
            recent_max: 100,
            ..Late::items()
        };
        let mut round = Round::default();
        let mut model: BTreeMap<Key, i64> = BTreeMap::new();
        let mut newest = 0;
        let mut rounds = 0;
        for commit in 0..60_i64 {
            let new: Vec<(Key, i64)> = (1..=40).map(|n| (key(newest + n), newest + n)).collect();
            if let Some(slice) = late.next_slice(&round, 10, newest) {
                rounds += usize::from(slice.ends_round);
                let mut script = Script::new(&mut connection, false);
                late.write(&mut script, &slice).await.expect("a write");
                late.written(&mut round, &slice);
            }
            late.add(new.iter().copied());
            newest += 40;
            model.extend(new);
            if commit % 17 == 16 {
                // A restart: memory is gone, and what the table may lack is read again.
                let until = people::count(&mut connection, late.counter)
                    .await
                    .expect("a counter");
                late = Late {
                    recent_max: 100,
                    ..Late::items()
                };
                round = Round::default();
                late.add((until + 1..=newest).map(|place| (key(place), place)));
            }
            let keys: Vec<Key> = model.keys().copied().collect();
            let found = late.newest(&mut connection, &keys).await.expect("a read");
            assert_eq!(found.into_iter().collect::<BTreeMap<_, _>>(), model);
        }
        assert!(rounds > 2, "{rounds}");
        let held = late.recent.read().expect("no panic under it").len();
        assert!(held < 1_000, "{held} of 2400 are still in memory");
    }
}
