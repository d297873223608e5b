//! The store and the log over their public API: what is answered is durable, once, in order, and gone when it is erased.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use sluis::anonymity::{Pseudonyms, Reissued, SourceSeal};
use sluis::clock::{ManualClock, Timestamp};
use sluis::log::{EntryBody, Log, LogError};
use sluis::model::agreement::{Peer, Side, Terms as AgreementTerms, TermsSignature};
use sluis::model::ids::{
    CommunityId, CredentialName, Digest, ItemId, KeyId, MemberId, Name, SpiffeId,
};
use sluis::model::item::{
    Audience, Content, Envelope, LocalRecord, Said, SourceReference, Terms, Withdrawal,
};
use sluis::model::label::Label;
use sluis::model::member::{Credential, Member, Standing};
use sluis::model::position::{FeedPlace, Position};
use sluis::model::signed::Signed;
use sluis::model::words::{Attribution, Kind, WithdrawalReason};
use sluis::overview::{Overview, RevealError};
use sluis::store::{
    Answer, Append, AppendItem, AuditRecord, Deliver, DeliveredItem, DeliveredKind, DocumentPart,
    DocumentState, Expect, InviteUse, LinkState, LogClass, LogRow, NewInvite, PinnedKey,
    Quarantined, RowState, Store, StoreError, Waiting, Withdraw, Write, Written,
};
use sluis::tasks::Tasks;
use sluis::wire;

// ── retry and documents ─────────────────────────────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn the_same_request_is_answered_the_same_and_appends_nothing() {
    let f = Fixture::new().await;
    let push = f.push(1).write();
    let first = f.commit(push.clone()).await;
    assert_eq!(first, Written::Appended(vec![Position(1)]));
    let again = f.commit(push.clone()).await;
    assert_eq!(again, Written::Repeated(Answer(b"answer 1".to_vec())));
    assert_eq!(f.store.head().await.unwrap(), Position(1));
    assert_eq!(f.store.items_in_service().await.unwrap(), 1);
    // The same within one batch: the later one sees the earlier.
    let push = f.push(2).write();
    let both = f.store.commit(vec![push.clone(), push]).await.unwrap();
    assert_eq!(
        both,
        [
            Written::Appended(vec![Position(2)]),
            Written::Repeated(Answer(b"answer 2".to_vec()))
        ]
    );
}

#[tokio::test]
async fn a_push_against_another_state_takes_no_effect_and_learns_the_present_one() {
    let f = Fixture::new().await;
    let first = f.push(1);
    let second = f.push(2).document(first.document).write();
    let answers = f
        .store
        .commit(vec![first.clone().write(), second])
        .await
        .unwrap();
    let state = f.store.document(first.document).await.unwrap().unwrap();
    assert_eq!(
        answers,
        [
            Written::Appended(vec![Position(1)]),
            Written::Unexpected(state.clone())
        ]
    );
    assert_eq!(state.tag, 1);
    assert_eq!(state.parts, first.state().parts);
    // Nothing of it was recorded, so the same request may try again against the present state.
    let retried = f
        .push(2)
        .document(first.document)
        .expect(Expect::State(1))
        .revising(&first)
        .write();
    assert_eq!(
        f.commit(retried).await,
        Written::Appended(vec![Position(2)])
    );
    let old = f.push(3).document(first.document).expect(Expect::State(1));
    let Written::Unexpected(state) = f.commit(old.write()).await else {
        panic!("an old state is not the present one");
    };
    assert_eq!(state.tag, 2);
    let nowhere = f.push(4).expect(Expect::State(1)).write();
    assert_eq!(
        f.commit(nowhere).await,
        Written::Unexpected(DocumentState::absent())
    );
}

#[tokio::test]
async fn the_same_content_again_is_existing_and_its_request_is_recorded() {
    let f = Fixture::new().await;
    let first = f.push(1);
    f.commit(first.clone().write()).await;
    let again = Push {
        request: f.push(2).request,
        expect: Expect::State(1),
        items: Vec::new(),
        ..first.clone()
    };
    let state = f.store.document(first.document).await.unwrap().unwrap();
    assert_eq!(
        f.commit(again.clone().write_with_state(state.clone()))
            .await,
        Written::Existing(state.clone())
    );
    assert_eq!(
        f.commit(again.write_with_state(state)).await,
        Written::Repeated(Answer(b"answer 1".to_vec()))
    );
    assert_eq!(f.store.head().await.unwrap(), Position(1));
}

#[tokio::test]
async fn a_revision_supersedes_and_erases_the_one_before() {
    let f = Fixture::new().await;
    let first = f.push(1);
    f.commit(first.clone().write()).await;
    let second = f
        .push(2)
        .document(first.document)
        .expect(Expect::State(1))
        .revising(&first);
    f.commit(second.clone().write()).await;
    let rows = f.rows().await;
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].state, RowState::Superseded);
    assert_eq!(rows[0].content, None);
    assert_is_tombstone(&rows[0], &first.items[0]);
    assert_eq!(rows[1].state, RowState::Live);
    assert_eq!(rows[1].revision, 2);
    assert_eq!(rows[1].content, Some(second.items[0].content.clone()));
    assert_eq!(f.store.items_in_service().await.unwrap(), 1);
    let newest = f.store.row_of(first.items[0].item, true).await.unwrap();
    assert_eq!(newest.unwrap().position, Position(2));
}

#[tokio::test]
async fn a_batch_means_the_same_as_its_writes_one_by_one() {
    let whole = Fixture::new().await;
    let single = Fixture::new().await;
    let mut writes = Vec::new();
    for n in 0..6 {
        let first = whole.push(10 * n + 1);
        let second = whole
            .push(10 * n + 2)
            .document(first.document)
            .expect(Expect::State(1))
            .revising(&first);
        let item = first.items[0].item;
        writes.push(first.clone().write());
        writes.push(second.write());
        writes.push(first.write());
        if n % 2 == 0 {
            writes.push(Write::Withdraw(withdraw(item, n)));
            writes.push(Write::Withdraw(withdraw(item, n)));
        }
        let foreign = foreign(n, 2, "water.isac.example");
        writes.push(deliver("water.isac.example", vec![foreign.clone()]));
        writes.push(deliver("water.isac.example", vec![foreign.clone()]));
        if n % 3 == 0 {
            let recall = DeliveredItem {
                item: foreign.item,
                kind: DeliveredKind::Recall,
            };
            writes.push(deliver("water.isac.example", vec![recall.clone()]));
            writes.push(deliver("water.isac.example", vec![recall, foreign]));
        }
    }
    let at_once = whole.store.commit(writes.clone()).await.unwrap();
    let mut one_by_one = Vec::new();
    for write in writes {
        one_by_one.push(single.commit(write).await);
    }
    assert_eq!(at_once, one_by_one);
    assert_eq!(
        format!("{:?}", whole.rows().await),
        format!("{:?}", single.rows().await)
    );
    assert_eq!(
        whole.store.items_in_service().await.unwrap(),
        single.store.items_in_service().await.unwrap()
    );
    assert_eq!(
        whole.store.audit_after(0, 100).await.unwrap(),
        single.store.audit_after(0, 100).await.unwrap()
    );
}

