-- A relay's mailboxes in PostgreSQL: the tables of migrations/sqlite, which say what each column means.
--
-- Rule: every key begins with the mailbox (that of `tags` with the tag), and nothing is used that engines
-- which speak PostgreSQL's protocol over many machines lack: no sequences, triggers or foreign keys.
-- Each statement may be run again after a crash. A file that was written is never changed: what comes
-- next is a file with the next number.

CREATE TABLE IF NOT EXISTS renewals (
    number bigint NOT NULL PRIMARY KEY,
    salt   bytea NOT NULL CHECK (length(salt) = 32)
);

CREATE TABLE IF NOT EXISTS mailboxes (
    mailbox       bytea NOT NULL PRIMARY KEY CHECK (length(mailbox) = 32),
    founder       bytea NOT NULL CHECK (length(founder) = 32),
    kind          text NOT NULL CHECK (kind IN ('log', 'box')),
    renewal       bigint NOT NULL,
    log_id        bytea NOT NULL CHECK (length(log_id) = 16),
    access_number bigint NOT NULL,
    cursor        bigint NOT NULL,
    chain         bytea NOT NULL CHECK (length(chain) = 32),
    time_ms       bigint NOT NULL,
    bytes_used    bigint NOT NULL CHECK (bytes_used >= 0),
    first_kept    bigint NOT NULL
);

CREATE TABLE IF NOT EXISTS access_lists (
    mailbox bytea NOT NULL,
    number  bigint NOT NULL,
    content bytea NOT NULL,
    time_ms bigint NOT NULL,
    PRIMARY KEY (mailbox, number)
);

CREATE TABLE IF NOT EXISTS entries (
    mailbox   bytea NOT NULL,
    cursor    bigint NOT NULL CHECK (cursor >= 1),
    writer    bytea NOT NULL CHECK (length(writer) = 32),
    time_ms   bigint NOT NULL,
    blob_hash bytea NOT NULL CHECK (length(blob_hash) = 32),
    signature bytea NOT NULL CHECK (length(signature) = 64),
    chain     bytea NOT NULL CHECK (length(chain) = 32),
    blob      bytea,
    PRIMARY KEY (mailbox, cursor)
);
CREATE UNIQUE INDEX IF NOT EXISTS entries_by_hash ON entries (mailbox, blob_hash);

CREATE TABLE IF NOT EXISTS slots (
    mailbox    bytea NOT NULL,
    writer     bytea NOT NULL,
    cursor     bigint NOT NULL,
    blob_bytes bigint NOT NULL,
    PRIMARY KEY (mailbox, writer)
);

CREATE TABLE IF NOT EXISTS tags (
    tag     bytea NOT NULL CHECK (length(tag) = 32),
    mailbox bytea NOT NULL,
    time_ms bigint NOT NULL,
    PRIMARY KEY (tag, mailbox)
);
CREATE INDEX IF NOT EXISTS tags_by_age ON tags (tag, time_ms, mailbox);

CREATE TABLE IF NOT EXISTS pending (
    mailbox   bytea NOT NULL,
    kind      text NOT NULL CHECK (kind IN ('access', 'checkpoint')),
    signer    bytea NOT NULL CHECK (length(signer) = 32),
    signature bytea NOT NULL CHECK (length(signature) = 64),
    content   bytea NOT NULL,
    time_ms   bigint NOT NULL,
    PRIMARY KEY (mailbox, kind, signer)
);

CREATE TABLE IF NOT EXISTS checkpoints (
    mailbox bytea NOT NULL,
    number  bigint NOT NULL,
    first   bigint NOT NULL,
    last    bigint NOT NULL,
    content bytea NOT NULL,
    time_ms bigint NOT NULL,
    PRIMARY KEY (mailbox, number)
);
