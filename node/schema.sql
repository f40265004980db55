-- The ledger file of one device: everything of all its groups, readable with any SQLite tool.
--
-- Rule: `changes` is the truth. `groups`, `member_keys`, `acks`, `invitations`, `founding_keys` and
-- `addresses` can't be derived from it. Everything else here can, and `mkutano verify` derives it
-- again and compares. Hashes, keys and ids are BLOBs; `hex(column)` shows them.
--
-- application_id = 0x4D6B7574 ("Mkut"), user_version = the format (node/ledger_file.py). These are the
-- tables of format 1; schema_2.sql has what came later, and makes the one format of the other.

CREATE TABLE groups (
    group_no     INTEGER PRIMARY KEY,    -- this file's own small number for the group
    group_id     BLOB NOT NULL UNIQUE,   -- change hash of the founding change, 32 bytes
    label        TEXT NOT NULL,          -- what this device called it until the books say its name
    undo_trimmed INTEGER NOT NULL        -- 1: `applied` holds only the newest entries; 0: all
                 CHECK (undo_trimmed IN (0, 1)),
    reducer_version INTEGER NOT NULL     -- of the rules that the group's derived tables follow
) STRICT;

-- One branch of a device's chain: one a device, and one more for every fork. Never changed.
CREATE TABLE lanes (
    group_no INTEGER NOT NULL REFERENCES groups,
    lane     INTEGER NOT NULL CHECK (lane >= 0),    -- 0, 1, 2 … in the order they were met
    device   BLOB NOT NULL CHECK (length(device) = 32),  -- Ed25519 public key
    parent   INTEGER NOT NULL,           -- lane it branched from; -1: it begins at position 1
    fork_n   INTEGER NOT NULL,           -- last position shared with the parent; 0: none
    PRIMARY KEY (group_no, lane)
) STRICT, WITHOUT ROWID;

-- The signed changes, in the order in which this device stored them.
CREATE TABLE changes (
    change_no   INTEGER PRIMARY KEY,     -- order of arrival here; has no meaning elsewhere
    group_no    INTEGER NOT NULL REFERENCES groups,
    lane        INTEGER NOT NULL,        -- the author's chain (table lanes)
    n           INTEGER NOT NULL CHECK (n >= 1),    -- position in the author's chain
    prev        BLOB NOT NULL CHECK (length(prev) = 32),  -- chain hash of position n - 1
    actor_salt  BLOB NOT NULL CHECK (length(actor_salt) = 8),  -- last 8 bytes of the actor id;
                                         -- the first 16 are those of SHA-256(device)
    deps        BLOB NOT NULL CHECK (length(deps) % 32 = 0),  -- change hashes it follows, joined
    time_ms     INTEGER NOT NULL,        -- claimed device time, milliseconds since 1970
    events      BLOB NOT NULL,           -- CBOR array of 1..64 byte strings, each one event
    change_hash BLOB NOT NULL CHECK (length(change_hash) = 32),  -- SHA-256 of its Automerge change
    chain_hash  BLOB NOT NULL CHECK (length(chain_hash) = 32),   -- what the signature covers
    signature   BLOB NOT NULL CHECK (length(signature) IN (0, 64)),  -- Ed25519; empty: a later
                                         -- change of the same chain carries the signature
    lamport     INTEGER NOT NULL,        -- op counter of its first operation: the shared order
    max_op      INTEGER NOT NULL,        -- op counter of its last operation
    seq         INTEGER NOT NULL,        -- Automerge sequence number of its actor
    list_ctr    INTEGER NOT NULL,        -- op counter of the operation that made the actor's list
    clock       TEXT NOT NULL,           -- per lane the highest position in its past, "12,0,7"
    controls    BLOB NOT NULL,           -- bit mask, big-endian, of the control changes in its past
    number      INTEGER NOT NULL         -- how many changes of the group were stored before it
) STRICT;
CREATE UNIQUE INDEX changes_by_hash ON changes (group_no, change_hash);
CREATE UNIQUE INDEX changes_by_chain ON changes (group_no, lane, n);
CREATE INDEX changes_by_actor ON changes (group_no, lane, actor_salt) WHERE seq = 1;