// ── withdrawal, delivery, recall ────────────────────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn a_withdrawal_ends_an_item_once_and_its_document_forgets_the_part() {
    let f = Fixture::new().await;
    let push = f.push(1);
    f.commit(push.clone().write()).await;
    let item = push.items[0].item;
    assert_eq!(
        f.commit(Write::Withdraw(withdraw(item, 1))).await,
        Written::Withdrawn(Some(Position(2)))
    );
    assert_eq!(
        f.commit(Write::Withdraw(withdraw(item, 1))).await,
        Written::Withdrawn(None)
    );
    let unknown = ItemId::new(9, [9; 10]);
    assert_eq!(
        f.commit(Write::Withdraw(withdraw(unknown, 1))).await,
        Written::Withdrawn(None)
    );
    let rows = f.rows().await;
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].state, RowState::Withdrawn);
    assert_is_tombstone(&rows[0], &push.items[0]);
    let LogClass::Withdrawal {
        of: Some((tombstone, _, local)),
        item_recorded,
        ..
    } = &rows[1].class
    else {
        panic!("{:?} is not the withdrawal", rows[1]);
    };
    assert_eq!(*tombstone, envelope_of(&rows[0]).record);
    assert_eq!(local.as_ref(), Some(&push.items[0].local));
    assert_eq!(*item_recorded, rows[0].recorded);
    assert_eq!(rows[1].revision, 1);
    assert_eq!(f.store.items_in_service().await.unwrap(), 0);
    assert_eq!(f.store.audit_after(0, 10).await.unwrap().len(), 1);
    let state = f.store.document(push.document).await.unwrap().unwrap();
    assert_eq!((state.tag, state.parts), (2, Vec::new()));
}

#[tokio::test]
async fn a_revision_that_was_worked_out_before_a_withdrawal_does_not_bring_the_item_back() {
    let f = Fixture::new().await;
    let first = f.push(1);
    f.commit(first.clone().write()).await;
    let item = first.items[0].item;
    let second = f
        .push(2)
        .document(first.document)
        .expect(Expect::State(1))
        .revising(&first);
    // Under another document too: the item itself says that it is gone.
    let elsewhere = f.push(3).revising(&first);
    f.commit(Write::Withdraw(withdraw(item, 1))).await;
    assert!(matches!(
        f.commit(second.write()).await,
        Written::Unexpected(_)
    ));
    assert!(matches!(
        f.commit(elsewhere.write()).await,
        Written::Unexpected(_)
    ));
    assert_eq!(f.store.head().await.unwrap(), Position(2));
}

#[tokio::test]
async fn parts_that_vanish_are_withdrawn_with_the_push() {
    let f = Fixture::new().await;
    let first = f.push(1);
    f.commit(first.clone().write()).await;
    let mut second = f.push(2).document(first.document).expect(Expect::State(1));
    second.vanished = vec![withdraw(first.items[0].item, 1)];
    assert_eq!(
        f.commit(second.clone().write()).await,
        Written::Appended(vec![Position(2), Position(3)])
    );
    let rows = f.rows().await;
    assert_eq!(rows[0].state, RowState::Withdrawn);
    assert!(matches!(rows[2].class, LogClass::Withdrawal { .. }));
    let state = f.store.document(first.document).await.unwrap().unwrap();
    assert_eq!(state.parts, second.state().parts);
}

#[tokio::test]
async fn a_delivery_takes_effect_once_and_never_replaces_a_newer_revision() {
    let f = Fixture::new().await;
    let (old, new) = (
        foreign(1, 2, "water.isac.example"),
        foreign(1, 3, "water.isac.example"),
    );
    let both = || deliver("water.isac.example", vec![new.clone(), old.clone()]);
    assert_eq!(
        f.commit(both()).await,
        Written::Delivered(vec![Some(Position(1)), None])
    );
    assert_eq!(f.commit(both()).await, Written::Delivered(vec![None, None]));
    let newer = foreign(1, 4, "water.isac.example");
    assert_eq!(
        f.commit(deliver("msp.isac.example", vec![newer])).await,
        Written::Delivered(vec![Some(Position(2))])
    );
    let rows = f.rows().await;
    assert_eq!(rows[0].state, RowState::Superseded);
    assert_eq!(
        rows[1].supplier.as_ref().map(CommunityId::as_str),
        Some("msp.isac.example")
    );
    let cursor = |peer: &str| {
        let store = f.store.clone();
        let peer = community(peer);
        async move { store.link(&peer).await.unwrap().cursor }
    };
    assert_eq!(cursor("water.isac.example").await, "cursor");
    assert_eq!(cursor("msp.isac.example").await, "cursor");
    assert_eq!(cursor("energy.isac.example").await, "");
}

#[tokio::test]
async fn after_a_withdrawal_nothing_of_the_item_is_ever_stored() {
    let f = Fixture::new().await;
    let item = foreign(1, 1, "water.isac.example");
    let withdrawal = foreign_withdrawal(item.item, "water.isac.example");
    // It overtook the item.
    assert_eq!(
        f.commit(deliver("water.isac.example", vec![withdrawal.clone()]))
            .await,
        Written::Delivered(vec![Some(Position(1))])
    );
    let newer = foreign(1, 9, "water.isac.example");
    assert_eq!(
        f.commit(deliver("msp.isac.example", vec![item, withdrawal, newer]))
            .await,
        Written::Delivered(vec![None, None, None])
    );
    let rows = f.rows().await;
    assert_eq!(rows.len(), 1);
    assert!(matches!(
        rows[0].class,
        LogClass::Withdrawal { of: None, .. }
    ));
    assert_eq!(f.store.items_in_service().await.unwrap(), 0);
}

#[tokio::test]
async fn an_item_gives_way_only_to_its_own_origin() {
    let f = Fixture::new().await;
    let (water, evil) = ("water.isac.example", "evil.example");
    let item = foreign(1, 2, water);
    let recall = DeliveredItem {
        item: item.item,
        kind: DeliveredKind::Recall,
    };
    let attack = || {
        vec![
            foreign(1, u32::MAX, evil),
            foreign_withdrawal(item.item, evil),
        ]
    };
    // In the same batch and in a later one, in service and recalled.
    f.commit(deliver(water, vec![item.clone()])).await;
    let nothing = Written::Delivered(vec![None, None]);
    assert_eq!(f.commit(deliver(evil, attack())).await, nothing);
    f.commit(deliver(water, vec![recall])).await;
    assert_eq!(f.commit(deliver(evil, attack())).await, nothing);
    let both = [
        deliver(water, vec![foreign(1, 3, water)]),
        deliver(evil, attack()),
    ];
    let written = f.store.commit(both.to_vec()).await.unwrap();
    assert_eq!(
        written,
        [Written::Delivered(vec![Some(Position(3))]), nothing.clone()]
    );
    let newest = || async { f.store.row_of(item.item, true).await.unwrap().unwrap() };
    assert_eq!(
        (newest().await.revision, newest().await.state),
        (3, RowState::Live)
    );
    assert!(newest().await.content.is_some());
    // Its origin still ends it, and then it is gone whoever says otherwise.
    let withdrawal = foreign_withdrawal(item.item, water);
    assert_eq!(
        f.commit(deliver("msp.isac.example", vec![withdrawal]))
            .await,
        Written::Delivered(vec![Some(Position(4))])
    );
    assert_eq!(f.commit(deliver(evil, attack())).await, nothing);
    assert_eq!(f.store.items_in_service().await.unwrap(), 0);
}

#[tokio::test]
async fn what_was_made_here_gives_way_to_no_delivery() {
    let f = Fixture::new().await;
    let push = f.push(1);
    f.commit(push.clone().write()).await;
    let item = push.items[0].item;
    let attack = |origin: &str| {
        let mut revision = foreign(1, 9, origin);
        let content = Bytes::from_static(b"other content");
        if let DeliveredKind::Revision { envelope: e, .. } = &mut revision.kind {
            *e = signed(wire::envelope::encode(&envelope(
                1, item, 9, origin, &content,
            )));
        }
        let recall = DeliveredItem {
            item,
            kind: DeliveredKind::Recall,
        };
        let revision = DeliveredItem { item, ..revision };
        vec![revision, foreign_withdrawal(item, origin), recall]
    };
    for origin in ["evil.example", "energy.isac.example"] {
        assert_eq!(
            f.commit(deliver("evil.example", attack(origin))).await,
            Written::Delivered(vec![None, None, None])
        );
    }
    let row = f.store.row_of(item, true).await.unwrap().unwrap();
    assert_eq!((row.state, row.revision), (RowState::Live, 1));
    assert_eq!(row.content, Some(push.items[0].content.clone()));
}

