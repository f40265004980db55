"""Targets of the contract between devices and relays: its messages both ways, and what is signed.

Access lists and heads are signed again after damage, by officers of the list or by the relay.
"""

import json
from hashlib import sha256
from random import Random
from typing import Final

import cbor2

from node.errors import CommandRefused
from node.relay_proof import KIND, check
from node.relay_view import RelayWrong, View, followed, founded, heard, note_of, read
from relay.config import Config, load_config
from relay.errors import RelayError
from relay.facts import (
    Access,
    Checkpoint,
    Entry,
    Head,
    ProtocolError,
    SignedAccess,
    SignedHead,
    access_fields,
    access_message,
    blob_message,
    chain_next,
    chain_start,
    check_access,
    head_message,
    mailbox_id,
)
from relay.gate import network_of
from relay.protocol import (
    AccessChain,
    Amend,
    Closed,
    Create,
    Done,
    Entries,
    Failed,
    Find,
    Found,
    Hello,
    Message,
    News,
    Open,
    OpenByCards,
    Opened,
    ProposeAccess,
    Pull,
    Push,
    ReadAccess,
    Receipt,
    SignCheckpoint,
    decode,
    encode,
)
from simulations.fuzzing.mutation import cbor_of, inside, json_of, text_of
from simulations.fuzzing.target import FILE_BYTES_A_UNIT, Broken, Parser, Target
from simulations.fuzzing.village_seeds import key_of

_FOUNDER: Final = key_of("founder")
_OFFICERS: Final = tuple(key_of(f"officer {number}") for number in range(3))
_CARDS: Final = tuple(key_of(f"card {number}") for number in range(3))
_RELAY: Final = key_of("relay")
MAILBOX: Final = mailbox_id(_FOUNDER.public)
_LOG_ID: Final = b"l" * 16
_TIME_MS: Final = 1_767_225_600_000
PROTOCOL_CODES: Final = frozenset(
    {"bad_message", "too_large", "bad_access", "bad_founding", "bad_signature", "stale_access"}
    | {"too_few_signatures", "bad_blob"}
)
"""Of messages and facts; those of requests are in the relay's PROTOCOL.md."""


def access(number: int = 1) -> Access:
    """An access list of three officers, a reader and three cards."""
    return Access(
        number,
        "log",
        2,
        tuple(sorted((officer.public,) for officer in _OFFICERS)),
        (key_of("ngo").public,),
        tuple(card.public for card in _CARDS),
        (bytes(32),),
    )


def _signed(what: Access, *signers: object) -> SignedAccess:
    message = access_message(MAILBOX, what)
    pairs = sorted((one.public, one.sign(message)) for one in signers)  # type: ignore[attr-defined]
    return SignedAccess(what, tuple(pairs))


def entry(cursor: int, blob: bytes = b"blob" * 20) -> Entry:
    """An entry that an officer pushed."""
    blob_hash = sha256(blob).digest()
    signature = _OFFICERS[0].sign(blob_message(MAILBOX, blob_hash))
    return Entry(cursor, _OFFICERS[0].public, _TIME_MS + cursor, blob_hash, signature, blob)


def head_of(head: Head) -> SignedHead:
    """A head that the relay signed."""
    return SignedHead(head, _RELAY.sign(head_message(MAILBOX, head)))


def page(count: int) -> tuple[tuple[Entry, ...], SignedHead]:
    """The first entries of the log, and its head there."""
    entries = tuple(entry(cursor, b"blob %d" % cursor) for cursor in range(1, count + 1))
    chain = chain_start(MAILBOX, _LOG_ID)
    for one in entries:
        chain = chain_next(chain, one)
    return entries, head_of(Head(_LOG_ID, count, chain, _TIME_MS + count))


def _chain() -> tuple[SignedAccess, ...]:
    second = _signed(access(2), _OFFICERS[0], _OFFICERS[1])
    return (_signed(access(), _FOUNDER), second, _signed(access(3), _OFFICERS[2], _CARDS[0]))


