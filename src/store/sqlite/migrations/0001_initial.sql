-- What lasts of a node. Times are microseconds since 1970; ids and digests are raw bytes; enumerations are numbers that
-- start at 1 or above, so that an erased or forgotten value is none of them.

-- `SLUI`: tells this file from any other SQLite database.
PRAGMA application_id = 1397511497;

-- Everything in the order in which it became durable. A row is never deleted.
-- state: 2 live, 3 superseded, 4 withdrawn (each of one byte). size: bytes of content, also after they are gone.
-- content_key: the key under which the content of the same position is sealed; zeros once it is erased.
-- body: everything else, in one piece, because columns cost more than bytes (pack.rs says what is in it). Out of service
-- a tombstone stands in it in place of the envelope, and zeros fill it up: a row that keeps its size is overwritten where
-- it stands, so that no page of the database keeps a copy.
CREATE TABLE log (
    position    INTEGER PRIMARY KEY,
    state       INTEGER NOT NULL,
    size        INTEGER NOT NULL,
    content_key BLOB,
    body        BLOB    NOT NULL
) STRICT;

-- Where an item stands in the log. Keys are as good as random, so rows come here late and sorted (late.rs).
CREATE TABLE item_positions (
    key      BLOB    NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (key, position)
) STRICT, WITHOUT ROWID;

-- Content, sealed under the key of the same position; deleted when it is erased.
CREATE TABLE contents (
    position INTEGER PRIMARY KEY,
    sealed   BLOB NOT NULL
) STRICT;

-- Which ids the objects of an un-named item had before they were issued anew, sealed under the key of the same position;
-- deleted with the content.
CREATE TABLE reissued (
    position INTEGER PRIMARY KEY,
    sealed   BLOB NOT NULL
) STRICT;

-- Documents of members and what they were made into: state is in one piece, see pack.rs.
CREATE TABLE documents (
    number   INTEGER PRIMARY KEY,
    document BLOB    NOT NULL,
    tag      INTEGER NOT NULL,
    state    BLOB    NOT NULL
) STRICT;

-- Where a document stands, by the first 16 bytes of its identity. Filled late and sorted, as item_positions.
CREATE TABLE document_numbers (
    key      BLOB    NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (key, position)
) STRICT, WITHOUT ROWID;

-- What a push was answered. The caller's own id, which grows with time, leads the key.
CREATE TABLE requests (
    request BLOB    NOT NULL PRIMARY KEY,
    answer  BLOB    NOT NULL,
    at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Peers that may hold an item, written before the first byte leaves.
CREATE TABLE holders (
    item     BLOB    NOT NULL,
    peer     TEXT    NOT NULL,
    revision INTEGER NOT NULL,
    offered  INTEGER NOT NULL,
    received INTEGER,
    erased   INTEGER,
    PRIMARY KEY (item, peer)
) STRICT, WITHOUT ROWID;

-- How far each credential was sent its feed.
CREATE TABLE progress (
    viewer   TEXT    NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL,
    at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- standing: 1 candidate, 2 admitted, 3 suspended, 4 left. domains, identities: JSON arrays of strings.
CREATE TABLE members (
    id         TEXT    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    domains    TEXT    NOT NULL,
    identities TEXT    NOT NULL,
    contact    TEXT    NOT NULL,
    commercial INTEGER NOT NULL,
    standing   INTEGER NOT NULL,
    since      INTEGER,
    epoch      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE endorsements (
    number    INTEGER PRIMARY KEY,
    candidate TEXT    NOT NULL REFERENCES members (id),
    endorser  TEXT    NOT NULL REFERENCES members (id),
    at        INTEGER NOT NULL,
    UNIQUE (candidate, endorser)
) STRICT;

-- kind: 1 person, 2 tool.
CREATE TABLE credentials (
    member   TEXT    NOT NULL REFERENCES members (id),
    kind     INTEGER NOT NULL,
    name     TEXT    NOT NULL,
    enrolled INTEGER NOT NULL,
    expires  INTEGER NOT NULL,
    revoked  INTEGER NOT NULL,
    PRIMARY KEY (member, kind, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE invites (
    secret_sha256 BLOB    NOT NULL PRIMARY KEY,
    purpose       BLOB    NOT NULL,
    expires       INTEGER NOT NULL,
    used          INTEGER
) STRICT, WITHOUT ROWID;

-- ca_certificates: DER each, with four bytes of length before it.
CREATE TABLE peers (
    id                    TEXT    NOT NULL PRIMARY KEY,
    name                  TEXT    NOT NULL,
    address               TEXT    NOT NULL,
    ca_certificates       BLOB    NOT NULL,
    phrase                TEXT    NOT NULL,
    terms                 BLOB    NOT NULL,
    our_signature         BLOB,
    our_certificate       BLOB,
    their_signature       BLOB,
    their_certificate     BLOB,
    suspended             INTEGER NOT NULL,
    ended                 INTEGER NOT NULL,
    epoch                 INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE links (
    peer      TEXT NOT NULL PRIMARY KEY,
    cursor    TEXT NOT NULL,
    caught_up INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE pinned_keys (
    key           BLOB    NOT NULL PRIMARY KEY,
    community     TEXT    NOT NULL,
    certificate   BLOB    NOT NULL,
    is_ca         INTEGER NOT NULL,
    introduced_by TEXT,
    first_seen    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- held, sent: of an equivocation, the two signed envelopes (SignedRecord); gone once the item is erased.
CREATE TABLE quarantine (
    number   INTEGER PRIMARY KEY,
    supplier TEXT    NOT NULL,
    item     BLOB,
    reason   TEXT    NOT NULL,
    sha256   BLOB    NOT NULL,
    at       INTEGER NOT NULL,
    held     BLOB,
    sent     BLOB
) STRICT;
CREATE INDEX quarantine_by_supplier ON quarantine (supplier, number);
-- What is sent again stands here once.
CREATE UNIQUE INDEX quarantine_once ON quarantine (supplier, sha256);
CREATE INDEX quarantine_evidence ON quarantine (item) WHERE held IS NOT NULL;

-- Items that wait for the operator, because the same document came from elsewhere and goes less far.
-- label: as in the state of documents.
CREATE TABLE waiting (
    item       BLOB    NOT NULL PRIMARY KEY,
    met        BLOB    NOT NULL,
    met_origin TEXT    NOT NULL,
    met_label  INTEGER NOT NULL,
    since      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who did what. Each record's digest covers the one before.
CREATE TABLE audit (
    seq             INTEGER PRIMARY KEY,
    at              INTEGER NOT NULL,
    actor           TEXT    NOT NULL,
    act             TEXT    NOT NULL,
    subject         TEXT    NOT NULL,
    previous_sha256 BLOB    NOT NULL,
    sha256          BLOB    NOT NULL
) STRICT;

-- Values that belong to the database.
CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What is counted, and up to where the late tables are complete.
CREATE TABLE counters (
    name  TEXT    NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counters (name, value) VALUES ('items_in_service', 0), ('item_positions', 0), ('document_numbers', 0);