#[tokio::test]
async fn an_early_withdrawal_keeps_out_only_what_has_its_origin() {
    let (water, evil, msp) = ("water.isac.example", "evil.example", "msp.isac.example");
    let item = foreign(1, 2, water);
    let early = |origin: &str| deliver(evil, vec![foreign_withdrawal(item.item, origin)]);
    let arrives = || deliver(msp, vec![item.clone()]);
    let one = |position| Written::Delivered(vec![Some(Position(position))]);
    let none = Written::Delivered(vec![None]);

    let f = Fixture::new().await;
    assert_eq!(f.commit(early(evil)).await, one(1));
    assert_eq!(f.commit(early(evil)).await, none);
    assert_eq!(f.commit(arrives()).await, one(2));
    assert_eq!(f.commit(early(evil)).await, none);
    let row = f.store.row_of(item.item, true).await.unwrap().unwrap();
    assert_eq!((row.state, row.position), (RowState::Live, Position(2)));
    assert_eq!(f.commit(early(water)).await, one(3));

    // The origin's own is not lost beside somebody else's, in whatever order they come, also after a restart.
    for order in [[evil, water], [water, evil]] {
        let f = Fixture::new().await;
        for (n, origin) in (1..).zip(order) {
            assert_eq!(f.commit(early(origin)).await, one(n));
        }
        assert_eq!(f.commit(arrives()).await, none);
        f.store.close().await.unwrap();
        let again = Store::open(&f.file).await.unwrap();
        let written = again
            .commit(vec![early(order[0]), arrives(), early(order[1])])
            .await
            .unwrap();
        assert_eq!(written, [none.clone(), none.clone(), none.clone()]);
        assert_eq!(again.items_in_service().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_recall_counts_only_from_the_supplier_and_the_right_can_come_back() {
    let f = Fixture::new().await;
    let item = foreign(1, 2, "water.isac.example");
    let recall = DeliveredItem {
        item: item.item,
        kind: DeliveredKind::Recall,
    };
    f.commit(deliver("water.isac.example", vec![item.clone()]))
        .await;
    assert_eq!(
        f.commit(deliver("msp.isac.example", vec![recall.clone()]))
            .await,
        Written::Delivered(vec![None])
    );
    assert_eq!(
        f.commit(deliver(
            "water.isac.example",
            vec![recall.clone(), recall.clone()]
        ))
        .await,
        Written::Delivered(vec![Some(Position(2)), None])
    );
    let rows = f.rows().await;
    assert_eq!(rows[0].state, RowState::Withdrawn);
    assert_eq!(rows[0].content, None);
    assert!(matches!(rows[1].class, LogClass::Recall { .. }));
    let older = foreign(1, 1, "water.isac.example");
    assert_eq!(
        f.commit(deliver("water.isac.example", vec![older, item.clone()]))
            .await,
        Written::Delivered(vec![None, Some(Position(3))])
    );
    assert_eq!(f.store.items_in_service().await.unwrap(), 1);
    // A withdrawal after a recall still tells who had the item.
    f.commit(deliver("water.isac.example", vec![recall])).await;
    let withdrawal = foreign_withdrawal(item.item, "water.isac.example");
    f.commit(deliver("water.isac.example", vec![withdrawal]))
        .await;
    let newest = f.store.row_of(item.item, true).await.unwrap().unwrap();
    assert!(
        matches!(newest.class, LogClass::Withdrawal { of: Some(_), .. }),
        "{newest:?}"
    );
    assert_eq!(f.store.items_in_service().await.unwrap(), 0);
}

#[tokio::test]
async fn what_objects_were_called_is_kept_sealed_and_goes_with_the_content() {
    let f = Fixture::new().await;
    let push = f.push(7);
    let item = push.items[0].item;
    f.commit(push.clone().write()).await;
    assert_eq!(
        f.store.reissued(item).await.unwrap(),
        push.items[0].reissued
    );
    let old = Bytes::from_static(b"indicator--old-00000007");
    assert_eq!(found(&files(f.directory.path()), &[old]), [false]);
    assert_eq!(f.store.reissued(ItemId::new(1, [9; 10])).await.unwrap(), []);
    f.commit(Write::Withdraw(withdraw(item, 1))).await;
    assert_eq!(f.store.reissued(item).await.unwrap(), []);
}

/// Threat 23: there is no answer without a record.
#[tokio::test]
async fn a_source_is_not_told_where_the_look_cannot_be_recorded() {
    let f = Fixture::new().await;
    let push = f.push(3);
    let item = push.items[0].item;
    let (log, tasks) = f.log().await;
    log.write(push.write()).await.unwrap();
    let overview = Overview {
        here: community("energy.isac.example"),
        log: log.clone(),
        newcomer_history: Label::Green,
        clock: Arc::new(ManualClock::at(Timestamp::from_seconds(1_000))),
    };
    let alice = SpiffeId::parse("spiffe://energy.isac.example/operator/alice").unwrap();
    let looks = || async {
        let audit = f.store.audit_after(0, 100).await.unwrap();
        audit
            .iter()
            .filter(|row| row.act == "source-disclosed")
            .count()
    };
    let before = looks().await;
    let told = overview.reveal(&alice, item).await.unwrap();
    assert!(told.is_some());
    assert_eq!(looks().await, before + 1);
    tasks.drain(std::time::Duration::from_secs(60)).await;
    assert!(
        log.entry_of(item, false).await.unwrap().is_some(),
        "it can still be read"
    );
    assert!(matches!(
        overview.reveal(&alice, item).await,
        Err(RevealError::NotRecorded(_))
    ));
}

// ── erasing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn what_was_erased_is_in_no_file_of_the_database() {
    let f = Fixture::new().await;
    // Enough items around it that pages are shared, split and refilled.
    let pushes: Vec<Push> = (0..200).map(|n| f.push(n)).collect();
    f.store
        .commit(pushes.iter().map(|p| p.clone().write()).collect())
        .await
        .unwrap();
    f.store.checkpoint().await.unwrap();
    let large = {
        let mut push = f.push(1000);
        push.items[0].content = Bytes::from(b"large canary ".repeat(10_000));
        push
    };
    f.commit(large.clone().write()).await;
    let title = |push: &Push| Bytes::from(title_of(push));
    let key = |push: &Push| Bytes::copy_from_slice(&push.items[0].content_key);
    let content = |push: &Push| push.items[0].content.slice(..40);
    assert_eq!(
        found(
            &files(f.directory.path()),
            &[title(&pushes[7]), key(&pushes[7]), content(&pushes[7])]
        ),
        [true, true, false],
        "the search finds what is there, and content is nowhere in clear"
    );
    let mut writes: Vec<Write> = (0..200)
        .filter(|n| n % 3 != 0)
        .map(|n| Write::Withdraw(withdraw(pushes[n].items[0].item, 1)))
        .collect();
    writes.push(Write::Withdraw(withdraw(large.items[0].item, 1)));
    for write in writes {
        f.commit(write).await;
    }
    f.store.checkpoint().await.unwrap();
    let after = files(f.directory.path());
    let kept: Vec<bool> = (0..200).map(|n| n % 3 == 0).collect();
    let titles: Vec<Bytes> = pushes.iter().map(title).collect();
    let keys: Vec<Bytes> = pushes.iter().map(key).collect();
    assert_eq!(found(&after, &titles), kept);
    assert_eq!(found(&after, &keys), kept);
    assert_eq!(
        found(&after, &[title(&large), key(&large), content(&large)]),
        [false; 3]
    );
    // A backup made now has none of it either.
    let backup = f.directory.path().join("backup.db");
    f.store.backup(&backup).await.unwrap();
    let copy = vec![std::fs::read(&backup).unwrap()];
    assert_eq!(found(&copy, &titles), kept);
    let restored = Store::open(&backup).await.unwrap();
    assert_eq!(
        restored.head().await.unwrap(),
        f.store.head().await.unwrap()
    );
}

#[tokio::test]
async fn files_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let f = Fixture::new().await;
    f.commit(f.push(1).write()).await;
    let mut seen = 0;
    for entry in std::fs::read_dir(f.directory.path()).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        seen += 1;
    }
    assert_eq!(
        seen, 3,
        "the database, its write-ahead log, its shared memory"
    );
}