-- The changes that carry control records (devices, rights), in order of admission here.
CREATE TABLE controls (
    group_no  INTEGER NOT NULL REFERENCES groups,
    bit       INTEGER NOT NULL,          -- its bit in the masks of `changes.controls`
    change_no INTEGER NOT NULL REFERENCES changes,
    PRIMARY KEY (group_no, bit)
) STRICT, WITHOUT ROWID;

-- What other devices have signed for: "I hold these chains up to here". The newest of each.
CREATE TABLE acks (
    group_no  INTEGER NOT NULL REFERENCES groups,
    device    BLOB NOT NULL CHECK (length(device) = 32),  -- who signed
    tips      BLOB NOT NULL,             -- CBOR array of [device, n, chain hash]
    signature BLOB NOT NULL CHECK (length(signature) = 64),
    PRIMARY KEY (group_no, device)
) STRICT, WITHOUT ROWID;

-- The key box: one key a member, never part of the log. Without it a name stays unreadable.
CREATE TABLE member_keys (
    group_no INTEGER NOT NULL REFERENCES groups,
    key_id   BLOB NOT NULL CHECK (length(key_id) = 16),
    key      BLOB NOT NULL CHECK (length(key) IN (0, 32)),  -- empty: erased, never to be taken again
    PRIMARY KEY (group_no, key_id)
) STRICT, WITHOUT ROWID;

-- The newest sealed personal details of each member, opened where the key is at hand.
CREATE TABLE sealed_people (
    group_no INTEGER NOT NULL REFERENCES groups,
    member   BLOB NOT NULL CHECK (length(member) = 17),  -- entry that added the member
    lamport  INTEGER NOT NULL,           -- shared order of the entry that sealed the details
    entry_id BLOB NOT NULL CHECK (length(entry_id) = 17),
    key_id   BLOB NOT NULL,              -- which key of `member_keys` opens it
    nonce    BLOB NOT NULL,
    sealed   BLOB NOT NULL,              -- XChaCha20-Poly1305 over the details
    name     TEXT,                       -- opened; NULL: no key here, or erased
    phone    TEXT,                       -- opened; NULL: none, no key here, or erased
    PRIMARY KEY (group_no, member)
) STRICT, WITHOUT ROWID;

-- One-time invitations that this device has made.
CREATE TABLE invitations (
    group_no      INTEGER NOT NULL REFERENCES groups,
    invitation_id BLOB NOT NULL,         -- names the invitation to its maker
    secret_hash   BLOB NOT NULL,         -- derived from the one-time secret; emptied once it is over
    right         TEXT NOT NULL CHECK (right IN ('pull', 'read', 'write')),
    label         TEXT NOT NULL,         -- JSON: whom it is for, and as whom, as its maker decided
    made_ms       INTEGER NOT NULL,      -- time of this device, milliseconds since 1970
    state         TEXT NOT NULL
                  CHECK (state IN ('open', 'used', 'withdrawn', 'expired', 'burned')),
    used_by       BLOB NOT NULL,         -- device key that used it; empty: nobody
    way           TEXT NOT NULL          -- by the secret in its text, or by numbers compared
                  CHECK (way IN ('secret', 'numbers')),
    confirm       INTEGER NOT NULL       -- 1: this device's owner is asked before it lets in
                  CHECK (confirm IN (0, 1)),
    lifetime_ms   INTEGER NOT NULL,      -- how long after made_ms it is good, milliseconds
    tries         INTEGER NOT NULL CHECK (tries >= 0),     -- wrong tries so far; three burn it
    calls         BLOB NOT NULL CHECK (length(calls) % 16 = 0),  -- tags of the hellos heard, joined
    PRIMARY KEY (group_no, invitation_id)
) STRICT, WITHOUT ROWID;

