-- Format 2 of the ledger file: relays, readers, what organisations follow, and who was forgotten.
--
-- A new ledger is made with these tables, and one of format 1 gets them when it is opened. Of them
-- only the ledgers' rows in `portfolio` and `erased_people` follow from the signed changes.

-- Members whom officers decided to forget, as far as this device has done it.
CREATE TABLE erased_people (
    group_no INTEGER NOT NULL REFERENCES groups,
    member   BLOB NOT NULL CHECK (length(member) = 17),  -- entry that added the member
    key_id   BLOB NOT NULL CHECK (length(key_id) IN (0, 16)),  -- a key of the member's; empty: none
    PRIMARY KEY (group_no, member, key_id)
) STRICT, WITHOUT ROWID;

-- When something of a group was last heard, by each way; a claim of this device's own clock. A group
-- is named by its id: of one that is only followed by its summaries there is no row in `groups`.
CREATE TABLE heard (
    group_id BLOB NOT NULL CHECK (length(group_id) = 32),
    way      TEXT NOT NULL CHECK (way IN ('phone', 'relay')),
    source   BLOB NOT NULL CHECK (length(source) = 32),  -- key of the device or of the relay
    label    TEXT NOT NULL,              -- what it was called then
    heard_ms INTEGER NOT NULL,           -- time of this device, milliseconds since 1970
    PRIMARY KEY (group_id, way)
) STRICT, WITHOUT ROWID;

-- The portfolio: figures of each group that this device follows. Of a group whose ledger is here
-- they are a copy that is worked out anew when `made_of` differs, and that `verify` doesn't look at;
-- of another they are the newest summary.
CREATE TABLE portfolio (
    group_id BLOB PRIMARY KEY CHECK (length(group_id) = 32),
    source   TEXT NOT NULL CHECK (source IN ('ledger', 'summary')),
    made_of  TEXT NOT NULL,              -- versions and number of changes; of a summary empty
    next_on  TEXT NOT NULL,              -- next day that the books tell of, after the figures' own
    name     TEXT NOT NULL,              -- what the group is called
    scope    TEXT NOT NULL,              -- what this device may read: summary, ledger, people, write
    until    TEXT NOT NULL,              -- last day of that, ISO; empty: no end, or none is known
    state    TEXT NOT NULL               -- of this device in the group; waiting: not let in yet
             CHECK (state IN
                 ('active', 'suspended', 'displaced', 'revoked', 'waiting', 'unreadable')),
    figures  TEXT NOT NULL,              -- JSON: the indicators; empty: none yet
    ages     TEXT NOT NULL               -- JSON: [[day, loans, principal], …] of open loans
) STRICT, WITHOUT ROWID;

-- The newest slot of each phone in the boxes of relays (doors, people), as far as it was seen here.
CREATE TABLE relay_slots (
    group_no INTEGER NOT NULL REFERENCES groups,
    mailbox  BLOB NOT NULL CHECK (length(mailbox) = 32),
    device   BLOB NOT NULL CHECK (length(device) = 32),  -- whose slot it is
    number   INTEGER NOT NULL,           -- rises with every slot of the device; -1: none opened
    key_ids  BLOB NOT NULL CHECK (length(key_ids) % 16 = 0),  -- ids of the member keys in it, joined
    unnamed  INTEGER NOT NULL,           -- keys ever taken from it that no record had named by then
    fault    TEXT NOT NULL,              -- what is wrong with what lies there: a code, or empty
    PRIMARY KEY (group_no, mailbox, device)
) STRICT, WITHOUT ROWID;

-- Readers whose grant has an end and whom this device let into mailboxes of a relay, and how often.
CREATE TABLE relay_grants (
    group_no    INTEGER NOT NULL REFERENCES groups,
    compartment TEXT NOT NULL,           -- log, doors, people, summary
    device      BLOB NOT NULL CHECK (length(device) = 32),  -- the reader
    until       TEXT NOT NULL,           -- last day of the grant, ISO
    times       INTEGER NOT NULL,        -- how often this device signed a list that lets it in
    PRIMARY KEY (group_no, compartment, device, until)
) STRICT, WITHOUT ROWID;

-- Summaries of sealed meetings that officers' phones signed, by group id as in `heard`: of own groups
-- and of those that this device follows. A newer summary of a meeting stands beside the older one.
CREATE TABLE summaries (
    group_id BLOB NOT NULL CHECK (length(group_id) = 32),
    digest   BLOB NOT NULL CHECK (length(digest) = 32),  -- of the content; equal ones share it
    cycle    INTEGER NOT NULL,
    session  INTEGER NOT NULL,
    revision INTEGER NOT NULL,           -- which close of the meeting it is of, from 1
    close    BLOB NOT NULL CHECK (length(close) = 17),   -- entry id of that close
    content  BLOB NOT NULL,              -- as it was signed: CBOR, see node/summary_form.py
    officers INTEGER NOT NULL,           -- most officers of one access list in force who signed it
    first_ms INTEGER NOT NULL,           -- when it came here, by this device's clock
    PRIMARY KEY (group_id, digest)
) STRICT, WITHOUT ROWID;