// ── durability ──────────────────────────────────────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn a_crash_keeps_exactly_what_was_answered() {
    let f = Fixture::new().await;
    let mut answered = Vec::new();
    for n in 0..20 {
        let push = f.push(n);
        f.commit(push.clone().write()).await;
        answered.push(push);
    }
    f.commit(Write::Withdraw(withdraw(answered[4].items[0].item, 1)))
        .await;
    // The files as a crash leaves them, with the connection still open and no checkpoint made.
    let crashed = tempfile::tempdir().unwrap();
    for name in ["sluis.db", "sluis.db-wal"] {
        std::fs::copy(f.directory.path().join(name), crashed.path().join(name)).unwrap();
    }
    // A commit that did not get through: the end of the log is torn.
    let wal = crashed.path().join("sluis.db-wal");
    let mut torn = std::fs::read(&wal).unwrap();
    torn.extend_from_slice(&[0xa5; 5000]);
    std::fs::write(&wal, torn).unwrap();
    let store = Store::open(&crashed.path().join("sluis.db")).await.unwrap();
    let rows = store
        .rows_after(Position::START, 100, usize::MAX, true)
        .await
        .unwrap();
    assert_eq!(format!("{rows:?}"), format!("{:?}", f.rows().await));
    for (n, push) in answered.iter().enumerate() {
        // What memory knew of items and documents is found again.
        let row = store.row_of(push.items[0].item, true).await.unwrap();
        assert_eq!(row.unwrap().content.is_none(), n == 4);
        assert!(store.document(push.document).await.unwrap().is_some());
        assert_eq!(
            store.commit(vec![push.clone().write()]).await.unwrap(),
            [Written::Repeated(Answer(
                format!("answer {n}").into_bytes()
            ))]
        );
    }
}

#[tokio::test]
async fn a_store_that_was_closed_opens_as_it_was() {
    let f = Fixture::new().await;
    let first = f.push(1);
    f.commit(first.clone().write()).await;
    f.store.close().await.unwrap();
    assert!(matches!(
        f.store.commit(vec![f.push(2).write()]).await,
        Err(StoreError::Closed)
    ));
    assert!(matches!(f.store.head().await, Err(StoreError::Closed)));
    let store = Store::open(&f.file).await.unwrap();
    let second = f
        .push(2)
        .document(first.document)
        .expect(Expect::State(1))
        .revising(&first);
    assert_eq!(
        store.commit(vec![second.write()]).await.unwrap(),
        [Written::Appended(vec![Position(2)])]
    );
}

#[tokio::test]
async fn a_commit_whose_caller_goes_away_is_whole_or_not_there() {
    let f = Fixture::new().await;
    for n in 0..40 {
        let writes = vec![f.push(2 * n).write(), f.push(2 * n + 1).write()];
        let store = f.store.clone();
        // Polled a few times, then dropped in the midst of it.
        let mut commit = Box::pin(store.commit(writes));
        for _ in 0..n {
            let _ = futures_util::poll!(&mut commit);
            tokio::task::yield_now().await;
        }
        drop(commit);
    }
    let known = f.push(1000);
    f.commit(known.clone().write()).await;
    let rows = f.rows().await;
    assert_eq!(rows.len() % 2, 1);
    for row in &rows {
        let found = f.store.row_of(row.item, false).await.unwrap().unwrap();
        assert_eq!(found.position, row.position);
    }
    let items = u64::try_from(rows.len()).unwrap();
    assert_eq!(f.store.items_in_service().await.unwrap(), items);
}

#[tokio::test]
async fn other_files_and_later_versions_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let text = directory.path().join("text");
    std::fs::write(
        &text,
        "not a database, but long enough to have a header of one".repeat(99),
    )
    .unwrap();
    assert!(matches!(
        Store::open(&text).await,
        Err(StoreError::Foreign { .. })
    ));
    let other = directory.path().join("other.db");
    raw_sql(&other, "CREATE TABLE notes (text TEXT)").await;
    assert!(matches!(
        Store::open(&other).await,
        Err(StoreError::Foreign { .. })
    ));
    let f = Fixture::new().await;
    f.store.close().await.unwrap();
    raw_sql(
        &f.file,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (99, 'later', 1, x'00', 1)",
    )
    .await;
    let error = Store::open(&f.file).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, StoreError::NewerVersion { found: 99, .. }));
    assert!(
        text.contains("sluis.db") && text.contains("99") && text.contains("run a newer sluis"),
        "{text}"
    );
    let missing = directory.path().join("no").join("such").join("directory");
    assert!(matches!(
        Store::open(&missing).await,
        Err(StoreError::Open { .. })
    ));
}

#[tokio::test]
async fn a_row_that_was_damaged_is_inconsistent_and_is_named() {
    let f = Fixture::new().await;
    f.commit(f.push(1).write()).await;
    f.commit(f.push(2).write()).await;
    f.store.close().await.unwrap();
    raw_sql(
        &f.file,
        "UPDATE contents SET sealed = zeroblob(200) WHERE position = 2",
    )
    .await;
    let store = Store::open(&f.file).await.unwrap();
    let error = store
        .rows_after(Position::START, 10, usize::MAX, true)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "row 2 of table contents cannot be read back: column sealed"
    );
    let rows = store
        .rows_after(Position::START, 10, usize::MAX, false)
        .await
        .unwrap();
    assert_eq!(rows.len(), 2);
}

// ── members, invites, peers, links ──────────────────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn an_invite_is_good_once_also_under_many_at_a_time() {
    let f = Fixture::new().await;
    let (log, tasks) = f.log().await;
    log.write(Write::PutMember {
        member: member("acme"),
        audit: audit("member-added", "acme"),
    })
    .await
    .unwrap();
    log.write(Write::PutInvite {
        invite: invite(b"secret", 1_000),
        audit: audit("member-invited", "acme"),
    })
    .await
    .unwrap();
    let uses = (0..64).map(|n| {
        let log = log.clone();
        async move {
            log.write(use_invite(
                b"secret",
                500,
                Some(credential("acme", &format!("tool-{n}"))),
            ))
            .await
            .unwrap()
        }
    });
    let answers = futures_util::future::join_all(uses).await;
    let consumed = answers
        .iter()
        .filter(|a| **a == Written::Invite(InviteUse::Consumed(b"purpose".to_vec())))
        .count();
    let used = answers
        .iter()
        .filter(|a| **a == Written::Invite(InviteUse::Used))
        .count();
    assert_eq!((consumed, used), (1, 63));
    assert_eq!(log.roster().credentials.len(), 1);
    assert_eq!(*log.roster(), f.store.roster().await.unwrap());
    assert_eq!(f.store.audit_after(0, 100).await.unwrap().len(), 3);
    tasks.drain(std::time::Duration::from_secs(60)).await;
}