-- The one-time key by which this device ends the founding of a group that it founded; wiped then.
CREATE TABLE founding_keys (
    group_no INTEGER PRIMARY KEY REFERENCES groups,
    seed     BLOB NOT NULL CHECK (length(seed) = 32)    -- of an Ed25519 key that is used once
) STRICT;

-- Where other devices of a group were last reached; a hint, never trusted.
CREATE TABLE addresses (
    group_no INTEGER NOT NULL REFERENCES groups,
    device   BLOB NOT NULL,              -- Ed25519 public key
    address  TEXT NOT NULL,              -- host:port
    seen_ms  INTEGER NOT NULL,           -- claimed time of this device, milliseconds since 1970
    PRIMARY KEY (group_no, device)
) STRICT, WITHOUT ROWID;

-- The book: small pages of JSON, as the reducer keeps them. The views below make them readable.
CREATE TABLE pages (
    group_no INTEGER NOT NULL REFERENCES groups,
    name     TEXT NOT NULL,              -- which table of the book
    key      TEXT NOT NULL,              -- which page of it
    value    TEXT NOT NULL,              -- JSON
    PRIMARY KEY (group_no, name, key)
) STRICT, WITHOUT ROWID;

-- What to put back when an older entry arrives: the newest entries in the shared order.
CREATE TABLE applied (
    group_no INTEGER NOT NULL REFERENCES groups,
    lamport  INTEGER NOT NULL,           -- shared order, first part
    entry_id BLOB NOT NULL               -- shared order, second part; it ends with the entry's id
             CHECK (length(entry_id) IN (17, 33)),
    undo     TEXT NOT NULL               -- JSON: [[table, key, JSON before or null], …]
) STRICT;
CREATE UNIQUE INDEX applied_in_order ON applied (group_no, lamport, entry_id);

-- Views over the pages, so that any SQLite tool can read the books without knowing their JSON.
-- Amounts are whole numbers of the currency's smallest unit; ids are lower-case hex.

CREATE VIEW balances AS              -- one row an account and subject that is not zero
SELECT group_no,
       substr(key, 1, instr(key, '/') - 1) AS account,   -- code of the chart; words are memos
       substr(key, instr(key, '/') + 1)    AS subject,   -- member or loan, or empty
       CAST(value AS INTEGER)              AS balance    -- debit positive; minor units, or a count
FROM pages WHERE name = 'accounts';

CREATE VIEW members AS               -- one row a member
SELECT m.group_no,
       m.key                                            AS member,
       json_extract(m.value, '$.number')                AS number,
       json_extract(m.value, '$.joined_on')             AS joined_on,
       coalesce(json_extract(m.value, '$.status'), 'active') AS status,
       coalesce((SELECT CAST(p.value AS INTEGER) FROM pages p WHERE p.group_no = m.group_no
                 AND p.name = 'accounts' AND p.key = 'shares/' || m.key), 0)   AS shares,
       -coalesce((SELECT CAST(p.value AS INTEGER) FROM pages p WHERE p.group_no = m.group_no
                 AND p.name = 'accounts' AND p.key = '2010/' || m.key), 0)     AS savings_minor,
       coalesce((SELECT CAST(p.value AS INTEGER) FROM pages p WHERE p.group_no = m.group_no
                 AND p.name = 'accounts' AND p.key = 'fines_due/' || m.key), 0) AS fines_due_minor
FROM pages m WHERE m.name = 'members';

CREATE VIEW people AS                -- names and phones, where their key is on this device
SELECT m.group_no, m.member, m.number,
       coalesce(s.name, 'member ' || m.number) AS name,
       coalesce(s.phone, '')                   AS phone
FROM members m LEFT JOIN sealed_people s
  ON s.group_no = m.group_no AND lower(hex(s.member)) = m.member;

