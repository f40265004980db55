"""Frozen bytes of what is sealed for a relay: a blob of one phone opens on another for ever.

`tests/vectors/sealing.json` was written by version 1 and is never written again. A change that
makes this test fail locks groups out of their own backups.
"""

import json
from pathlib import Path
from typing import Any

from replication.cards import card_keys
from replication.envelopes import open_envelope, seal_envelope
from replication.identity import DeviceKeys
from replication.key_slots import (
    Door,
    Mailboxes,
    open_doors,
    open_people,
    people_slot,
    seal_doors,
    seal_people,
)
from replication.people import key_id_of, tag_key_id
from replication.sealing import epoch_key_id, open_blob, padded_length, seal_blob
from replication.wire import PersonKey

FILE = Path(__file__).parents[1] / "vectors" / "sealing.json"
GROUP, SEED, NONCE = (bytes(range(at, at + length)) for at, length in ((0, 32), (32, 32), (64, 24)))
MAILBOXES = Mailboxes(b"l" * 32, b"d" * 32, b"p" * 32, b"s" * 32)
SECRETARY, TREASURER, DONOR = (DeviceKeys(bytes([number]) * 32) for number in (1, 2, 3))
ONE, OTHER = (card_keys(bytes([number]) * 16) for number in (1, 2))
RECIPIENTS = (SECRETARY.public, TREASURER.public, (ONE.public, OTHER.public))
OLD, NEW, SUMMARY, MEMBER, TAG = (bytes([number]) * 32 for number in range(0xA0, 0xA5))
DOOR = Door(
    GROUP,
    "Umoja",
    7,
    MAILBOXES,
    (PersonKey(epoch_key_id(SUMMARY), SUMMARY),),
    (PersonKey(epoch_key_id(OLD), OLD), PersonKey(epoch_key_id(NEW), NEW)),
)
PEOPLE = people_slot(
    GROUP, 8, {key_id_of(MEMBER): MEMBER, tag_key_id(GROUP): TAG, b"erased member...": b""}
)


def inputs() -> dict[str, Any]:
    return {
        "group": GROUP.hex(),
        "mailboxes": {name: getattr(MAILBOXES, name).hex() for name in MAILBOXES._fields},
        "device_seeds": [keys.seed.hex() for keys in (SECRETARY, TREASURER, DONOR)],
        "card_secrets": [(bytes([number]) * 16).hex() for number in (1, 2)],
        "epoch_keys": {"ledger": [OLD.hex(), NEW.hex()], "summary": [SUMMARY.hex()]},
        "member_key": MEMBER.hex(),
        "tag_key": TAG.hex(),
        "erased_key_id": PEOPLE.erased[0].hex(),
        "nonce": NONCE.hex(),
        "seed": SEED.hex(),
    }


def written() -> dict[str, Any]:
    """Everything that this version seals, from fixed keys."""
    lengths = (0, 255, 256, 1000, 65_535, 65_536, 262_144, 770_047)
    people = seal_people(PEOPLE, MAILBOXES.people, SECRETARY.public, RECIPIENTS, SEED)
    return {
        "inputs": inputs(),
        "padded_lengths": {str(length): padded_length(length) for length in lengths},
        "epoch_key_id": epoch_key_id(NEW).hex(),
        "blob": seal_blob(NEW, NONCE, MAILBOXES.log, b"a bundle").hex(),
        "envelope": seal_envelope(b"a text", RECIPIENTS, b"a context", SEED).hex(),
        "doors": seal_doors(DOOR, SECRETARY.public, RECIPIENTS, [DONOR.public], SEED).hex(),
        "people": people.hex(),
    }


def test_this_version_seals_the_frozen_bytes() -> None:
    frozen = json.loads(FILE.read_text("utf-8"))
    frozen.pop("about")
    assert written() == frozen


def test_the_frozen_bytes_open() -> None:
    frozen = json.loads(FILE.read_text("utf-8"))
    blob, envelope, doors, people = (
        bytes.fromhex(frozen[name]) for name in ("blob", "envelope", "doors", "people")
    )
    device = SECRETARY.public
    assert open_blob({epoch_key_id(NEW): NEW}, MAILBOXES.log, blob) == b"a bundle"
    for opener in (SECRETARY, TREASURER, (OTHER, ONE)):
        assert open_envelope(envelope, opener, b"a context") == b"a text"
        assert open_doors(doors, opener, MAILBOXES.doors, device) == DOOR
        assert open_people(people, opener, MAILBOXES.people, device, GROUP) == PEOPLE
    lesser = DOOR._replace(ledger_keys=(), scope="summary")
    assert open_doors(doors, DONOR, MAILBOXES.doors, device) == lesser