-- Who signed them, and in which mailbox that was found; zeros: in one that was lost since.
CREATE TABLE summary_signatures (
    group_id  BLOB NOT NULL CHECK (length(group_id) = 32),
    digest    BLOB NOT NULL CHECK (length(digest) = 32),
    device    BLOB NOT NULL CHECK (length(device) = 32),  -- Ed25519 public key of the signer
    mailbox   BLOB NOT NULL CHECK (length(mailbox) = 32),
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    officer   INTEGER NOT NULL           -- 1: by the list in force when it came it was an officer's
              CHECK (officer IN (0, 1)),
    PRIMARY KEY (group_id, digest, device, mailbox)
) STRICT, WITHOUT ROWID;

-- What lay in a mailbox of summaries and was not taken: who put it there, and what is wrong with it.
CREATE TABLE summary_faults (
    group_id BLOB NOT NULL CHECK (length(group_id) = 32),
    device   BLOB NOT NULL CHECK (length(device) = 32),
    code     TEXT NOT NULL,              -- bad_summary, bad_signature, other_group, update …
    first_ms INTEGER NOT NULL,
    times    INTEGER NOT NULL,
    PRIMARY KEY (group_id, device, code)
) STRICT, WITHOUT ROWID;

-- Relays at which this device looks for what it was given to read.
CREATE TABLE followed_relays (
    url      TEXT PRIMARY KEY,           -- such as wss://relay.example
    relay    BLOB NOT NULL,              -- its Ed25519 key; empty until it answered once
    since_ms INTEGER NOT NULL,           -- when following began, by this device's clock
    heard_ms INTEGER NOT NULL,           -- when it last answered to the end; 0: never
    fault    TEXT NOT NULL               -- why it did not the last time, in words; empty: it did
) STRICT, WITHOUT ROWID;

-- What was found there: one row for each mailbox of doors in which something is for this device.
CREATE TABLE followed (
    relay    BLOB NOT NULL CHECK (length(relay) = 32),
    doors    BLOB NOT NULL CHECK (length(doors) = 32),   -- mailbox id: no other group can have it
    group_id BLOB NOT NULL CHECK (length(group_id) = 32),  -- as the doors say
    label    TEXT NOT NULL,              -- what the doors call the group
    scope    TEXT NOT NULL CHECK (scope IN ('summary', 'ledger')),
    log      BLOB NOT NULL CHECK (length(log) = 32),     -- the group's other mailboxes there
    people   BLOB NOT NULL CHECK (length(people) = 32),
    summary  BLOB NOT NULL CHECK (length(summary) = 32),
    claims   BLOB NOT NULL,              -- what each phone's door says, and the epoch keys that it
                                         -- gave: CBOR, see following_store.py
    state    TEXT NOT NULL               -- ended: the relay lets this device in no more; left: by
             CHECK (state IN ('active', 'ended', 'left', 'double')),  -- the reader; double: another
                                         -- set of mailboxes says that it is this group, see there
    since_ms INTEGER NOT NULL,           -- when it was found, by this device's clock
    ended_on TEXT NOT NULL,              -- ISO day on which it ended here; empty: it has not
    PRIMARY KEY (relay, doors)
) STRICT, WITHOUT ROWID;

-- What relays said about each mailbox, as far as it was read and checked. A relay holds sealed
-- blobs only; what was read out of them is in the tables above.
CREATE TABLE relay_mailboxes (
    relay       BLOB NOT NULL CHECK (length(relay) = 32),    -- the relay's Ed25519 key
    mailbox     BLOB NOT NULL CHECK (length(mailbox) = 32),  -- its id
    group_id    BLOB NOT NULL,           -- whose it is; empty: not known yet
    compartment TEXT NOT NULL CHECK (compartment IN ('log', 'doors', 'people', 'summary')),
    log_id      BLOB NOT NULL,           -- 16 bytes: which log of the mailbox; empty: none yet
    cursor      INTEGER NOT NULL,        -- read and checked up to here
    chain       BLOB NOT NULL,           -- hash over all entries up to there
    told        INTEGER NOT NULL,        -- highest cursor that the relay signed for, to anybody
    confirmed   INTEGER NOT NULL         -- 1: the relay signed for the chain where reading stands
                CHECK (confirmed IN (0, 1)),
    owed        BLOB NOT NULL CHECK (length(owed) % 32 = 0), -- writers whose slot is missing, joined
    founder     BLOB NOT NULL,           -- key that founded the mailbox, 32 bytes; empty: not known
    held        TEXT NOT NULL,           -- JSON [[lane, n], …]: the changes that the log holds
    slot        BLOB NOT NULL,           -- digest of this device's slot that was acknowledged
    head_ms     INTEGER NOT NULL,        -- time of the newest entry, by the relay's clock
    heard_ms    INTEGER NOT NULL,        -- when the relay last signed where it stands; 0: never
    PRIMARY KEY (relay, mailbox)
) STRICT, WITHOUT ROWID;

