"""Bundles: what goes in comes out, in few bytes."""

import itertools
from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given

from replication.bundle import decode_bundle, encode_bundle, fill_bundle
from replication.cbor import dumps
from replication.change import Change
from replication.errors import LocalError, RemoteError
from replication.limits import (
    BUNDLE_CHANGES_MAX,
    CHANGE_BYTES_MAX,
    CHANGE_EVENTS_MAX,
    RUN_CHANGES_MAX,
)
from tests.replication.chains import (
    DEVICES,
    chain_of,
    follow,
    histories,
    made,
    meeting,
    received,
    receiving,
)

SECRETARY = DEVICES[0]
BEFORE = chain_of(SECRETARY, [[1, "member.added", 1, n, "2026-01-07", b"", b""] for n in range(30)])


def unsigned(changes: Sequence[Change]) -> list[Change]:
    return [change._replace(signature=b"") for change in changes]


# What goes in comes out


@given(histories())
def test_any_history_comes_back(changes: list[Change]) -> None:
    assert unsigned(received(encode_bundle(changes))) == unsigned(changes)


@given(histories())
def test_every_device_ends_signed_and_no_signature_is_altered(changes: list[Change]) -> None:
    read = received(encode_bundle(changes))
    assert all(
        new.signature in (b"", old.signature) for new, old in zip(read, changes, strict=True)
    )
    followed = {change.prev for change in changes}
    last = {change.device: change for change in read}
    for change in read:
        if change.chain_hash not in followed or change == last[change.device]:
            assert change.signature, "nothing later in its chain could cover it"


def test_several_events_a_change() -> None:
    first = follow(SECRETARY, None, [], 5, *meeting(64))
    second = follow(SECRETARY, first, [first], 6, [1, "x"], [0, "y", 1], [2, "z", {"a": [None]}])
    assert received(encode_bundle([first, second]))[1].events == second.events


def test_a_fork_comes_back_with_both_branches() -> None:
    trunk = chain_of(SECRETARY, [[1, "x", 1, n] for n in range(3)])
    left = follow(SECRETARY, trunk[1], [trunk[1]], 7, [1, "left", 1])
    tail = follow(SECRETARY, left, [left], 8, [1, "left", 1])
    bundle = encode_bundle([*trunk, left, tail])
    drafts = [draft for draft, _ in receiving(bundle)]
    assert [draft.n for draft in drafts] == [1, 2, 3, 3, 4]
    assert [draft.prev is None for draft in drafts] == [False, True, True, False, True]
    assert received(bundle)[2].signature, "the trunk's run ends where the branch begins"


FROZEN = (
    "01a801000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f73616c7473616c7420"
    "2122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c"
    "4d4e4f505152535455565758595a5b5c5d5e5f808182838485868788898a8b8c8d8e8f909192939495969798"
    "999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf6364646460"
    "6064e06302120c0d1b9a8fcec8606264606462008a2a31e4a2030636090696033b9898b800"
)


def test_the_format_is_frozen() -> None:
    """A bundle made by the first version; it must be readable for ever."""
    (change,) = received(bytes.fromhex(FROZEN))
    assert change == made(
        bytes(range(32)),
        7,
        bytes(range(32, 64)),
        change.actor,
        [bytes(range(64, 96))],
        1_790_000_000_000,
        [dumps([1, "share.purchased", 1, 3, 12, b"m" * 17, 2, 20_000, 1, "box"])],
    )._replace(signature=bytes(range(128, 192)))


# Few bytes


def test_sizes() -> None:
    """Near what there is to say; a signature alone is 64 bytes."""
    changes = chain_of(SECRETARY, meeting(), BEFORE[-1])
    assert len(encode_bundle(changes)) < 900
    season = chain_of(SECRETARY, [event for _ in range(30) for event in meeting()])
    assert len(encode_bundle(season)) < 2.5 * len(season)


def test_signatures_are_carried_once_a_run() -> None:
    changes = chain_of(SECRETARY, [[1, "x", 1, n] for n in range(700)])
    signed = [c.n for c in received(encode_bundle(changes)) if c.signature]
    assert signed == [256, 512, 700]
    held = [c if c.n in (100, 300, 500, 690) else c._replace(signature=b"") for c in changes]
    signed = [c.n for c in received(encode_bundle(held)) if c.signature]
    assert signed == [100, 300, 500, 690], "cut where a signature is held"
    assert max(b - a for a, b in itertools.pairwise([0, *signed])) <= RUN_CHANGES_MAX


def test_as_many_changes_as_fit_are_taken() -> None:
    noise = [b"".join(sha256(bytes((n, k))).digest() for k in range(9)) for n in range(200)]
    noisy = chain_of(SECRETARY, [[1, "note", 1, text] for text in noise])
    bundle, count = fill_bundle(noisy, 4096)
    assert 0 < count < 200
    assert len(bundle) <= 4096
    assert len(received(bundle)) == count
    assert fill_bundle(noisy, 1)[1] == 1, "one change is always taken"


def test_more_than_a_bundle_holds_is_refused_here_and_split() -> None:
    changes = chain_of(SECRETARY, [[1, "x", 1]]) * (BUNDLE_CHANGES_MAX + 1)
    with pytest.raises(LocalError):
        encode_bundle(changes)
    heavy = chain_of(SECRETARY, [[1, "x", 1, bytes(16_000)] for _ in range(40)])
    with pytest.raises(LocalError):
        encode_bundle(heavy)
    assert 1 < fill_bundle(heavy, 10**6)[1] < 40


@pytest.mark.parametrize(
    "event",
    [
        [1, "x", 1, bytes(2020)],
        [1, "x", 1, *([[]] * 255)],
        [1, "x", 1, [[] for _ in range(254)], bytes(1700)],
        [1, "x", 1, *range(24, 780)],
        [1, "x", 1, *(bytes((a, b)) for a in range(10) for b in range(67))],
    ],
)
def test_the_worst_change_of_all_fits_a_bundle(event: list[object]) -> None:
    events = [[event[0], f"{event[1]}{n}", *event[2:]] for n in range(CHANGE_EVENTS_MAX)]
    change = follow(SECRETARY, None, [], 5, *events)
    assert sum(map(len, change.events)) <= CHANGE_BYTES_MAX
    assert received(encode_bundle([change])) == [change]


# Names of entries


def test_an_entry_of_the_same_bundle_is_named_by_its_row() -> None:
    loan = chain_of(SECRETARY, [[1, "loan.applied", 1, 3, 1, b"m" * 17, 900, "", 3, 1]])
    name = loan[0].change_hash[:16] + b"\0"
    repaid = chain_of(SECRETARY, [[1, "loan.repaid", 1, 3, 2, name, 90, 1, "box", ""]], loan[0])
    bundle = encode_bundle([*loan, *repaid])
    assert name[:16] not in bundle
    assert received(bundle) == [loan[0]._replace(signature=b""), *repaid]
    with pytest.raises(RemoteError):
        list(decode_bundle(bundle, []))


def test_an_id_that_only_looks_like_a_name_travels_as_it_is() -> None:
    first = chain_of(SECRETARY, [[1, "x", 1]])
    start = first[0].change_hash[:16]
    odd = [start, start + b"\x40", start + b"\x00\x00", b"", b"\0", b"\0" * 17]
    second = chain_of(SECRETARY, [[1, "y", 1, name] for name in odd], first[0])
    assert received(encode_bundle([*first, *second]))[1:] == [
        *unsigned(second[:-1]),
        second[-1],
    ]
