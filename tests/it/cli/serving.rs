//! Starting and stopping a node, and what stands in its way.

use std::net::TcpListener;

use crate::support::{Federation, Node, sluis_in};

#[test]
fn a_term_signal_drains_within_ten_seconds_with_streams_open() {
    let f = Federation::of(&["energy", "water"]);
    f.peer("energy", "water", &[], &[]);
    let (meryem, bob) = (f.person("energy/acme/meryem"), f.person("energy/bolt/bob"));
    let item = meryem.share(&f.markdown("Before the end", "words"), &["--tlp", "GREEN"]);
    let followers = [
        meryem.follow(&["--kind", "report"]),
        bob.follow(&["--kind", "report"]),
    ];
    for follower in &followers {
        follower.up_to(&item);
    }
    let node = f.node("energy");
    let (ended, took) = node.terminate();
    assert!(ended.success(), "{ended}: {}", node.logged());
    assert!(took.as_secs() < 10, "{took:?}");
    assert!(
        !node.data.join("run/address").exists(),
        "it says no longer where it listens"
    );
    // Who follows goes on when the node is back.
    node.start();
    let next = meryem.share(&f.markdown("After the pause", "words"), &["--tlp", "GREEN"]);
    for follower in &followers {
        assert_eq!(follower.up_to(&next), std::slice::from_ref(&next));
    }
}

#[test]
fn a_second_node_on_the_same_directory_is_refused_and_the_first_goes_on() {
    let f = Federation::of(&["energy"]);
    let node = f.node("energy");
    let second = node.operator(&["serve"]).ends(1);
    assert!(second.err.contains("another process"), "{second}");
    let _ = node.operator(&["status"]).done();
}

#[test]
fn a_port_that_is_taken_is_named_with_the_next_step() {
    let home = tempfile::tempdir().expect("a directory");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("it is bound").to_string();
    let node = Node::init(home.path(), "energy", &[("SLUIS_LISTEN", &address)]);
    let answer = node.operator(&["serve"]).ends(1);
    assert!(
        answer.err.contains(&address) && answer.err.contains("listen"),
        "{answer}"
    );
}

#[test]
fn a_missing_directory_is_named_and_nothing_is_made() {
    let home = tempfile::tempdir().expect("a directory");
    let nowhere = home.path().join("nowhere");
    for command in ["serve", "status", "config"] {
        let answer = crate::support::sluis(
            home.path(),
            &["--data", &nowhere.to_string_lossy(), command],
            "",
        );
        assert_eq!(answer.code, 1, "{answer}");
        assert!(
            answer.err.contains("nowhere") && answer.err.contains("sluis init"),
            "{answer}"
        );
    }
    assert!(!nowhere.exists());
}

#[test]
fn init_overwrites_nothing() {
    let home = tempfile::tempdir().expect("a directory");
    let node = Node::init(home.path(), "energy", &[]);
    let key = std::fs::read(node.data.join("ca/ca.key")).expect("the CA's key");
    let again = node.operator(&[
        "init",
        "--community",
        "energy.isac.example",
        "--name",
        "Again",
        "--sector",
        "energy",
    ]);
    assert_eq!(again.code, 1, "{again}");
    assert_eq!(
        std::fs::read(node.data.join("ca/ca.key")).expect("the CA's key"),
        key
    );
}

#[test]
fn a_directory_of_another_version_is_left_alone() {
    let home = tempfile::tempdir().expect("a directory");
    let node = Node::init(home.path(), "energy", &[]);
    node.start();
    let (ended, _) = node.terminate();
    assert!(ended.success());
    let database = node.data.join("sluis.db");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        use sqlx::ConnectOptions as _;
        let mut connection = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(&database)
            .connect()
            .await
            .expect("a database");
        sqlx::query(
            "INSERT INTO _sqlx_migrations (version, description, installed_on, success, checksum, execution_time) \
             VALUES (9999, 'from the future', CURRENT_TIMESTAMP, 1, x'00', 0)",
        )
        .execute(&mut connection)
        .await
        .expect("a table of migrations");
        sqlx::Connection::close(connection).await.expect("closed");
    });
    let answer = node.operator(&["serve"]).ends(1);
    assert!(answer.err.contains("version"), "{answer}");
}

#[test]
fn a_damaged_database_is_told_and_not_served() {
    let home = tempfile::tempdir().expect("a directory");
    let node = Node::init(home.path(), "energy", &[]);
    std::fs::write(
        node.data.join("sluis.db"),
        b"this is no database, it only looks long enough to be one",
    )
    .expect("ours");
    let answer = node.operator(&["serve"]).ends(1);
    assert!(
        answer.err.contains("sluis.db") || answer.err.contains("database"),
        "{answer}"
    );
}

#[test]
fn probes_answer_on_the_loopback_port_only_while_ready() {
    use std::io::{Read as _, Write as _};

    let home = tempfile::tempdir().expect("a directory");
    let free = TcpListener::bind("127.0.0.1:0")
        .expect("a port")
        .local_addr()
        .expect("bound");
    let node = Node::init(home.path(), "energy", &[("SLUIS_OPS", &free.to_string())]);
    node.start();
    let ask = |path: &str| {
        let mut stream = std::net::TcpStream::connect(free).expect("it listens");
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("text");
        answer
    };
    assert!(ask("/livez").starts_with("HTTP/1.1 200"));
    assert!(ask("/readyz").starts_with("HTTP/1.1 200"));
    let metrics = ask("/metrics");
    assert!(
        metrics.starts_with("HTTP/1.1 200") && metrics.contains("sluis_"),
        "{metrics}"
    );
    // A path that there is not, and no listing of what there is.
    assert!(ask("/").starts_with("HTTP/1.1 404"));
    let mut quiet = sluis_in(home.path());
    let _ = quiet.arg("--version").output().expect("it runs");
}