-- Who may use a mailbox: every list that officers signed, so that a relay that lost them gets them.
CREATE TABLE relay_access (
    relay   BLOB NOT NULL,
    mailbox BLOB NOT NULL,
    number  INTEGER NOT NULL CHECK (number >= 1),
    signed  BLOB NOT NULL,               -- the list with its signatures, as it goes over the wire
    PRIMARY KEY (relay, mailbox, number)
) STRICT, WITHOUT ROWID;

-- Where a log's chain stood at a cursor, to compare with what the relay tells others.
CREATE TABLE relay_points (
    relay     BLOB NOT NULL,
    mailbox   BLOB NOT NULL,
    log_id    BLOB NOT NULL,
    cursor    INTEGER NOT NULL,
    chain     BLOB NOT NULL CHECK (length(chain) = 32),
    time_ms   INTEGER NOT NULL,          -- of the entry, by the relay's clock
    signature BLOB NOT NULL CHECK (length(signature) IN (0, 64)),  -- the relay's; empty: not here
    size_bytes INTEGER NOT NULL DEFAULT 0,  -- of the entry's blob; 0: it was not seen here
    PRIMARY KEY (relay, mailbox, log_id, cursor)
) STRICT, WITHOUT ROWID;

-- Sealed blobs that are sent, or about to be: the same bytes again after a restart.
CREATE TABLE relay_outbox (
    relay     BLOB NOT NULL,
    mailbox   BLOB NOT NULL,
    blob_hash BLOB NOT NULL CHECK (length(blob_hash) = 32),
    blob      BLOB NOT NULL,
    held      TEXT NOT NULL,             -- JSON [[lane, n], …]: what the log holds with it
    digest    BLOB NOT NULL,             -- of a slot: what it says
    PRIMARY KEY (relay, mailbox, blob_hash)
) STRICT, WITHOUT ROWID;

-- Checkpoints of a log: what this phone found of each that it was shown, see node/checkpoint_store.py.
CREATE TABLE relay_checkpoints (
    relay   BLOB NOT NULL,
    mailbox BLOB NOT NULL,
    log_id  BLOB NOT NULL,
    first   INTEGER NOT NULL,            -- cursors of its first and last entry
    last    INTEGER NOT NULL,
    chain   BLOB NOT NULL CHECK (length(chain) = 32),  -- of the log at the last
    signer  BLOB NOT NULL CHECK (length(signer) = 32), -- device that signed it first
    state   TEXT NOT NULL                -- good: compared here, this phone signs; wrong: it does not
            CHECK (state IN ('in force', 'waiting', 'good', 'wrong')),
    PRIMARY KEY (relay, mailbox, log_id, first, last, chain, signer)
) STRICT, WITHOUT ROWID;

-- The checkpoint of a log that this phone is making.
CREATE TABLE relay_copying (
    relay   BLOB NOT NULL,
    mailbox BLOB NOT NULL,
    log_id  BLOB NOT NULL,
    first   INTEGER NOT NULL,            -- cursors of what is there; 0: nothing yet
    last    INTEGER NOT NULL,
    held    TEXT NOT NULL,               -- JSON [[lane, n], …]: the changes that it holds so far
    whole   INTEGER NOT NULL             -- 1: it holds everything; it is signed, and waits
            CHECK (whole IN (0, 1)),
    PRIMARY KEY (relay, mailbox)
) STRICT, WITHOUT ROWID;

-- Entries of a log that can't be taken yet: a key or earlier changes are missing.
CREATE TABLE relay_waiting (
    relay   BLOB NOT NULL,
    mailbox BLOB NOT NULL,
    cursor  INTEGER NOT NULL,
    writer  BLOB NOT NULL,               -- device that pushed it
    blob    BLOB NOT NULL,
    PRIMARY KEY (relay, mailbox, cursor)
) STRICT, WITHOUT ROWID;

-- What was wrong with what a relay said, with its own signatures where they prove it.
CREATE TABLE relay_faults (
    relay    BLOB NOT NULL,
    mailbox  BLOB NOT NULL,
    log_id   BLOB NOT NULL,
    code     TEXT NOT NULL,
    detail   TEXT NOT NULL,
    first_ms INTEGER NOT NULL,           -- time of this device, milliseconds since 1970
    last_ms  INTEGER NOT NULL,
    times    INTEGER NOT NULL,
    proof    BLOB NOT NULL,              -- signed heads as devices tell each other; empty: none
    PRIMARY KEY (relay, mailbox, log_id, code)
) STRICT, WITHOUT ROWID;
