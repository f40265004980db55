-- Format 3 of the ledger file: each page of the book and each undo record carries a check sum.
--
-- A bit that turns over on a phone's storage must not show a member another balance. The signed
-- changes have their hashes; what follows from them had nothing of its own. A book of an earlier
-- format is made anew from the changes when its group is opened.

ALTER TABLE pages ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;    -- CRC-32, see node/store.py
ALTER TABLE applied ADD COLUMN crc INTEGER NOT NULL DEFAULT 0;
UPDATE groups SET reducer_version = 0;