def every_message() -> list[Message]:
    """One of each, both ways."""
    chain, (entries, head) = _chain(), page(3)
    key, sig = _OFFICERS[0].public, b"s" * 64
    checkpoint = Checkpoint(_LOG_ID, 1, 3, b"c" * 32)
    return [
        Hello(1, _RELAY.public, b"c" * 32, 2**20, 2**26),
        Find((bytes(32), b"t" * 32)),
        Found(((bytes(32), MAILBOX),)),
        Open(MAILBOX, key, sig, True),
        OpenByCards(MAILBOX, key, ((key, sig), (_CARDS[0].public, sig))),
        Opened(head, 1, 1, True, 2**30, chain[1:], ((checkpoint, ((key, sig),)),)),
        Create(_FOUNDER.public, chain),
        Amend(MAILBOX, chain[1:]),
        ProposeAccess(MAILBOX, access(4), key, sig),
        ReadAccess(MAILBOX, 1),
        AccessChain(_FOUNDER.public, chain),
        Push(MAILBOX, b"blob" * 99, sig),
        Receipt(entries[0]._replace(blob=None), b"c" * 32, head),
        Pull(MAILBOX, 3, 2**19),
        Entries(MAILBOX, entries, head),
        SignCheckpoint(MAILBOX, checkpoint, key, sig),
        Done(1),
        News(MAILBOX, 2, entries[:1], head),
        Failed("rate_limited", "Later.", 1000),
        Closed(MAILBOX, "not_allowed"),
    ]


def _many_items() -> list[bytes]:
    row = [bytes(32)] * 500
    return [
        cbor2.dumps([2, 1, row]),
        cbor2.dumps([3, 1, [[bytes(32), bytes(32)]] * 8000]),
        cbor2.dumps([2, 1, [0] * 39_990]),
        cbor2.dumps([2, 1, [[]] * 39_990]),
        cbor2.dumps([12, 1, bytes(32), bytes(700_000), bytes(64)]),
        b"\x9b" + b"\x7f" * 8,
        b"\x81" * 100_000,
    ]


def messages() -> Parser:
    """Messages, whichever end sent them."""

    def take(data: bytes) -> None:
        request, message = decode(data)
        if not isinstance(message, (Failed, Closed)) and encode(message, request) != data:
            raise Broken("a message says something else than its bytes")

    seeds = [encode(message, number) for number, message in enumerate(every_message())]
    return Parser(take, seeds, (ProtocolError,), cbor_of, _many_items(), PROTOCOL_CODES)


def accesses() -> Parser:
    """Access lists after the one in force, and the founding one."""
    first, second = _chain()[:2]
    fresh = View(_RELAY.public, MAILBOX)

    def take(data: bytes) -> None:
        _, message = decode(data)
        if not isinstance(message, AccessChain):
            return
        try:
            if message.chain and message.chain[0].access.number == 1:
                founded(fresh, message.founder, message.chain)
            else:
                followed(fresh._replace(accesses=(first,)), message.chain)
        except RelayWrong as wrong:
            raise ProtocolError(wrong.code) from wrong
        for one in message.chain:
            check_access(one.access)

    def unwrap(data: bytes) -> bytes | None:
        return cbor2.dumps(access_fields(second.access)) if data else None

    def wrap(rng: Random, fields: bytes) -> bytes:
        message = b"mkutano/relay/access/1" + MAILBOX + sha256(fields).digest()
        signers = [*_OFFICERS, *_CARDS][: rng.randrange(7)]
        pairs = [[one.public, one.sign(message)] for one in signers]
        chain = [[cbor2.loads(fields), sorted(pairs)]]
        return cbor2.dumps([11, 1, _FOUNDER.public, chain], canonical=True)

    seeds = [encode(AccessChain(_FOUNDER.public, _chain()[at:]), 1) for at in range(2)]
    return Parser(take, seeds, (ProtocolError,), inside(cbor_of, unwrap, wrap), (), PROTOCOL_CODES)