#[tokio::test]
async fn an_invite_that_is_past_its_end_or_unknown_is_not_consumed() {
    let f = Fixture::new().await;
    f.commit(Write::PutInvite {
        invite: invite(b"secret", 1_000),
        audit: audit("peer-invited", "water"),
    })
    .await;
    assert_eq!(
        f.commit(use_invite(b"secret", 1_000, None)).await,
        Written::Invite(InviteUse::Expired)
    );
    assert_eq!(
        f.commit(use_invite(b"guess", 1, None)).await,
        Written::Invite(InviteUse::Unknown)
    );
    assert_eq!(
        f.commit(use_invite(b"secret", 999, None)).await,
        Written::Invite(InviteUse::Consumed(b"purpose".to_vec()))
    );
    assert_eq!(
        f.commit(use_invite(b"secret", 1, None)).await,
        Written::Invite(InviteUse::Used)
    );
}

#[tokio::test]
async fn the_roster_in_memory_is_the_one_that_is_stored() {
    let f = Fixture::new().await;
    let (log, tasks) = f.log().await;
    for id in ["acme", "aqua", "volt"] {
        log.write(Write::PutMember {
            member: member(id),
            audit: audit("member-added", id),
        })
        .await
        .unwrap();
    }
    let endorse = |candidate: &str, endorser: &str| Write::PutEndorsement {
        candidate: MemberId::parse(candidate).unwrap(),
        endorser: MemberId::parse(endorser).unwrap(),
        audit: audit("member-endorsed", candidate),
    };
    for write in [
        endorse("volt", "aqua"),
        endorse("volt", "acme"),
        endorse("volt", "aqua"),
        Write::PutCredential {
            credential: credential("acme", "siem"),
            audit: audit("credential-enrolled", "acme"),
        },
        Write::PutMember {
            member: Member {
                standing: Standing::Suspended {
                    admitted: Timestamp::from_seconds(4),
                },
                epoch: 7,
                ..member("aqua")
            },
            audit: audit("member-suspended", "aqua"),
        },
        Write::PutPeer {
            peer: Box::new(peer("water.isac.example")),
            audit: audit("peer-accepted", "water.isac.example"),
        },
    ] {
        assert_eq!(log.write(write).await.unwrap(), Written::Done);
    }
    let roster = log.roster();
    assert_eq!(*roster, f.store.roster().await.unwrap());
    let volt = MemberId::parse("volt").unwrap();
    let endorsers: Vec<_> = roster.endorsements[&volt]
        .iter()
        .map(MemberId::as_str)
        .collect();
    assert_eq!(endorsers, ["aqua", "acme"]);
    assert_eq!(
        roster.peers[&community("water.isac.example")],
        peer("water.isac.example")
    );
    // Each change has one record, and the chain holds.
    let audit = f.store.audit_after(0, 100).await.unwrap();
    assert_eq!(audit.len(), 8);
    let mut previous = Digest([0; 32]);
    for (row, seq) in audit.iter().zip(1..) {
        assert_eq!((row.seq, row.previous_sha256), (seq, previous));
        assert_eq!(row.digest(), row.sha256);
        previous = row.sha256;
    }
    tasks.drain(std::time::Duration::from_secs(60)).await;
}

#[tokio::test]
async fn a_bad_write_fails_alone() {
    let f = Fixture::new().await;
    let (log, tasks) = f.log().await;
    let orphan = Write::PutCredential {
        credential: credential("nobody", "siem"),
        audit: audit("credential-enrolled", "nobody"),
    };
    let pushes = (0..20).map(|n| {
        let write = if n == 10 {
            orphan.clone()
        } else {
            f.push(n).write()
        };
        log.write(write)
    });
    let answers = futures_util::future::join_all(pushes).await;
    for (n, answer) in answers.iter().enumerate() {
        if n == 10 {
            assert!(matches!(answer, Err(LogError::Store(_))), "{answer:?}");
        } else {
            assert!(matches!(answer, Ok(Written::Appended(_))), "{answer:?}");
        }
    }
    assert_eq!(f.store.items_in_service().await.unwrap(), 19);
    assert!(f.store.audit_after(0, 10).await.unwrap().is_empty());
    assert!(log.roster().credentials.is_empty());
    tasks.drain(std::time::Duration::from_secs(60)).await;
}

#[tokio::test]
async fn holders_remember_what_was_offered_received_and_erased() {
    let f = Fixture::new().await;
    let (water, msp) = (
        community("water.isac.example"),
        community("msp.isac.example"),
    );
    let (a, b) = (ItemId::new(1, [1; 10]), ItemId::new(2, [2; 10]));
    let offer = |items: Vec<(ItemId, u32)>, at| Write::Offer {
        peer: water.clone(),
        items,
        at: Timestamp::from_seconds(at),
    };
    let receipt = |item, revision, erased, at| Write::Receipt {
        peer: water.clone(),
        items: vec![(item, revision, erased)],
        at: Timestamp::from_seconds(at),
    };
    let holder = || async { f.store.holders(a).await.unwrap().pop().unwrap() };
    let time = |at| Some(Timestamp::from_seconds(at));
    f.commit(offer(vec![(a, 1), (b, 1), (a, 1)], 1)).await;
    f.commit(receipt(a, 1, false, 2)).await;
    f.commit(receipt(a, 1, false, 3)).await;
    f.commit(offer(vec![(a, 1)], 4)).await;
    let held = holder().await;
    assert_eq!(
        (held.offered, held.received, held.erased),
        (Timestamp::from_seconds(1), time(2), None)
    );
    // A newer revision is not received yet, and an old receipt does not say so.
    f.commit(offer(vec![(a, 2)], 5)).await;
    f.commit(receipt(a, 1, false, 6)).await;
    assert_eq!(holder().await.received, None);
    f.commit(receipt(a, 2, true, 7)).await;
    assert_eq!(holder().await.erased, time(7));
    assert_eq!(
        f.store.held_by(&water, &[b, a]).await.unwrap(),
        [(b, 1)],
        "erased is not held"
    );
    assert!(f.store.held_by(&msp, &[a, b]).await.unwrap().is_empty());
    // Offered again: it may hold it again.
    f.commit(offer(vec![(a, 2)], 8)).await;
    let held = holder().await;
    assert_eq!((held.revision, held.received, held.erased), (2, None, None));
    assert_eq!(
        f.store.held_by(&water, &[b, a]).await.unwrap(),
        [(b, 1), (a, 2)]
    );
}

#[tokio::test]
async fn links_progress_keys_and_meta_come_back() {
    let f = Fixture::new().await;
    let water = community("water.isac.example");
    let state = LinkState {
        cursor: "c1".into(),
        caught_up: Some(Timestamp::from_seconds(5)),
    };
    f.commit(Write::PutLink {
        peer: water.clone(),
        state: state.clone(),
    })
    .await;
    assert_eq!(f.store.link(&water).await.unwrap(), state);
    f.commit(deliver("water.isac.example", Vec::new())).await;
    let link = f.store.link(&water).await.unwrap();
    assert_eq!(
        (link.cursor.as_str(), link.caught_up),
        ("cursor", state.caught_up)
    );
    // The last two are of somebody who reads again.
    for (position, at) in [(3, 1), (5, 2), (4, 3), (5, 4)] {
        f.commit(Write::Progress {
            viewer: "v".into(),
            position: Position(position),
            at: Timestamp::from_seconds(at),
        })
        .await;
    }
    assert_eq!(
        f.store.progress().await.unwrap(),
        [("v".to_owned(), Position(5), Timestamp::from_seconds(2))]
    );
    let key = PinnedKey {
        key: KeyId(Digest([1; 32])),
        community: water.clone(),
        certificate: vec![1],
        is_ca: true,
        introduced_by: Some(community("msp.isac.example")),
        first_seen: Timestamp::from_seconds(1),
    };
    let others = PinnedKey {
        community: community("evil.example"),
        certificate: vec![2],
        first_seen: Timestamp::from_seconds(2),
        ..key.clone()
    };
    f.commit(Write::PinKeys(vec![key.clone(), others])).await;
    assert_eq!(f.store.pinned_keys().await.unwrap(), [key]);
    assert_eq!(f.store.meta("cursor-key").await.unwrap(), None);
    f.store.set_meta("cursor-key", b"1").await.unwrap();
    f.store.set_meta("cursor-key", b"2").await.unwrap();
    assert_eq!(
        f.store.meta("cursor-key").await.unwrap(),
        Some(b"2".to_vec())
    );
}

