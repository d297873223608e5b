//! Who submitted stands in no table, and is told to an operator on record (threat 23, invariants 11 and 13).

use std::path::Path;

use super::{house, identity, raw, stix};
use crate::support::{shared, text};

/// Every row of every table of a database: the table, and its values as bytes.
fn dump(database: &Path) -> Vec<(String, Vec<Vec<u8>>)> {
    use sqlx::{AssertSqlSafe, ConnectOptions as _, Row as _};
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut connection = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(database)
            .connect()
            .await
            .expect("a database");
        let tables: Vec<String> =
            sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
                .fetch_all(&mut connection)
                .await
                .expect("a schema");
        let mut rows = Vec::new();
        for table in tables {
            let columns: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!(
                "SELECT 'CAST(\"' || name || '\" AS BLOB)' FROM pragma_table_info('{table}')"
            )))
            .fetch_all(&mut connection)
            .await
            .expect("columns");
            let query = format!("SELECT {} FROM \"{table}\"", columns.join(", "));
            let found = sqlx::query(AssertSqlSafe(query))
                .fetch_all(&mut connection)
                .await
                .expect("rows");
            for row in found {
                let values = (0..columns.len())
                    .map(|at| row.get::<Option<Vec<u8>>, _>(at).unwrap_or_default())
                    .collect();
                rows.push((table.clone(), values));
            }
        }
        rows
    })
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes
        .windows(needle.len())
        .any(|w| w.eq_ignore_ascii_case(needle))
}

/// The 16 bytes of an item's id.
fn bytes_of(item: &str) -> Vec<u8> {
    hex::decode(item.replace('-', "")).expect("an id is hex")
}

fn sha256(text: &str) -> Vec<u8> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes())
        .as_ref()
        .to_vec()
}

#[test]
fn a_dump_of_the_database_does_not_say_who_submitted() {
    let f = house();
    let meryem = f.viewer("energy/acme/meryem");
    let node = f.node("energy");
    let mut items = Vec::new();
    for (n, attribution) in ["anonymous", "community"].into_iter().enumerate() {
        for ends in [false, true] {
            let marker = format!("Marker {n} {ends}");
            let modified = format!("2026-02-05T10:00:0{n}.000Z");
            let document = stix(&identity(0xa), "ACME Utilities", &modified, &marker).replace(
                "report--00000003",
                &format!("report--0{n}{}00003", u8::from(ends)),
            );
            let item = meryem.share(
                &f.file("a.json", document),
                &[
                    "--tlp",
                    "RED",
                    "--to",
                    "bolt/bob",
                    "--attribution",
                    attribution,
                ],
            );
            // Its submitter always sees it, before and after a restart.
            assert!(raw(&meryem, &item).contains(&marker));
            if ends {
                meryem.run(&["withdraw", &item, "--reason", "error"]).done();
            }
            items.push((item, ends));
        }
    }
    let named = meryem.share(
        &f.markdown("Named", "words"),
        &["--tlp", "GREEN", "--attribution", "named"],
    );
    // A crash, so that the write-ahead log is as it was written.
    node.kill();
    let database = node.data.join("sluis.db");
    let journal = std::fs::read(node.data.join("sluis.db-wal")).unwrap_or_default();
    let whole = std::fs::read(&database).expect("a database");
    for name in ["meryem", "energy.isac.example/member/acme/"] {
        // Those who joined stand there by themselves; in one piece with an item nobody does.
        let rows = dump(&database);
        let mut found_named = false;
        for (table, values) in &rows {
            let row = values.concat();
            let of_named = holds(&row, &bytes_of(&named)) || holds(&row, named.as_bytes());
            if of_named {
                found_named |= holds(&row, name.as_bytes());
                continue;
            }
            let about_people = matches!(
                table.as_str(),
                "members" | "credentials" | "endorsements" | "invites" | "progress" | "audit"
            );
            assert!(
                about_people || !holds(&row, name.as_bytes()),
                "{name} in {table}: {}",
                String::from_utf8_lossy(&row)
            );
        }
        assert!(found_named, "the search finds what is there");
    }
    let rows = dump(&database);
    for (item, ended) in &items {
        let mut count = 0;
        for (table, values) in &rows {
            let row = values.concat();
            if !holds(&row, &bytes_of(item)) && !holds(&row, item.as_bytes()) {
                continue;
            }
            count += 1;
            for trace in [
                "acme",
                "meryem",
                "spiffe://",
                &identity(0xa)[10..],
                &super::uuid(2),
            ] {
                assert!(
                    !holds(&row, trace.as_bytes()),
                    "{trace} in {table} with {item}: {}",
                    String::from_utf8_lossy(&row)
                );
            }
        }
        assert!(count >= 2, "{item} stands in the log and in an answer");
        let audited = rows
            .iter()
            .filter(|(table, values)| {
                table == "audit"
                    && values.concat().ends_with(b"")
                    && holds(&values.concat(), item.as_bytes())
            })
            .count();
        assert_eq!(audited, usize::from(*ended), "a withdrawal is on record");
    }
    // Nothing that everybody knows leads to a key.
    let member = "spiffe://energy.isac.example/member/acme";
    let credential = format!("{member}/person/meryem");
    for public in [member, &credential, "acme", "meryem", "acme/meryem"] {
        let digest = sha256(public);
        let (head, _) = digest.split_at(8);
        assert!(!holds(&whole, head) && !holds(&journal, head), "{public}");
    }
    // What objects were called goes with the content.
    let called = rows.iter().filter(|(table, _)| table == "reissued").count();
    assert_eq!(called, items.iter().filter(|(_, ended)| !ended).count());
    // The sealed records open again: who submitted sees its item, and the operator is told on record.
    node.start();
    let (item, _) = &items[0];
    assert!(raw(&meryem, item).contains("Marker 0"));
    let source = node.operator(&["source", item]).done().object();
    assert_eq!(text(&source, "submitter"), credential);
}