CREATE VIEW loans AS                 -- one row a loan, asked for or handed over
SELECT l.group_no,
       l.key                                                AS loan,
       json_extract(l.value, '$.member')                    AS member,
       json_extract(l.value, '$.asked_minor')               AS asked_minor,
       coalesce(json_extract(l.value, '$.approved_minor'), 0)  AS approved_minor,
       coalesce(json_extract(l.value, '$.principal_minor'), 0) AS principal_minor,  -- handed over
       coalesce(json_extract(l.value, '$.method'), 'flat')  AS method,
       coalesce(json_extract(l.value, '$.rate_ppm'), 0)     AS rate_ppm,   -- a period
       json_extract(l.value, '$.periods')                   AS periods,
       coalesce(json_extract(l.value, '$.paid_minor'), 0)   AS paid_minor, -- interest included
       coalesce((SELECT CAST(p.value AS INTEGER) FROM pages p WHERE p.group_no = l.group_no
                 AND p.name = 'accounts' AND p.key = '1100/' || l.key), 0)
                                                            AS outstanding_minor, -- principal
       EXISTS (SELECT 1 FROM pages p WHERE p.group_no = l.group_no AND p.name = 'open_loans'
               AND p.key = l.key)                           AS is_open
FROM pages l WHERE l.name = 'loans';

CREATE VIEW audit AS                 -- every entry: who wrote it, and how it stands now
SELECT group_no,
       key                                      AS entry,
       json_extract(value, '$.lamport')         AS lamport,    -- shared order, then entry
       json_extract(value, '$.kind')            AS kind,
       json_extract(value, '$.person')          AS person,
       json_extract(value, '$.device')          AS device,
       json_extract(value, '$.time_ms')         AS time_ms,    -- claimed, never an order
       json_extract(value, '$.cycle')           AS cycle,
       json_extract(value, '$.session')         AS session,
       json_extract(value, '$.subject')         AS subject,
       json_extract(value, '$.amount')          AS amount_minor,
       json_extract(value, '$.detail')          AS detail,
       json_extract(value, '$.status')          AS status,     -- counted, corroborating, suspense, void
       coalesce(json_extract(value, '$.reasons'), '[]')   AS reasons,     -- JSON array of codes
       coalesce(json_extract(value, '$.reversals'), '[]') AS reversals    -- JSON array of entries
FROM pages WHERE name = 'entries';

CREATE VIEW journal_lines AS         -- what every entry posts; the lines of one sum to zero
SELECT p.group_no,
       p.key                             AS entry,
       json_extract(p.value, '$.lamport') AS lamport,
       l.key                             AS line,
       json_extract(l.value, '$[0]')     AS account,
       json_extract(l.value, '$[1]')     AS subject,
       json_extract(l.value, '$[2]')     AS amount_minor   -- debit positive
FROM pages p, json_each(p.value, '$.lines') l
WHERE p.name = 'entries' AND json_extract(l.value, '$[0]') < 'A';  -- words are memos

CREATE VIEW findings AS              -- what needs a person's attention
SELECT group_no,
       substr(key, 1, instr(key, '/') - 1)             AS code,
       substr(key, instr(key, '/') + 1)                AS about,
       coalesce(json_extract(value, '$.entries'), '[]') AS entries,   -- JSON array of entries
       coalesce(json_extract(value, '$.subject'), '')  AS subject,
       coalesce(json_extract(value, '$.amounts'), '[]') AS amounts_minor -- JSON array
FROM pages WHERE name = 'findings';

CREATE VIEW signed_changes AS        -- the truth table with its bytes as hex
SELECT c.group_no, c.change_no, lower(hex(l.device)) AS device, c.n, c.time_ms,
       lower(hex(c.change_hash)) AS change_hash, lower(hex(c.chain_hash)) AS chain_hash,
       lower(hex(c.signature)) AS signature, lower(hex(c.deps)) AS deps,
       lower(hex(c.events)) AS events, c.lamport
FROM changes c JOIN lanes l USING (group_no, lane);