#[tokio::test]
async fn a_renewed_certificate_takes_the_place_of_the_one_before() {
    let f = Fixture::new().await;
    let first = PinnedKey {
        key: KeyId(Digest([1; 32])),
        community: community("water.isac.example"),
        certificate: vec![1],
        is_ca: false,
        introduced_by: Some(community("msp.isac.example")),
        first_seen: Timestamp::from_seconds(1),
    };
    let renewed = PinnedKey {
        certificate: vec![2],
        introduced_by: None,
        first_seen: Timestamp::from_seconds(9),
        ..first.clone()
    };
    let kept = PinnedKey {
        certificate: vec![2],
        ..first.clone()
    };
    f.commit(Write::PinKeys(vec![first.clone()])).await;
    f.commit(Write::PinKeys(vec![renewed.clone(), renewed]))
        .await;
    assert_eq!(f.store.pinned_keys().await.unwrap(), [kept]);
}

#[tokio::test]
async fn the_quarantine_keeps_the_newest_of_each_supplier() {
    let f = Fixture::new().await;
    let bad = |supplier: &str, n: u64| Quarantined {
        supplier: community(supplier),
        item: n.is_multiple_of(2).then(|| ItemId::new(n, [0; 10])),
        reason: format!("reason {n}"),
        sha256: Digest::of(&n.to_be_bytes()),
        at: Timestamp::from_seconds(1),
        evidence: None,
    };
    f.commit(Write::Quarantine(bad("msp.isac.example", 0)))
        .await;
    let flood = |range: std::ops::Range<u64>| {
        let mut write = deliver("water.isac.example", Vec::new());
        if let Write::Deliver(deliver) = &mut write {
            deliver.quarantined = range.map(|n| bad("water.isac.example", n)).collect();
        }
        write
    };
    f.commit(flood(0..6_000)).await;
    f.commit(flood(6_000..10_005)).await;
    let kept = f.store.quarantined(20_000).await.unwrap();
    assert_eq!(kept.len(), 10_001);
    assert_eq!(kept[0], bad("water.isac.example", 10_004));
    assert_eq!(kept[9_999], bad("water.isac.example", 5));
    assert_eq!(kept[10_000], bad("msp.isac.example", 0));
}

// ── the log ─────────────────────────────────────────────────────────────────────────────────────────────────────────

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_many_writers_nothing_is_skipped_and_all_that_is_announced_is_found() {
    const WRITERS: u32 = 64;
    const EACH: u32 = 12;
    let f = Fixture::new().await;
    let (log, tasks) = f.log().await;
    let reader = {
        let log = log.clone();
        async move {
            let mut wakes = log.wakes();
            let mut seen: Vec<Position> = Vec::new();
            let total = usize::try_from(WRITERS * EACH).unwrap();
            while seen.len() < total {
                let head = wakes.borrow_and_update().head;
                let after = seen.last().copied().unwrap_or_default();
                let page = log
                    .entries_after(after, 50, usize::MAX, true)
                    .await
                    .unwrap();
                assert_eq!(page.is_empty(), after >= head, "{after:?} {head:?}");
                for entry in &page {
                    assert!(entry.row.content.is_some());
                    assert!(matches!(entry.body, EntryBody::Item { .. }));
                }
                seen.extend(page.iter().map(|e| e.row.position));
                if page.is_empty() {
                    wakes.changed().await.unwrap();
                }
            }
            seen
        }
    };
    let writers = (0..WRITERS).map(|w| {
        let log = log.clone();
        let pushes: Vec<Push> = (0..EACH).map(|n| f.push(w * EACH + n)).collect();
        async move {
            let mut positions = Vec::new();
            for push in pushes {
                let item = push.items[0].item;
                let Written::Appended(at) = log.write(push.write()).await.unwrap() else {
                    panic!("every push is new");
                };
                // What was answered is there, for everyone.
                let entry = log.entry_of(item, true).await.unwrap().unwrap();
                assert_eq!(entry.row.position, at[0]);
                assert!(log.wakes().borrow().head >= at[0]);
                positions.extend(at);
            }
            assert!(positions.is_sorted());
            positions
        }
    });
    let (seen, written) =
        futures_util::future::join(reader, futures_util::future::join_all(writers)).await;
    assert!(seen.is_sorted_by(|a, b| a < b));
    let seen: BTreeSet<_> = seen.into_iter().collect();
    let written: BTreeSet<_> = written.into_iter().flatten().collect();
    assert_eq!(seen, written);
    tasks.drain(std::time::Duration::from_secs(60)).await;
}

#[tokio::test]
async fn a_reader_far_behind_reads_the_same_from_the_store_as_from_memory() {
    let f = Fixture::new().await;
    // Before the log starts: only in the store.
    let old: Vec<Push> = (0..30).map(|n| f.push(n)).collect();
    f.store
        .commit(old.iter().map(|p| p.clone().write()).collect())
        .await
        .unwrap();
    let (log, tasks) = f.log().await;
    for n in 30..60 {
        log.write(f.push(n).write()).await.unwrap();
    }
    let mut after = Position::START;
    let mut contents = BTreeMap::new();
    loop {
        let page = log.entries_after(after, 7, 450, true).await.unwrap();
        let Some(last) = page.last() else { break };
        let bytes: usize = page
            .iter()
            .map(|e| e.row.content.as_ref().unwrap().len())
            .sum();
        assert!(page.len() == 1 || bytes <= 450, "{bytes}");
        after = last.row.position;
        contents.extend(
            page.iter()
                .map(|e| (e.row.position, e.row.content.clone().unwrap())),
        );
    }
    assert_eq!(contents.len(), 60);
    assert_eq!(contents[&Position(60)], f.push(59).items[0].content);
    // A withdrawal is seen at once in memory too.
    log.write(Write::Withdraw(withdraw(f.push(59).items[0].item, 1)))
        .await
        .unwrap();
    let page = log
        .entries_after(Position(59), 10, usize::MAX, true)
        .await
        .unwrap();
    assert_eq!(page[0].row.state, RowState::Withdrawn);
    assert_eq!(page[0].row.content, None);
    let EntryBody::Withdrawal {
        facts: Some(facts), ..
    } = &page[1].body
    else {
        panic!("{:?}", page[1]);
    };
    assert!(facts.submitter.is_some() && !facts.withdrawn);
    tasks.drain(std::time::Duration::from_secs(60)).await;
}

