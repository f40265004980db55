"""What this device follows as a reader: at which relays it looks, and what it was given there.

A mailbox of doors is named by its own id, which nobody else can have. Which group it belongs to is
what the officers' phones that wrote there say; of phones that say different things most officers
are believed, and of as many those who said so first. Keys are kept by phone, so that one which
gives false ones pushes nobody else's out.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from node.database import Database, Row
from relay.facts import Access
from replication.cbor import dumps, loads
from replication.key_slots import Door
from replication.wire import KEY_BYTES

State = Literal["active", "ended", "left", "double"]
Scope = Literal["summary", "ledger"]

_COLUMNS: Final = (
    "relay, doors, group_id, label, scope, log, people, summary, claims, state, since_ms, ended_on"
)
FOLLOWED_MAX: Final = 8192
"""Mailboxes of doors that are kept: who puts strangers' mailboxes under our tag fills no disk."""


class Claim(NamedTuple):
    """What one phone's door says of whose mailboxes these are."""

    group: bytes
    label: str
    scope: Scope
    log: bytes
    people: bytes
    summary: bytes
    keys: bytes = b""
    """Epoch keys that this door gave, 32 bytes each, joined."""


class Followed(NamedTuple):
    """One mailbox of doors in which something is for this device."""

    relay: bytes
    doors: bytes
    claim: Claim
    """What is believed; its `keys` say nothing, those of all phones do."""
    claims: Mapping[bytes, Claim]
    """By device: what each says."""
    state: State
    since_ms: int
    ended_on: str = ""

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The epoch keys that phones gave whose word is believed."""
        ours = [one.keys for one in self.claims.values() if _place(one) == _place(self.claim)]
        joined = b"".join(ours)
        every = (joined[at : at + KEY_BYTES] for at in range(0, len(joined), KEY_BYTES))
        return tuple(dict.fromkeys(every))


class FollowedRelay(NamedTuple):
    """A relay at which this device looks."""

    url: str
    relay: bytes
    """Its Ed25519 key; b"" until it answered once."""
    since_ms: int
    heard_ms: int = 0
    fault: str = ""


def claim_of(door: Door) -> Claim:
    """What a door that was opened says."""
    boxes = door.mailboxes
    keys = b"".join(key.key for key in (*door.ledger_keys, *door.summary_keys))
    return Claim(door.group, door.label, door.scope, boxes.log, boxes.people, boxes.summary, keys)


def believed(
    claims: Mapping[bytes, Claim], access: Access, before: Claim | None = None
) -> Claim | None:
    """What most officers' phones say; of as many on both sides what was believed before.

    The group's name and the scope may differ between phones for a while and decide nothing: of the
    phones that agree on the rest, the widest scope is taken, and the name that most of them say.
    """
    officers: dict[tuple[bytes, ...], set[int]] = {}
    for device, claim in claims.items():
        number = access.officer_of(device)
        if number >= 0:
            officers.setdefault(_place(claim), set()).add(number)
    if not officers:
        return None
    pinned = _place(before) if before is not None else ()
    best = max(officers, key=lambda place: (len(officers[place]), place == pinned, place))
    ours = [
        claim
        for device, claim in sorted(claims.items())
        if access.may_write(device) and _place(claim) == best
    ]
    names = Counter(claim.label for claim in ours)
    label = max(names, key=lambda name: (names[name], name))
    scope: Scope = "ledger" if any(claim.scope == "ledger" for claim in ours) else "summary"
    return ours[0]._replace(label=label, scope=scope, keys=b"")


def _place(claim: Claim) -> tuple[bytes, ...]:
    return claim.group, claim.log, claim.people, claim.summary


class FollowingStore:
    """The tables of a reader in one ledger file. Methods raise NodeError when the file fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # Relays

    def relays(self) -> list[FollowedRelay]:
        """The relays at which this device looks, the first one first."""
        rows = self._database.rows(
            "SELECT url, relay, since_ms, heard_ms, fault FROM followed_relays ORDER BY since_ms"
        )
        return [FollowedRelay(*row) for row in rows]

    def keep_relay(self, one: FollowedRelay) -> None:
        """Put what is known of a relay in place, in a transaction of its own."""
        with self._database.transaction():
            self._database.write(
                "INSERT OR REPLACE INTO followed_relays VALUES (?, ?, ?, ?, ?)", tuple(one)
            )

    def drop_relay(self, url: str) -> bool:
        """Look there no more; whether it was followed."""
        with self._database.transaction():
            return bool(self._database.write("DELETE FROM followed_relays WHERE url = ?", (url,)))

    # Groups

    def rows(self, relay: bytes | None = None) -> list[Followed]:
        """What was found, at one relay or at all, the first found first."""
        where, values = ("WHERE relay = ?", (relay,)) if relay is not None else ("", ())
        return [
            _row(row)
            for row in self._database.rows(
                f"SELECT {_COLUMNS} FROM followed {where} ORDER BY since_ms, doors", values
            )
        ]

    def find(self, relay: bytes, doors: bytes) -> Followed | None:
        """One of them."""
        row = self._database.row(
            f"SELECT {_COLUMNS} FROM followed WHERE relay = ? AND doors = ?", (relay, doors)
        )
        return _row(row) if row is not None else None

    def left(self) -> frozenset[bytes]:
        """Groups that this device follows nowhere any more, because it said so."""
        rows = self._database.rows(
            "SELECT group_id FROM followed GROUP BY group_id HAVING sum(state = 'left') = count(*)"
        )
        return frozenset(group for (group,) in rows)

    def keep(self, one: Followed) -> bool:
        """Put a row in place, inside the caller's transaction; False: there are too many."""
        if self.find(one.relay, one.doors) is None:
            row = self._database.row("SELECT count(*) FROM followed")
            if row is not None and row[0] >= FOLLOWED_MAX:
                return False
        claims = dumps({device.hex(): list(claim) for device, claim in one.claims.items()})
        group, label, scope, log, people, summary, _ = one.claim
        self._database.write(
            f"INSERT OR REPLACE INTO followed ({_COLUMNS}) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(one.relay, one.doors, group, label, scope, log, people, summary),
                *(claims, one.state, one.since_ms, one.ended_on),
            ),
        )
        return True

    def save(self, one: Followed) -> None:
        """The same in a transaction of its own."""
        with self._database.transaction():
            self.keep(one)


def _row(row: Row) -> Followed:
    relay, doors, group, label, scope, log, people, summary, claims, *rest = row
    said = {bytes.fromhex(device): Claim(*claim) for device, claim in loads(claims).items()}
    return Followed(relay, doors, Claim(group, label, scope, log, people, summary), said, *rest)
