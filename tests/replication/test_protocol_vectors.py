"""Frozen bytes of protocol version 1: what was signed once must be read alike for ever.

`tests/vectors/protocol.json` was written by this version and is never written again. A change
that makes this test fail breaks every group that exists.
"""

import json
from pathlib import Path
from typing import Any

from replication import control
from replication.bundle import encode_bundle
from replication.control import DeviceEnrolled, encode_record
from replication.frontier import sign_ack
from replication.history import Admitted
from replication.people import contact_tag, key_id_of, open_person, seal_person
from replication.wire import (
    Acknowledge,
    Changes,
    Have,
    Keys,
    Message,
    Notes,
    PersonKey,
    Sorry,
    decode,
    encode,
)
from tests.replication.phones import KEYS, PERSONS, Phone, found_group, ledger_event, sync

FILE = Path(__file__).parents[1] / "vectors" / "protocol.json"
KEY, NONCE = b"k" * 32, b"n" * 24
KEY_ID = key_id_of(KEY)


def group() -> list[Phone]:
    """A small group with concurrent changes, several events in one, and a second process."""
    secretary = found_group([ledger_event(0, "group.described")])
    secretary.control(DeviceEnrolled(KEYS["tre"].public, PERSONS["tre"], "write", "Treasurer"))
    treasurer = Phone("tre", secretary.group)
    sync(treasurer, secretary)
    for number in range(3):
        secretary.write(ledger_event(number))
        treasurer.write(ledger_event(number + 10), ledger_event(number + 20))
    treasurer.restart()
    treasurer.write(ledger_event(40))
    sync(secretary, treasurer)
    secretary.write(ledger_event(50))
    return [secretary, treasurer]


def described(phone: Phone, admitted: Admitted) -> dict[str, Any]:
    change, place = admitted
    return {
        "device": change.device.hex(),
        "n": change.n,
        "prev": change.prev.hex(),
        "actor": change.actor.hex(),
        "deps": [dep.hex() for dep in change.deps],
        "time_ms": change.time_ms,
        "events": [event.hex() for event in change.events],
        "seq": place.seq,
        "start_op": place.lamport,
        "max_op": place.max_op,
        "automerge": phone.replica.chunk(admitted).hex(),
        "change_hash": change.change_hash.hex(),
        "chain_hash": change.chain_hash.hex(),
        "signature": change.signature.hex(),
    }


def written() -> dict[str, Any]:
    """Everything that this version writes, from fixed keys and times."""
    secretary, _ = group()
    tips = secretary.replica.tips
    ack = sign_ack(secretary.keys, secretary.group, tips)
    messages: dict[str, Message] = {
        "have": Have(tips, b"digest.."),
        "acknowledge": Acknowledge(tips, ack.signature),
        "keys": Keys((PersonKey(KEY_ID, KEY),)),
        "sorry": Sorry("no_right", "the device had no right to write when it wrote this"),
        "changes": Changes(7, b"(a bundle)"),
        "notes": Notes((b"what a relay signed",)),
    }
    record = DeviceEnrolled(KEYS["tre"].public, PERSONS["tre"], "write", "Treasurer")
    return {
        "group": secretary.group.hex(),
        "changes": [described(secretary, admitted) for admitted in secretary.everything()],
        "messages": {name: encode(message).hex() for name, message in messages.items()},
        "record": encode_record(record).hex(),
        "person": seal_person(secretary.group, KEY_ID, KEY, NONCE, "Amina", "0712").hex(),
        "tag": contact_tag(KEY, "name", "amina").hex(),
    }


def test_this_version_writes_the_frozen_bytes() -> None:
    frozen = json.loads(FILE.read_text())
    frozen.pop("bundle")
    assert written() == frozen


def test_a_frozen_bundle_enters_with_the_frozen_hashes() -> None:
    """How tightly a bundle is packed may change; what an old one says may not."""
    frozen = json.loads(FILE.read_text())
    secretary, _ = group()
    newcomer = Phone("cha", secretary.group)
    newcomer.step(newcomer.replica.connect("sec", secretary.keys.public, True))
    newcomer.step(newcomer.replica.receive("sec", encode(Have(secretary.replica.tips, b""))))
    bundle = Changes(0, bytes.fromhex(frozen["bundle"]))
    newcomer.step(newcomer.replica.receive("sec", encode(bundle)))
    assert not newcomer.refused
    hashes = [admitted.change.change_hash.hex() for admitted in newcomer.everything()]
    assert hashes == [row["change_hash"] for row in frozen["changes"]]


def test_frozen_messages_and_details_are_read_back() -> None:
    frozen = json.loads(FILE.read_text())
    for data in frozen["messages"].values():
        assert encode(decode(bytes.fromhex(data))).hex() == data
    group_id, sealed = bytes.fromhex(frozen["group"]), bytes.fromhex(frozen["person"])
    assert open_person(group_id, KEY_ID, KEY, NONCE, sealed) == ("Amina", "0712")


def test_the_bundle_of_the_frozen_changes_is_no_larger_than_it_was() -> None:
    frozen = json.loads(FILE.read_text())
    secretary, _ = group()
    bundle = encode_bundle([admitted.change for admitted in secretary.everything()])
    assert len(bundle) <= len(bytes.fromhex(frozen["bundle"])) * 1.1


def test_the_page_has_every_kind_and_version_of_control_records() -> None:
    page = (Path(control.__file__).parent / "PROTOCOL.md").read_text("utf-8")
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| `")]
    for form in control._FORMS:
        (row,) = [row for row in rows if f"`{form.kind}`" in row[1]]
        assert str(form.version) in row[2] or f"version {form.version}" in row[3]
