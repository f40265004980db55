"""The protocol's frozen vectors, and the page that explains them.

`tests/relay/vectors.json` was written by the first version of the protocol and is never written
again: what this version makes of the same facts must be those bytes. What is signed is also put
together here by hand, from the page alone: hashlib, integers and joined bytes.
"""

import json
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import cbor2
import pytest

from relay import facts, protocol
from relay.facts import Checkpoint, Entry, Head, SignedHead
from relay.protocol import Message, decode, encode
from relay.relay_key import key_of_seed
from tests.relay.devices import Device, access_of, open_by_cards, people, signed_by

FILE = Path(__file__).parent / "vectors.json"
PAGE = (Path(protocol.__file__).parent / "PROTOCOL.md").read_text("utf-8")
WHO = people("vectors")
BOX = WHO.mailbox
RELAY = key_of_seed(bytes(range(32)))
LOG_ID = bytes(range(16))
BLOB = b"a sealed blob"
CHALLENGE = sha256(b"challenge").digest()
TIME_MS = 1_767_225_600_123


def example() -> dict[str, Any]:
    """One of everything, by name; the same facts in every version."""
    access = WHO.access()
    founding = signed_by(BOX, access, WHO.founder)
    second = signed_by(BOX, access._replace(number=2, cards=()), WHO.chair, WHO.treasurer)
    push = WHO.chair.pushes(BOX, BLOB)
    entry = Entry(1, WHO.chair.key, TIME_MS, sha256(BLOB).digest(), push.signature, BLOB)
    start = facts.chain_start(BOX, LOG_ID)
    head = Head(LOG_ID, 1, facts.chain_next(start, entry), TIME_MS)
    signed = SignedHead(head, RELAY.sign(facts.head_message(BOX, head)))
    checkpoint = Checkpoint(LOG_ID, 1, 1, head.chain)
    confirmed = WHO.chair.confirms(BOX, checkpoint)
    bare = entry._replace(blob=None)
    hello = protocol.Hello(1, RELAY.public, CHALLENGE, 786_432, 67_108_864)
    tag = access.tags[0]
    messages: list[Message] = [
        hello,
        protocol.Find((tag,)),
        protocol.Found(((tag, BOX),)),
        WHO.chair.opens(hello, BOX),
        open_by_cards(hello, BOX, WHO.stranger, *WHO.cards[:2]),
        protocol.Opened(
            signed,
            1,
            1,
            True,
            len(BLOB),
            (signed_by(BOX, second.access, WHO.chair),),
            ((checkpoint, ((confirmed.key, confirmed.signature),)),),
        ),
        protocol.Create(WHO.founder.key, (founding, second)),
        protocol.Amend(BOX, (second,)),
        WHO.chair.proposes(BOX, second.access),
        protocol.ReadAccess(BOX, 1),
        protocol.AccessChain(WHO.founder.key, (founding, second)),
        push,
        protocol.Receipt(bare, start, signed),
        protocol.Pull(BOX, 0, 524_288),
        protocol.Entries(BOX, (entry,), signed),
        confirmed,
        protocol.Done(1),
        protocol.News(BOX, 1, (entry,), signed),
        protocol.Failed("unavailable", "The relay's database does not answer just now.", 5000),
        protocol.Closed(BOX, "not_allowed"),
    ]
    return {"messages": messages, "head": head, "checkpoint": checkpoint, "second": second.access}


def made() -> dict[str, Any]:
    """The vectors as this version makes them."""
    one = example()
    return {
        "keys": {
            "founder": WHO.founder.key.hex(),
            "chair": WHO.chair.key.hex(),
            "relay": RELAY.public.hex(),
        },
        "signed": {
            "mailbox_id": BOX.hex(),
            "access": facts.access_message(BOX, one["second"]).hex(),
            "blob": facts.blob_message(BOX, sha256(BLOB).digest()).hex(),
            "chain_start": facts.chain_start(BOX, LOG_ID).hex(),
            "chain_1": one["head"].chain.hex(),
            "head": facts.head_message(BOX, one["head"]).hex(),
            "open": facts.open_message(CHALLENGE, RELAY.public, BOX).hex(),
            "cards": facts.cards_message(CHALLENGE, RELAY.public, BOX, WHO.stranger.key).hex(),
            "checkpoint": facts.checkpoint_message(BOX, one["checkpoint"]).hex(),
        },
        "messages": {
            type(message).__name__: encode(message, number).hex()
            for number, message in enumerate(one["messages"])
        },
    }


@pytest.fixture(scope="module")
def frozen() -> Any:
    return json.loads(FILE.read_text("utf-8"))


def test_this_version_makes_the_frozen_bytes(frozen: Any) -> None:
    assert made() == frozen