#[tokio::test]
async fn an_entry_says_what_its_own_bytes_say_also_when_two_writes_bring_the_same_revision() {
    let f = Fixture::new().await;
    let (log, tasks) = f.log().await;
    let first = f.push(1);
    log.write(first.clone().write()).await.unwrap();
    let revision = |n| {
        f.push(n)
            .document(first.document)
            .expect(Expect::State(1))
            .revising(&first)
            .write()
    };
    // Both wait while the writer commits the third, so they share a commit; the first of them takes effect.
    let (_, a, b) = futures_util::join!(
        log.write(f.push(4).write()),
        log.write(revision(2)),
        log.write(revision(3)),
    );
    assert!(matches!(a, Ok(Written::Appended(_))), "{a:?}");
    assert!(matches!(b, Ok(Written::Unexpected(_))), "{b:?}");
    let page = log
        .entries_after(Position::START, 10, usize::MAX, true)
        .await
        .unwrap();
    assert_eq!(page.len(), 3);
    for entry in page {
        let EntryBody::Item { envelope, .. } = &entry.body else {
            panic!("{entry:?}");
        };
        let record = &envelope_of(&entry.row).record;
        match entry.row.state {
            RowState::Live => assert_eq!(**envelope, wire::envelope::parse(record).unwrap()),
            RowState::Superseded | RowState::Withdrawn => {
                assert_eq!(**envelope, wire::envelope::parse_tombstone(record).unwrap());
            }
        }
    }
    tasks.drain(std::time::Duration::from_secs(60)).await;
}

#[tokio::test]
async fn whoever_is_woken_finds_the_roster_that_woke_him() {
    let f = Fixture::new().await;
    let (log, tasks) = f.log().await;
    let mut wakes = log.wakes();
    let before = *wakes.borrow_and_update();
    log.write(f.push(1).write()).await.unwrap();
    let appended = *wakes.borrow_and_update();
    assert_eq!(appended.roster_version, before.roster_version);
    log.write(Write::PutMember {
        member: member("acme"),
        audit: audit("member-added", "acme"),
    })
    .await
    .unwrap();
    let changed = *wakes.borrow_and_update();
    assert!(changed.roster_version > appended.roster_version);
    assert_eq!(changed.head, appended.head);
    assert_eq!(log.roster().members.len(), 1);
    tasks.drain(std::time::Duration::from_secs(60)).await;
}

#[tokio::test]
async fn a_place_that_a_restored_log_never_reached_is_read_from_the_start() {
    let f = Fixture::new().await;
    let (log, tasks) = f.log().await;
    log.write(f.push(1).write()).await.unwrap();
    let place = |position| FeedPlace { epoch: 3, position };
    let head = log.wakes().borrow().head;
    assert_eq!(log.resume(place(head)), place(head));
    let lost = Position(head.0 + 1);
    assert_eq!(log.resume(place(lost)), place(Position::START));
    tasks.drain(std::time::Duration::from_secs(60)).await;
}

#[tokio::test]
async fn the_log_ends_with_its_node() {
    let f = Fixture::new().await;
    let (log, tasks) = f.log().await;
    log.write(f.push(1).write()).await.unwrap();
    assert!(tasks.drain(std::time::Duration::from_secs(60)).await);
    assert!(matches!(
        log.write(f.push(2).write()).await,
        Err(LogError::Closed)
    ));
    assert_eq!(f.rows().await.len(), 1);
}

// ── what the tests are made of ──────────────────────────────────────────────────────────────────────────────────────

struct Fixture {
    directory: tempfile::TempDir,
    file: PathBuf,
    store: Store,
}

impl Fixture {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("sluis.db");
        let store = Store::open(&file).await.unwrap();
        Self {
            directory,
            file,
            store,
        }
    }

    async fn log(&self) -> (Log, Tasks) {
        let tasks = Tasks::new();
        let log = Log::start(
            self.store.clone(),
            community("energy.isac.example"),
            SourceSeal::of(&Pseudonyms::new(&[7; 32])),
            &tasks,
        )
        .await
        .unwrap();
        (log, tasks)
    }

    async fn commit(&self, write: Write) -> Written {
        let mut written = self.store.commit(vec![write]).await.unwrap();
        assert_eq!(written.len(), 1);
        written.pop().unwrap()
    }

    async fn rows(&self) -> Vec<LogRow> {
        self.store
            .rows_after(Position::START, 1_000, usize::MAX, true)
            .await
            .unwrap()
    }

    /// A push of a new document with one part; the same number gives the same push.
    fn push(&self, n: u32) -> Push {
        let random = Digest::of(&n.to_be_bytes()).0;
        let item = ItemId::new(1_000 + u64::from(n), random[..10].try_into().unwrap());
        let mut request = [0; 24];
        request[..4].copy_from_slice(&n.to_be_bytes());
        Push {
            number: n,
            request,
            document: Digest::of(format!("document {n}").as_bytes()),
            expect: Expect::New,
            items: vec![append_item(n, item, 1)],
            vanished: Vec::new(),
        }
    }
}

#[derive(Clone)]
struct Push {
    number: u32,
    request: [u8; 24],
    document: Digest,
    expect: Expect,
    items: Vec<AppendItem>,
    vanished: Vec<Withdraw>,
}

impl Push {
    fn document(self, document: Digest) -> Self {
        Self { document, ..self }
    }

    fn expect(self, expect: Expect) -> Self {
        Self { expect, ..self }
    }

    /// Its item is the next revision of the other push's.
    fn revising(mut self, other: &Push) -> Self {
        let before = &other.items[0];
        self.items = vec![append_item(self.number, before.item, before.revision + 1)];
        self
    }

    fn state(&self) -> DocumentState {
        DocumentState {
            tag: 0,
            version: format!("v{}", self.number),
            content_sha256: Digest::of(&self.number.to_be_bytes()),
            declared: None,
            parts: self
                .items
                .iter()
                .map(|i| DocumentPart {
                    label: Label::Green,
                    item: i.item,
                    revision: i.revision,
                    kind: Kind::Report,
                    options_sha256: Digest([3; 32]),
                    label_is_given: false,
                })
                .collect(),
        }
    }

    fn write(self) -> Write {
        let state = self.state();
        self.write_with_state(state)
    }

    fn write_with_state(self, state: DocumentState) -> Write {
        Write::Append(Append {
            request: self.request,
            document: self.document,
            expect: self.expect,
            state,
            items: self.items,
            vanished: self.vanished,
            answer: Answer(format!("answer {}", self.number).into_bytes()),
            here: community("energy.isac.example"),
            waiting: Waiting::IfMet,
            at: Timestamp::from_seconds(1_000 + i64::from(self.number)),
        })
    }
}

fn append_item(n: u32, item: ItemId, revision: u32) -> AppendItem {
    let content = Bytes::from(format!("content canary {n:08} ").repeat(5));
    let envelope = signed(wire::envelope::encode(&envelope(
        n,
        item,
        revision,
        "energy.isac.example",
        &content,
    )));
    let member = |path: &str| {
        SpiffeId::parse(&format!("spiffe://energy.isac.example/member/acme{path}")).unwrap()
    };
    let local = LocalRecord {
        item,
        revision,
        envelope_sha256: Digest::of(&envelope.record),
        submitter: member("/tool/siem"),
        members: vec![member("")],
        persons: Vec::new(),
        relation: None,
        resolved: Vec::new(),
        mentions_accepted: false,
        declared: Some(Label::Green),
        pushed: Timestamp::from_seconds(1_000),
        waits: false,
        said: Said::default(),
    };
    AppendItem {
        item,
        revision,
        envelope,
        local: signed(wire::local_record::encode(&local)),
        content,
        content_key: Digest::of(format!("key {n}").as_bytes()).0,
        fingerprints: [None; 2],
        met: None,
        goes_elsewhere: false,
        reissued: vec![Reissued {
            from: format!("indicator--old-{n:08}"),
            to: format!("indicator--new-{n:08}"),
        }],
    }
}