def pages() -> Parser:
    """A page of a log, as a device reads it; the head is signed again."""
    fresh = View(_RELAY.public, MAILBOX, founder=_FOUNDER.public, accesses=_chain()[:1])

    def take(data: bytes) -> None:
        _, message = decode(data)
        if not isinstance(message, Entries):
            return
        if len({one.blob_hash for one in message.entries}) != len(message.entries):
            raise ProtocolError("bad_message", "a blob is there twice: looked at before all else")
        try:
            view = heard(fresh, message.head, lambda _cursor: None, 0)
            read(view, message.entries, message.head, lambda _cursor: None, 1)
        except RelayWrong as wrong:
            raise ProtocolError("bad_message") from wrong

    def unwrap(data: bytes) -> bytes | None:
        fields = cbor2.loads(data)
        return cbor2.dumps([fields[3], fields[4][0]])

    def wrap(_rng: Random, content: bytes) -> bytes:
        rows, head = cbor2.loads(content)
        signed = _RELAY.sign(head_message(MAILBOX, Head(*head)))
        return cbor2.dumps([15, 1, MAILBOX, rows, [head, signed]], canonical=True)

    seeds = [encode(Entries(MAILBOX, *page(count)), 1) for count in (0, 1, 3, 20)]
    return Parser(take, seeds, (ProtocolError,), inside(cbor_of, unwrap, wrap), (), PROTOCOL_CODES)


def proofs() -> Parser:
    """Files that prove that a relay told two stories."""
    stories = [head_of(Head(_LOG_ID, 5, bytes([number]) * 32, _TIME_MS)) for number in (1, 2)]
    heads = [note_of(_RELAY.public, MAILBOX, head).hex() for head in stories]
    proof = {"relay": _RELAY.public.hex(), "mailbox": MAILBOX.hex(), "heads": heads}
    file = json.dumps({"mkutano": KIND, "version": 1, "proofs": [proof]}).encode()
    deep = b'{"x":' + b"[" * 100_000
    codes = frozenset({"bad_proof", "not_proven"})
    return Parser(check, [file], (CommandRefused,), json_of, [deep, b'{"x":"\xff"}'], codes)


def networks() -> Parser:
    """The word of a proxy about who calls."""

    def take(data: bytes) -> None:
        network_of(data.decode("latin-1"))

    seeds = [b"10.0.0.1", b"2001:db8::1%eth0", b"::ffff:1.2.3.4", b"unknown", b"[::1]:80"]
    return Parser(take, seeds, (), text_of(("%", "/64", "::", ".")))


def settings() -> Parser:
    """The relay's settings: TOML of its own operator, whose memory nobody guards."""
    from pathlib import Path
    from tempfile import mkdtemp

    folder = Path(mkdtemp(prefix="mkutano-fuzz-"))

    def take(data: bytes) -> None:
        path = folder / "relay.toml"
        path.write_bytes(data)
        load_config(path)

    told = {
        **Config().in_force(),
        "create_tokens": ["t" * 16],
        "database": "",
        "log_level": "debug",
    }
    lines = [f"{name} = {_toml(value)}" for name, value in told.items()]
    seeds = ["\n".join(lines[:20]).encode(), "\n".join(lines[20:]).encode(), b"port = 8470\n"]
    deep = [b"port = " + b"[" * 5000]
    return Parser(take, seeds, (RelayError,), text_of(("[[", "]]", "'''", "0x", "=", "\n[a.b]\n")),
                  deep, frozenset({"bad_config", "config_unreadable"}))  # fmt: skip


def _toml(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)


TARGETS: Final = (
    Target("relay-message", messages, 20),
    Target("relay-access", accesses),
    Target("relay-page", pages),
    Target("relay-proof-file", proofs, 5, bytes_a_unit=FILE_BYTES_A_UNIT),
    Target("proxy-header", networks, 3),
    Target("relay-settings", settings, 3, bytes_a_unit=FILE_BYTES_A_UNIT, limits_memory=False),
)
