"""Targets that people type, scan or paste: invitations, reader codes, addresses, cards' words.

An invitation is damaged inside, and its checksum made again; so is a reader code.
"""

import base64
from random import Random
from typing import Final

from model.days import DayError, parse_day
from model.money import AmountError, parse_amount
from node import invitation, reader_code
from node.address import AddressError, parse_address
from node.card_words import secret_of, words_of
from node.errors import CommandRefused
from node.invitation import Invitation, InvitationError, format_invitation, parse_invitation
from node.pin import chosen, weakness
from node.reader_code import ReaderCode, ReaderCodeError, format_reader_code, parse_reader_code
from node.relay_address import RelayAddressError, relay_name, relay_url
from node.statement import day_of
from simulations.fuzzing.mutation import bytes_of, either, inside, text_of
from simulations.fuzzing.target import Broken, Parser, Target
from simulations.fuzzing.village_seeds import key_of

_ADDRESSES: Final = (
    "192.168.43.1:8700",
    "[fe80::1]:8700",
    "phone.local:65535",
    "[::ffff:1.2.3.4]:1",
)
_KEY: Final = key_of("secretary").public


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def invitations() -> Parser:
    """Invitations."""

    def take(data: bytes) -> None:
        found = parse_invitation(_text(data))
        if parse_invitation(format_invitation(found)) != found:
            raise Broken("an invitation reads differently when it is written again")

    addresses = tuple(parse_address(text) for text in _ADDRESSES)
    made = [Invitation(_KEY, b"s" * 16, addresses[:count]) for count in range(5)]
    seeds = [format_invitation(one).encode() for one in made]
    checked = _checked(invitation.SCHEME, b"mkutano/invitation")
    return Parser(take, seeds, (InvitationError,), either(text_of(("MKUTANO:",)), checked),
                  (), frozenset({"invitation"}))  # fmt: skip


def reader_codes() -> Parser:
    """Reader codes."""

    def take(data: bytes) -> None:
        found = parse_reader_code(_text(data))
        if parse_reader_code(format_reader_code(found)) != found:
            raise Broken("a reader code reads differently when it is written again")

    relays = ("wss://relay.example", "ws://10.0.0.1:8470/path", "wss://" + "r" * 100, "wss://x")
    made = [ReaderCode(_KEY, name, relays[: len(name) % 5]) for name in ("", "NGO", "Shirika é")]
    seeds = [format_reader_code(one).encode() for one in made]
    checked = _checked(reader_code.SCHEME, b"mkutano/reader")
    return Parser(take, seeds, (ReaderCodeError,), either(text_of(("MKREAD:",)), checked),
                  (), frozenset({"reader_code"}))  # fmt: skip


def _checked(scheme: str, purpose: bytes):  # type: ignore[no-untyped-def]
    from hashlib import sha256

    def unwrap(data: bytes) -> bytes | None:
        text = _text(data).removeprefix(scheme)
        try:
            return base64.b32decode(text + "=" * (-len(text) % 8))[:-4]
        except ValueError:
            return None

    def wrap(_rng: Random, body: bytes) -> bytes:
        raw = body + sha256(purpose + body).digest()[:4]
        return scheme.encode() + base64.b32encode(raw).rstrip(b"=")

    return inside(bytes_of, unwrap, wrap)


def addresses() -> Parser:
    """Addresses of phones."""

    def take(data: bytes) -> None:
        found = parse_address(_text(data))
        if parse_address(str(found)) != found:
            raise Broken("an address reads differently when it is written again")

    seeds = [text.encode() for text in (*_ADDRESSES, "a.b-c_d.example.:80", "x" * 63 + ".y:1")]
    return Parser(take, seeds, (AddressError,), text_of(("[", "]:", "%eth0", ".")),
                  (), frozenset({"address"}))  # fmt: skip


def relay_addresses() -> Parser:
    """Addresses of relays."""

    def take(data: bytes) -> None:
        found = relay_url(_text(data))
        if relay_url(found) != found:
            raise Broken("a relay's address reads differently when it is written again")
        relay_name(_text(data))

    texts = (
        *("relay.example.org", "wss://relay.example.org:8470/a/b", "ws://10.0.0.1", "HTTPS://X.Y/"),
        *("[::1]:8470", "https://relay.example/v1/mailboxes", "http://user@x", "x:0", "x:99999"),
    )
    words = ("://", "@", "[", "]", "?", "#", ":", "/v1/mailboxes", "\u2100", "%41")
    return Parser(take, [text.encode() for text in texts], (RelayAddressError,), text_of(words),
                  (), frozenset({"relay_address"}))  # fmt: skip


def card_words() -> Parser:
    """The twelve words of a paper card."""

    def take(data: bytes) -> None:
        secret = secret_of(_text(data))
        if secret_of(" ".join(words_of(secret))) != secret:
            raise Broken("a card's words are others when they are written again")

    secrets = [bytes(16), b"\xff" * 16, bytes(range(16))]
    seeds = [" ".join(words_of(secret)).encode() for secret in secrets]
    seeds.append(
        " ".join(f"{n}. {w.upper()[:4]}," for n, w in enumerate(words_of(secrets[2]))).encode()
    )
    seeds.append(b"aban don aband0n bandana " * 3)
    return Parser(take, seeds, (CommandRefused,), text_of(("abandon ", "zoo ", "zzzz ")),
                  (), frozenset({"card_words", "card_checksum"}))  # fmt: skip


def amounts_and_days() -> Parser:
    """Amounts, days and PINs as people type them: the first letter says which."""

    def take(data: bytes) -> None:
        kind, text = data[:1], _text(data[1:])
        match ord(kind or b"\0") % 4:
            case 0:
                if parse_amount(text, 2) < 0:
                    raise Broken("an amount is below zero")
            case 1:
                parse_day(text)
            case 2:
                day_of(text)
            case _:
                weakness(chosen(text))

    texts = (
        "1,500.50",
        "1 500/=",
        "2026-01-31",
        "31/01/2026 10:00",
        "5 Jan 2026",
        "9007199254740992",
    )
    seeds = [bytes([kind]) + text.encode() for kind in range(4) for text in texts]
    return Parser(take, seeds, (AmountError, DayError, CommandRefused), text_of((",", ".", "/=")),
                  (), frozenset({"AmountError", "DayError", "bad_pin"}))  # fmt: skip


TARGETS: Final = (
    Target("invitation", invitations),
    Target("reader-code", reader_codes),
    Target("address", addresses),
    Target("relay-address", relay_addresses),
    Target("card-words", card_words, 4),
    Target("typed", amounts_and_days),
)
