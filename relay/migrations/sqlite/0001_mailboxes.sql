-- A relay's mailboxes in one SQLite file, readable with any SQLite tool; `hex(column)` shows keys.
--
-- Rule: `mailboxes`, `access_lists`, `entries` and `checkpoints` are the truth; `slots` and `tags` follow
-- from them, `pending` is what devices would sign again. What is in a blob nobody here can read. A file
-- that was written is never changed: what comes next is a file with the next number.

PRAGMA application_id = 0x4D6B526C;  -- "MkRl": `file` and the relay know it from other databases

-- Each time the logs began anew because an old backup was restored; the first row comes with the file.
CREATE TABLE renewals (
    number INTEGER NOT NULL PRIMARY KEY,            -- 1, 2, 3 …
    salt   BLOB NOT NULL CHECK (length(salt) = 32)  -- random; log ids follow from it and the mailbox
) STRICT;

CREATE TABLE mailboxes (
    mailbox       BLOB NOT NULL PRIMARY KEY CHECK (length(mailbox) = 32),
    founder       BLOB NOT NULL CHECK (length(founder) = 32),  -- key that the id commits to
    kind          TEXT NOT NULL CHECK (kind IN ('log', 'box')),
    renewal       INTEGER NOT NULL,                 -- under which `log_id` and all chains were counted
    log_id        BLOB NOT NULL CHECK (length(log_id) = 16),
    access_number INTEGER NOT NULL,                 -- of the access list in force
    cursor        INTEGER NOT NULL,                 -- of the newest entry, 0 for none
    chain         BLOB NOT NULL CHECK (length(chain) = 32),    -- hash over all entries up to it
    time_ms       INTEGER NOT NULL,                 -- of the newest entry, 0 for none
    bytes_used    INTEGER NOT NULL CHECK (bytes_used >= 0),    -- of the blobs that are kept
    first_kept    INTEGER NOT NULL                  -- smallest cursor from which a log has every blob
) STRICT, WITHOUT ROWID;

-- Every access list that was ever in force.
CREATE TABLE access_lists (
    mailbox BLOB NOT NULL,
    number  INTEGER NOT NULL,
    content BLOB NOT NULL,                          -- CBOR [list, [[key, signature], …]]
    time_ms INTEGER NOT NULL,                       -- when it came
    PRIMARY KEY (mailbox, number)
) STRICT;

-- The logs. Rows stay for ever, so that chains can be checked and no blob comes in twice.
CREATE TABLE entries (
    mailbox   BLOB NOT NULL,
    cursor    INTEGER NOT NULL CHECK (cursor >= 1),
    writer    BLOB NOT NULL CHECK (length(writer) = 32),       -- key of the device that pushed it
    time_ms   INTEGER NOT NULL,                     -- when it came, milliseconds since 1970
    blob_hash BLOB NOT NULL CHECK (length(blob_hash) = 32),    -- SHA-256 of the blob
    signature BLOB NOT NULL CHECK (length(signature) = 64),    -- of the writer
    chain     BLOB NOT NULL CHECK (length(chain) = 32),        -- hash over all entries up to this one
    blob      BLOB,                                 -- NULL: let go
    PRIMARY KEY (mailbox, cursor)
) STRICT;
CREATE UNIQUE INDEX entries_by_hash ON entries (mailbox, blob_hash);

-- The newest entry of each device in a box.
CREATE TABLE slots (
    mailbox    BLOB NOT NULL,
    writer     BLOB NOT NULL,
    cursor     INTEGER NOT NULL,
    blob_bytes INTEGER NOT NULL,
    PRIMARY KEY (mailbox, writer)
) STRICT, WITHOUT ROWID;

-- Under what a mailbox is found by who does not know its id.
CREATE TABLE tags (
    tag     BLOB NOT NULL CHECK (length(tag) = 32),
    mailbox BLOB NOT NULL,
    time_ms INTEGER NOT NULL,                       -- since when: the oldest are given first
    PRIMARY KEY (tag, mailbox)
) STRICT, WITHOUT ROWID;
CREATE INDEX tags_by_age ON tags (tag, time_ms, mailbox);

-- What waits for the signatures of others, the newest of each signer.
CREATE TABLE pending (
    mailbox   BLOB NOT NULL,
    kind      TEXT NOT NULL CHECK (kind IN ('access', 'checkpoint')),
    signer    BLOB NOT NULL CHECK (length(signer) = 32),
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    content   BLOB NOT NULL,                        -- CBOR of the access list or the checkpoint
    time_ms   INTEGER NOT NULL,
    PRIMARY KEY (mailbox, kind, signer)
) STRICT, WITHOUT ROWID;

-- Checkpoints that enough officers signed; what is older than the last but one is let go in time.
CREATE TABLE checkpoints (
    mailbox BLOB NOT NULL,
    number  INTEGER NOT NULL,                       -- 1, 2, 3 …
    first   INTEGER NOT NULL,                       -- its first entry
    last    INTEGER NOT NULL,                       -- its last one; the next begins after it
    content BLOB NOT NULL,                          -- CBOR [checkpoint, [[key, signature], …]]
    time_ms INTEGER NOT NULL,                       -- when it came into force
    PRIMARY KEY (mailbox, number)
) STRICT;