def test_this_version_reads_the_frozen_bytes(frozen: Any) -> None:
    for number, message in enumerate(example()["messages"]):
        data = bytes.fromhex(frozen["messages"][type(message).__name__])
        assert decode(data) == (number, message)


def test_what_is_signed_is_put_together_as_the_page_says(frozen: Any) -> None:
    def hashed(*parts: bytes) -> bytes:
        return sha256(b"".join(parts)).digest()

    def number(value: int) -> bytes:
        return value.to_bytes(8, "big")

    box = hashed(b"mkutano/relay/mailbox/1", WHO.founder.key)
    lists = access_of(
        (WHO.treasurer, WHO.tablet),
        (WHO.chair,),
        readers=(WHO.reader,),
        tags=(sha256(b"tag").digest(),),
        needed=2,
        number=2,
    )
    fields = [2, "log", 2, [list(one) for one in lists.writers], *map(list, lists[4:])]
    start = hashed(b"mkutano/relay/log/1", box, LOG_ID)
    times = number(1) + number(TIME_MS)
    chain = hashed(b"mkutano/relay/entry/1", start, times, WHO.chair.key, hashed(BLOB))
    to_relay = CHALLENGE + RELAY.public + box
    assert frozen["signed"] == {
        name: value.hex()
        for name, value in {
            "mailbox_id": box,
            "access": b"mkutano/relay/access/1" + box + hashed(cbor2.dumps(fields, canonical=True)),
            "blob": b"mkutano/relay/blob/1" + box + hashed(BLOB),
            "chain_start": start,
            "chain_1": chain,
            "head": b"mkutano/relay/head/1" + box + LOG_ID + times + chain,
            "open": b"mkutano/relay/open/1" + to_relay,
            "cards": b"mkutano/relay/cards/1" + to_relay + WHO.stranger.key,
            "checkpoint": b"mkutano/relay/checkpoint/1"
            + box
            + LOG_ID
            + number(1)
            + number(1)
            + chain,
        }.items()
    }


def test_every_signature_in_the_vectors_is_true(frozen: Any) -> None:
    read = {name: decode(bytes.fromhex(data)).message for name, data in frozen["messages"].items()}
    receipt, create, amend = read["Receipt"], read["Create"], read["Amend"]
    assert isinstance(receipt, protocol.Receipt)
    assert isinstance(create, protocol.Create)
    assert isinstance(amend, protocol.Amend)
    facts.check_head(RELAY.public, BOX, receipt.head)
    facts.check_entry(BOX, receipt.entry)
    facts.check_founding(BOX, create.founder, create.chain[0])
    facts.check_next(BOX, create.chain[0].access, amend.chain[0])
    assert Device("vectors chair").key == WHO.chair.key


# The page


def test_the_page_has_every_message_with_its_number_and_fields() -> None:
    rows = re.findall(r"^\| (\d+) \| (\w+) \| ([^|]*) \|", PAGE, re.M)
    told = {name: (int(number), fields) for number, name, fields in rows}
    shapes = [shape for shape, _ in protocol._FORMS]
    assert list(told) == [shape.__name__ for shape in shapes]
    for number, shape in enumerate(shapes, 1):
        assert told[shape.__name__][0] == number
        fields = re.findall(r"`(\w+)`", told[shape.__name__][1])
        assert fields == list(shape._fields), shape


def test_the_page_has_every_code_that_a_relay_answers_with() -> None:
    folder = Path(protocol.__file__).parent
    sources = "".join(path.read_text("utf-8") for path in sorted(folder.glob("*.py")))
    raised = set(re.findall(r"(?:Protocol|Store)Error\(\s*\"(\w+)\"", sources))
    raised |= set(re.findall(r"Failed\(\"(\w+)\"", sources)) | set(protocol.RETRY_CODES)
    at_opening = {"busy", "schema_too_new", "schema_changed", "not_ours", "bad_blob"}
    told = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.M))
    assert raised - at_opening - told == set()
    assert told - raised == set()


@pytest.mark.parametrize(
    "limit",
    [
        "BLOB_BYTES_MAX",
        "OFFICERS_MAX",
        "DEVICES_MAX",
        "TAGS_MAX",
        "CHAIN_MAX",
        "MESSAGE_BYTES_MAX",
        "PULL_BYTES_MAX",
        "PULL_ENTRIES_MAX",
        "NEWS_BLOB_BYTES_MAX",
        "FOUND_MAX",
        "PENDING_MAX",
    ],
)
def test_the_page_has_every_limit(limit: str) -> None:
    value = getattr(protocol, limit, None) or getattr(facts, limit)
    assert re.search(rf"\b{value:,}\b", PAGE), f"{limit} = {value:,}"