fn envelope(n: u32, item: ItemId, revision: u32, origin: &str, content: &[u8]) -> Envelope {
    Envelope {
        item,
        revision,
        origin: community(origin),
        kind: Kind::Report,
        title: format!("title canary {n:08}"),
        summary: "A summary that is long enough to take some room. ".repeat(4),
        label: Label::Green,
        audience: Some(Audience {
            communities: vec![community("msp.isac.example")],
            members_limited: true,
        }),
        hop_limit: Some(2),
        attribution: Attribution::Community,
        submitter: None,
        pap: None,
        terms: Terms::default(),
        sectors: vec!["energy".into()],
        tags: vec!["tag".into()],
        severity: None,
        urgency: None,
        reliability: None,
        credibility: None,
        created: Timestamp::from_seconds(3_600),
        valid_until: None,
        source: SourceReference {
            format: "markdown".into(),
            id: "source".into(),
            version: String::new(),
        },
        relation: None,
        content: Content {
            media_type: "text/markdown".into(),
            size: u64::try_from(content.len()).unwrap(),
            sha256: Digest::of(content),
        },
    }
}

fn title_of(push: &Push) -> String {
    format!("title canary {:08}", push.number)
}

/// Signatures are not the store's affair: any 64 bytes do.
fn signed(record: Bytes) -> Signed {
    Signed {
        signature: Bytes::copy_from_slice(&[Digest::of(&record).0, [1; 32]].concat()),
        key: KeyId(Digest([5; 32])),
        record,
    }
}

fn envelope_of(row: &LogRow) -> &Signed {
    match &row.class {
        LogClass::Item { envelope, .. } => envelope,
        other => panic!("{other:?} is no item"),
    }
}

fn assert_is_tombstone(row: &LogRow, of: &AppendItem) {
    let envelope = envelope_of(row);
    assert!(envelope.signature.is_empty());
    assert_eq!(envelope.key, of.envelope.key);
    let whole = wire::envelope::parse(&of.envelope.record).unwrap();
    assert_eq!(envelope.record, wire::envelope::tombstone(&whole));
}

fn withdraw(item: ItemId, n: u32) -> Withdraw {
    let id = ItemId::new(9_000, [u8::try_from(n % 256).unwrap(); 10]);
    Withdraw {
        item,
        id,
        statement: signed(wire::withdrawal::encode(&withdrawal(
            id,
            item,
            "energy.isac.example",
        ))),
        note: "a reason that stays here".into(),
        audit: audit("item-withdrawn", &item.to_string()),
        at: Timestamp::from_seconds(9_000),
    }
}

fn withdrawal(id: ItemId, item: ItemId, origin: &str) -> Withdrawal {
    Withdrawal {
        id,
        item,
        origin: community(origin),
        reason: WithdrawalReason::Error,
        time: Timestamp::from_seconds(9_000),
    }
}

fn foreign(n: u32, revision: u32, origin: &str) -> DeliveredItem {
    let item = ItemId::new(5_000 + u64::from(n), [6; 10]);
    let content = Bytes::from(format!("foreign content {n} {revision}"));
    DeliveredItem {
        item,
        kind: DeliveredKind::Revision {
            revision,
            envelope: signed(wire::envelope::encode(&envelope(
                n, item, revision, origin, &content,
            ))),
            hops: vec![signed(Bytes::from_static(b"a hop"))],
            content,
            content_key: Digest::of(format!("foreign key {n} {revision}").as_bytes()).0,
            fingerprints: [None; 2],
        },
    }
}

fn foreign_withdrawal(item: ItemId, origin: &str) -> DeliveredItem {
    let id = ItemId::new(8_000, [8; 10]);
    DeliveredItem {
        item,
        kind: DeliveredKind::Withdrawal {
            id,
            statement: signed(wire::withdrawal::encode(&withdrawal(id, item, origin))),
        },
    }
}

fn deliver(supplier: &str, entries: Vec<DeliveredItem>) -> Write {
    Write::Deliver(Deliver {
        supplier: community(supplier),
        cursor: "cursor".into(),
        entries,
        keys: Vec::new(),
        quarantined: Vec::new(),
        at: Timestamp::from_seconds(6_000),
    })
}

fn community(id: &str) -> CommunityId {
    CommunityId::parse(id).unwrap()
}

fn member(id: &str) -> Member {
    Member {
        id: MemberId::parse(id).unwrap(),
        name: format!("{id} Ltd"),
        domains: vec![format!("{id}.example"), "a \"quoted\" one".into()],
        identities: Vec::new(),
        contact: "somebody".into(),
        commercial: true,
        standing: Standing::Candidate,
        epoch: 1,
    }
}

fn credential(member: &str, tool: &str) -> Credential {
    Credential {
        member: MemberId::parse(member).unwrap(),
        name: CredentialName::Tool(Name::parse(tool).unwrap()),
        enrolled: Timestamp::from_seconds(1),
        expires: Timestamp::from_seconds(2),
        revoked: false,
    }
}

fn peer(id: &str) -> Peer {
    let side = |id: &str| Side {
        community: community(id),
        out_ceiling: Label::Green,
        in_ceiling: Label::Amber,
        onward: true,
        commercial: false,
    };
    let terms = AgreementTerms {
        agreement: ItemId::new(1, [1; 10]),
        version: 1,
        inviter: side("energy.isac.example"),
        accepter: side(id),
        kinds: vec![Kind::Report],
        sectors: Vec::new(),
        from: None,
        until: Some(Timestamp::from_seconds(99)),
    };
    Peer {
        id: community(id),
        name: "Water".into(),
        address: "127.0.0.1:7443".into(),
        ca_certificates: vec![vec![1, 2], vec![3]],
        phrase: "six words".into(),
        terms_bytes: wire::agreement::encode(&terms).to_vec(),
        terms,
        our_signature: Some(TermsSignature {
            signature: vec![1; 64],
            certificate: vec![2],
        }),
        their_signature: None,
        suspended: true,
        ended: false,
        epoch: 3,
    }
}

fn invite(secret: &[u8], expires: i64) -> NewInvite {
    NewInvite {
        secret_sha256: Digest::of(secret),
        purpose: b"purpose".to_vec(),
        expires: Timestamp::from_seconds(expires),
    }
}

fn use_invite(secret: &[u8], at: i64, credential: Option<Credential>) -> Write {
    Write::UseInvite {
        secret_sha256: Digest::of(secret),
        at: Timestamp::from_seconds(at),
        credential,
        peer: None,
        audit: audit("invite-used", "acme"),
    }
}

fn audit(act: &'static str, subject: &str) -> AuditRecord {
    AuditRecord {
        at: Timestamp::from_seconds(7),
        actor: "node".into(),
        act,
        subject: subject.into(),
    }
}

fn files(directory: &Path) -> Vec<Vec<u8>> {
    std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect()
}

/// Which of these byte strings, of at least eight bytes, stand in one of the files. One pass, whatever their number.
fn found(files: &[Vec<u8>], needles: &[Bytes]) -> Vec<bool> {
    let mut starts: BTreeMap<[u8; 8], Vec<usize>> = BTreeMap::new();
    let mut first = [false; 256];
    for (n, needle) in needles.iter().enumerate() {
        starts
            .entry(needle[..8].try_into().unwrap())
            .or_default()
            .push(n);
        first[usize::from(needle[0])] = true;
    }
    let mut found = vec![false; needles.len()];
    for file in files {
        for at in 0..file.len().saturating_sub(8) {
            if !first[usize::from(file[at])] {
                continue;
            }
            let start: [u8; 8] = file[at..at + 8].try_into().unwrap();
            for n in starts.get(&start).into_iter().flatten() {
                found[*n] |= file[at..].starts_with(&needles[*n]);
            }
        }
    }
    found
}

/// Another program's hand in a file.
async fn raw_sql(file: &Path, sql: &'static str) {
    use sqlx::{Connection, Executor};
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true);
    let mut connection = sqlx::sqlite::SqliteConnection::connect_with(&options)
        .await
        .unwrap();
    connection.execute(sql).await.unwrap();
    connection.close().await.unwrap();
}
