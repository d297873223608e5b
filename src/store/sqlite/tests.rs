//! What needs a hand inside: a full disk, a failed flush.

use super::*;
use crate::model::position::Position;

async fn store() -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Store::open(&directory.path().join("sluis.db"))
        .await
        .expect("a new database");
    (directory, store)
}

impl Store {
    /// As if the disk had failed while a commit was flushed.
    pub(crate) async fn fail_flush(&self) {
        let mut writer = self.inner.writer.lock().await;
        let connection = writer.connection.take().expect("it is at rest");
        let broken = Broken::Committing(sqlx::Error::Io(std::io::Error::other("fsync")));
        self.inner.undo(connection, &mut writer, broken).await;
    }
}

fn bulky(n: u64) -> Write {
    Write::Quarantine(Quarantined {
        supplier: CommunityId::parse("water.isac.example").expect("a valid id"),
        item: None,
        reason: format!("reason {n} ").repeat(2_000),
        sha256: Digest::of(&n.to_be_bytes()),
        at: Timestamp::from_seconds(1),
        evidence: None,
    })
}

async fn with_connection(store: &Store, sql: String) -> i64 {
    let mut writer = store.inner.writer.lock().await;
    let connection = writer.connection.as_mut().expect("it is at rest");
    let row = connection
        .fetch_one(sqlx::query(sqlx::AssertSqlSafe(sql)))
        .await
        .expect("a pragma");
    row.try_get(0).expect("a number")
}

#[tokio::test]
async fn a_full_disk_refuses_the_whole_batch_and_takes_writes_again_when_there_is_room() {
    let (_directory, store) = store().await;
    store.commit(vec![bulky(1)]).await.expect("there is room");
    let pages = with_connection(&store, "PRAGMA page_count".into()).await;
    with_connection(&store, format!("PRAGMA max_page_count = {}", pages + 5)).await;
    let batch = (2..40).map(bulky).collect();
    let error = store.commit(batch).await.expect_err("there is no room");
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error:?}");
    assert!(error.to_string().contains("free some space"), "{error}");
    assert!(error.fails_everyone());
    let kept = store.quarantined(100).await.expect("reads go on");
    assert_eq!(kept.len(), 1);
    assert!(!store.stopped().is_cancelled(), "no reason to end the node");
    // The limit was one of the connection, which is another one now.
    store.commit(vec![bulky(2)]).await.expect("room again");
    assert_eq!(store.quarantined(100).await.expect("reads go on").len(), 2);
}

#[tokio::test]
async fn after_a_failed_flush_nothing_is_written_and_reads_go_on() {
    let (_directory, store) = store().await;
    store.commit(vec![bulky(1)]).await.expect("the disk works");
    assert!(!store.stopped().is_cancelled());
    store.fail_flush().await;
    assert!(store.stopped().is_cancelled());
    for _ in 0..2 {
        let error = store.commit(vec![bulky(2)]).await.expect_err("it stopped");
        assert!(matches!(error, StoreError::Stopped { .. }));
        assert!(error.to_string().contains("started again"), "{error}");
    }
    assert!(matches!(
        store.set_meta("key", b"value").await,
        Err(StoreError::Stopped { .. })
    ));
    assert_eq!(store.quarantined(10).await.expect("reads go on").len(), 1);
    assert_eq!(store.head().await.expect("reads go on"), Position::START);
}

#[tokio::test]
async fn a_database_that_is_held_by_another_process_is_told() {
    let (directory, store) = store().await;
    let mut other = open::writer(&directory.path().join("sluis.db"))
        .await
        .expect("a second connection");
    other.execute("BEGIN IMMEDIATE").await.expect("the lock");
    with_connection(&store, "PRAGMA busy_timeout = 1".into()).await;
    let error = store.commit(vec![bulky(1)]).await.expect_err("it is held");
    assert!(matches!(error, StoreError::Locked { .. }), "{error:?}");
    other
        .execute("ROLLBACK")
        .await
        .expect("the lock is given back");
    store.commit(vec![bulky(1)]).await.expect("it is free");
}