#[test]
fn the_operators_look_at_a_source_is_on_record_whatever_comes_of_it() {
    let f = shared();
    let node = f.node("energy");
    let meryem = f.viewer("energy/acme/meryem");
    let looks = || -> Vec<String> {
        dump(&node.data.join("sluis.db"))
            .into_iter()
            .filter(|(table, values)| {
                table == "audit" && holds(&values.concat(), b"source-disclosed")
            })
            .map(|(_, values)| String::from_utf8_lossy(&values.concat()).into_owned())
            .collect()
    };
    let credential = "spiffe://energy.isac.example/member/acme/person/meryem";
    for attribution in ["named", "community", "anonymous"] {
        let item = meryem.share(
            &f.markdown(&format!("A source, {attribution}"), "words"),
            &["--tlp", "GREEN", "--attribution", attribution],
        );
        let before = looks().len();
        for _ in 0..2 {
            let answer = node.operator(&["source", &item]).done();
            let source = answer.object();
            assert_eq!(text(&source, "item"), item);
            assert_eq!(text(&source, "submitter"), credential);
            assert_eq!(text(&source, "attribution"), attribution);
            assert!(answer.err.contains("recorded"), "{answer}");
        }
        meryem.run(&["withdraw", &item, "--reason", "error"]).done();
        let source = node.operator(&["source", &item]).done().object();
        assert_eq!(text(&source, "submitter"), credential);
        assert_eq!(text(&source, "attribution"), attribution);
        let after = looks();
        assert_eq!(after.len(), before + 3);
        let last = after.last().expect("three more");
        assert!(last.contains(&item) && last.contains("operator/"), "{last}");
    }
    let before = looks().len();
    let none = "01a20c5a-b180-7153-9933-080a5e18d23d";
    let answer = node.operator(&["source", none]).ends(1);
    assert!(answer.out.is_empty());
    assert!(looks().iter().skip(before).any(|look| look.contains(none)));
    // Members do not learn it this way, and leave no record of a look.
    let item = meryem.share(&f.markdown("Not for members", "words"), &["--tlp", "GREEN"]);
    let before = looks().len();
    assert_ne!(f.viewer("energy/bolt/bob").run(&["source", &item]).code, 0);
    assert_eq!(looks().len(), before);
}
