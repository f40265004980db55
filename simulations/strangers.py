"""Logs of events drawn from their types: what anybody could write, honest or not, known or not.

A swarm: every seed draws which kinds are written and how often phones meet, so that rare kinds meet
each other often in some seed. Two to seven phones, some of one person, one of them no officer's,
write about what they know, or about nothing that exists; phones are cloned, stopped and parted;
what one wrote another writes again, alike or not. The same seed gives the same log for ever.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, NoReturn, cast

import msgspec
from msgspec import inspect
from msgspec.structs import replace

from model import events as e
from model.codec import Unreadable
from model.entry import Entry
from model.permissions import MAY_RECORD
from simulations.handsets import Handset, everything, meet

DAYS: Final = ("2026-01-07", "2026-01-31", "2024-02-29", "1999-12-31", "2026-02-28")
TEXTS: Final = ("", "QX1", "seed", "a b", "Umoja", "\u00e9\u6f22\U0001f9fa")
FEW: Final = (1, 1, 1, 2, 2, 3)
AMOUNTS: Final = (1, 7, 50, 100, 100, 200, 500, 999, 10_000)
_NEAR: Final[Mapping[str, tuple[int, ...]]] = {
    **dict.fromkeys(("cycle", "number", "round"), (1, 1, 1, 1, 2)),
    "session": (1, 1, 1, 2, 2, 3),
    "line": (1, 1, 1, 2),
}
_ALWAYS: Final = (e.ApprovalGiven, e.MeetingOpened, e.SharePurchased)
_ABOUT: Final[Mapping[str, tuple[type[e.Event], ...]]] = {
    **dict.fromkeys(
        ("member", "payer", "keep", "drop", "witness", "facilitator"), (e.MemberAdded,)
    ),
    "loan": (e.LoanApplied,),
    "funding": (e.FundingPromised,),
    "investment": (e.InvestmentBought,),
    "partner": (e.PartnerSet,),
    "request": (e.WithdrawalRequested,),
    "payment": (e.PaymentReceived,),
    "rotation": (e.RotationStarted,),
    "goal": (e.GoalSet,),
    "fine": (e.FineLevied,),
    "action": (e.ActionAssigned,),
    "resolution": (e.ResolutionRecorded,),
    "shareout": (e.ShareoutConfirmed,),
    "proposal": (e.OfficerProposed, e.ConstitutionProposed),
}
"""Which kinds a field names, mostly; `target` may be anything."""


class Strangers:
    """One village of one seed; `play` gives everything that was written."""

    def __init__(self, seed: int) -> None:
        self.chance = chance = random.Random(seed)
        people = [chance.choice("ABCD") for _ in range(chance.randint(1, 5))]
        self.phones = [
            Handset(f"{seed} phone {place}", person)
            for place, person in enumerate(["A", "B", *people][: chance.randint(2, 7)])
        ]
        every: list[type[e.Event]] = [row.event_class for row in e.EVENTS]
        self.kinds: list[type[e.Event]] = [
            *chance.sample(every, chance.choice((6, 12, 30, len(every)))),
            *_ALWAYS,
        ]
        self.loud = chance.sample(self.kinds, min(3, len(self.kinds)))
        self.meets = chance.choice((0.05, 0.2, 0.5))
        self.repeats = chance.choice((0.05, 0.3, 0.6))
        self.agrees = chance.choice((0.1, 0.4))
        self.huge = chance.choice((0.0, 0.0, 0.3))
        self.founding: frozenset[bytes] = frozenset()

    def play(self, steps_max: int = 60) -> list[Entry]:
        """Found the group, more or less; write; stop some phones."""
        self._found()
        for _ in range(self.chance.randint(5, steps_max)):
            self._step()
        if self.chance.random() < 0.8:
            meet(*self.phones)
        return in_seal_order(self._with_held(everything(self.phones)))

    def _found(self) -> None:
        founder, *others = self.phones
        founder.record(e.GroupDescribed("Umoja", "KES", 2))
        founder.record(
            e.ConstitutionAdopted(
                1, share_value_minor=100, shares_max=5, social_fund_minor=20,
                interest_ppm=self.chance.choice((0, 100_000)), fines={"late": 50},
                approvals=self.chance.choice(({}, {"loan.approved": 2}, {"meeting.closed": 2})),
            )
        )  # fmt: skip
        founder.record(e.CycleOpened(1, "2026-01-01", "2026-12-31"))
        members = [founder.record(e.MemberAdded(n, "2026-01-01")) for n in (1, 2, 3)]
        founder.record(e.LoanApplied(1, 1, members[0], 500, "seed", 2))
        titles: tuple[e.Title, ...] = ("treasurer", "chairperson", "key_holder")
        if self.chance.random() < 0.9:
            for title, phone in zip(titles, others * 3, strict=False):
                member = self.chance.choice((b"", members[1]))
                founder.record(e.OfficerElected(title, phone.person, member))
            founder.record(e.OfficerElected("secretary", founder.person))
        founder.record(e.MeetingOpened(1, 1, "2026-01-07"))
        meet(*self.phones)
        self.founding = frozenset(founder.known)
        if self.chance.random() < 0.5:
            stranger = Handset("stranger", "Mallory")  # of the group, and of no office
            stranger.learn_from(self.chance.choice(self.phones))
            self.phones.append(stranger)

    def _step(self) -> None:
        chance = self.chance
        phone = chance.choice(self.phones)
        if chance.random() < self.meets:
            phone.learn_from(chance.choice(self.phones))
        luck = chance.random()
        if luck < self.agrees:
            phone.record(self._word(phone))
        elif luck < self.agrees + self.repeats / 2 and phone.known:
            told = phone.known[chance.choice(list(phone.known))].event
            if not isinstance(told, Unreadable) and chance.random() < 0.7:
                phone = self._writer(type(told), phone)
            phone.record(self._nearly(told) if chance.random() < 0.4 else told)
        elif luck > 0.99:
            phone.record(Unreadable("tea.served", chance.choice(("unknown", "malformed")), 1))
        elif luck > 0.985:
            self._clone(phone)
        else:
            kind: type[e.Event] = chance.choice(self.loud if chance.random() < 0.4 else self.kinds)
            phone = self._writer(kind, phone)
            phone.record(self.draw(kind, phone))

    def _writer(self, kind: type[e.Event], phone: Handset) -> Handset:
        """Mostly a phone of somebody who was elected to an office that may write this."""
        titles = {title for title, kinds in MAY_RECORD.items() if kind in kinds}
        elected = [one for _, one in self.phones[0].heard(e.OfficerElected)]
        people = {one.person for one in elected if one.title in titles}
        fit = [one for one in self.phones if one.person in people]
        return self.chance.choice(fit) if fit and self.chance.random() < 0.8 else phone

    def _word(self, phone: Handset) -> e.Event:
        """A word on something that was asked lately."""
        known = [one.id for one in phone.known.values() if one.person != phone.person]
        asked = (known if self.chance.random() < 0.7 else list(phone.known))[-12:] or [bytes(17)]
        target, at = self.chance.choice(asked), (1, self.chance.choice(FEW))
        yes = e.ApprovalGiven(target, *at)
        others: tuple[e.Event, ...] = (
            e.RequestDeclined(target, *at), *[e.EntryReversed(*at, target, "mistake")] * 2,
            e.ConflictResolved(target, *at, "asked"), e.LateEntryAccepted(target, *at),
            e.MeetingClosed(*at, ()),
        )  # fmt: skip
        return self.chance.choice((yes, yes, yes, yes, *others))

    def _nearly(self, event: e.Event | Unreadable) -> e.Event | Unreadable:
        """The same with another amount, as somebody else remembers it."""
        amount = self.chance.choice(AMOUNTS)
        if isinstance(event, e.CashCounted):
            return replace(event, amount_minor=amount, coins=())
        if isinstance(event, Unreadable) or not hasattr(event, "amount_minor"):
            return event
        return replace(event, amount_minor=amount)

    def _clone(self, phone: Handset) -> None:
        """A second phone with the same key, that knows what the first one knows."""
        if len(self.phones) < 8:
            clone = Handset(f"{phone.name} again {len(self.phones)}", "")
            clone.device, clone.person = phone.device, phone.person
            clone.learn_from(phone)
            self.phones.append(clone)

    def _with_held(self, entries: list[Entry]) -> list[Entry]:
        """Of one or two phones the end of what they wrote is held, in some seeds.

        Whoever stops a phone knows the founding, which is spared.
        """
        held: set[bytes] = set()
        for phone in self.chance.sample(self.phones, self.chance.choice((0, 0, 1, 2))):
            written = (entry.id for entry in entries if entry.device == phone.device)
            own = [name for name in written if name not in self.founding]
            held |= {*own[self.chance.randint(0, len(own)) :]}
        return [entry._replace(held=entry.id in held) for entry in entries]

    # Drawing an event

    def draw(self, kind: type[e.Event], phone: Handset) -> e.Event:
        """An event of this kind, mostly about what the phone knows; within its types' limits."""
        for _ in range(40):
            try:
                made = _made(kind, self._values(kind, phone))
            except ValueError:
                continue
            if isinstance(made, e.Event):
                return made
        return e.AgendaReached(1, 1, "agenda")

    def _values(self, kind: type[e.Event], phone: Handset) -> dict[str, Any]:
        return {
            name: self._named(name, phone, optional)
            if name in references(kind)
            else self._field(name, told, phone)
            for name, told, optional in fields(kind)
            if not (optional and self.chance.random() < 0.3)
        }

    def _named(self, name: str, phone: Handset, optional: bool) -> bytes:
        if optional and self.chance.random() < 0.3:
            return b""
        luck = self.chance.random()
        if luck < 0.03 or not phone.known:
            return self.chance.randbytes(17)
        fit = [known for known, _ in phone.heard_any(*_ABOUT.get(name, ()))] if luck < 0.9 else []
        return self.chance.choice(fit or list(phone.known))

    def _field(self, name: str, told: inspect.Type, phone: Handset) -> Any:
        chance = self.chance
        if name in _NEAR and chance.random() < 0.95:
            return chance.choice(_NEAR[name])
        if name == "person":
            return chance.choice(self.phones).person
        if name == "device":
            return chance.choice(self.phones).device
        if name == "entries" and phone.known:
            return tuple(chance.sample(list(phone.known), min(2, len(phone.known))))
        if name == "slots" and phone.known:
            members = [known for known, _ in phone.heard(e.MemberAdded)]
            return tuple(chance.sample(members, min(2, len(members))))
        return self._value(told, phone)

    def _value(self, told: inspect.Type, phone: Handset) -> Any:
        """A value of a field's type: mostly a small one, at times a limit."""
        chance = self.chance
        match told:
            case inspect.BoolType():
                return chance.random() < 0.5
            case inspect.IntType():
                return self._number(told)
            case inspect.StrType():
                return self._text(told)
            case inspect.BytesType():
                fit = [known for known, _ in phone.heard(e.MemberAdded)]
                if told.min_length == told.max_length == 17 and fit:
                    return chance.choice(fit)
                least, most = told.min_length or 0, told.max_length
                return chance.randbytes(chance.choice((least, least if most is None else most)))
            case inspect.LiteralType():
                return chance.choice(list(told.values))
            case inspect.VarTupleType():
                size = chance.randint(told.min_length or 0, min(told.max_length or 3, 3))
                return tuple(self._value(told.item_type, phone) for _ in range(size))
            case inspect.DictType():
                keys = [self._value(told.key_type, phone) for _ in range(chance.randint(0, 2))]
                return {key: self._value(told.value_type, phone) for key in keys}
            case inspect.StructType():
                parts = {one.name: self._value(one.type, phone) for one in told.fields}
                return _made(told.cls, parts) or _refused(told.cls)
            case _:
                raise TypeError(told)

    def _number(self, told: inspect.IntType) -> int:
        least = int(told.ge) if told.ge is not None else int(told.gt or 0) + 1
        most = None if told.le is None else int(told.le)
        if self.chance.random() < self.huge:
            return self.chance.choice((least, 10**15 if most is None else most))
        value = max(least, self.chance.choice(AMOUNTS))
        if most is not None and value > most:
            return self.chance.choice((least, most))
        return value

    def _text(self, told: inspect.StrType) -> str:
        pattern = told.pattern or ""
        if "[0-9]{4}-" in pattern:
            empty = ("",) if pattern.startswith("^(") else ()
            days: tuple[str, ...] = (*DAYS, *empty)
            return self.chance.choice(days)
        if pattern:
            return self.chance.choice(_fitting(pattern))
        most = told.max_length or 20
        texts = [text[:most] for text in TEXTS if len(text) >= (told.min_length or 0)]
        chosen: str = self.chance.choice(texts)
        return chosen


def _fitting(pattern: str) -> tuple[str, ...]:
    """Texts of which some fit a pattern: a currency, a time of day, a code."""
    if "[A-Z]" in pattern:
        return ("KES",)
    return ("19:05", "") if ":" in pattern else ("late", "a", "1")


def _refused(kind: type) -> NoReturn:
    raise ValueError(kind.__name__)  # a part that its kind refuses: the event is drawn anew


def _made(kind: Any, values: Mapping[str, Any]) -> Any:
    """The event, or None when its kind refuses these values."""
    if kind is e.CashCounted and values.get("coins"):
        total = sum(one.value_minor * one.count for one in values["coins"])
        values = {**values, "amount_minor": total}
    try:
        event = kind(**values)
        msgspec.convert(msgspec.to_builtins(event, builtin_types=(bytes,)), kind)
    except (ValueError, TypeError, msgspec.ValidationError):
        return None
    return event


@cache
def fields(kind: type[e.Event]) -> tuple[tuple[str, inspect.Type, bool], ...]:
    """Name, type, and whether it may be left out, of each field of a kind."""
    told = cast(inspect.StructType, inspect.type_info(kind))
    row = next(row for row in e.EVENTS if row.event_class is kind)
    return tuple(
        (one.name, one.type, not one.required or one.name in row.optional) for one in told.fields
    )


@cache
def references(kind: type[e.Event]) -> frozenset[str]:
    """Fields of a kind that name an entry."""
    return frozenset(next(row.references for row in e.EVENTS if row.event_class is kind))


# Other logs of the same facts


def in_seal_order(entries: list[Entry]) -> list[Entry]:
    """Each behind the seals that do not cover it, as a device hands them to the book.

    A seal is a close that another person signed, of no stopped phone.
    """
    by_id = {entry.id: entry for entry in entries}
    signed = {
        entry.event.target
        for entry in entries
        if isinstance(entry.event, e.ApprovalGiven)
        and entry.event.target in entry.past
        and (target := by_id.get(entry.event.target)) is not None
        and not target.held
        and not entry.held
        and entry.person != target.person
    }
    seals = [one for one in entries if isinstance(one.event, e.MeetingClosed) and one.id in signed]
    return [entry._replace(behind=_behind(entry, seals)) for entry in entries]


def _behind(entry: Entry, seals: list[Entry]) -> int:
    places = (
        seal.lamport
        for seal in seals
        if seal.lamport >= entry.lamport and entry.id not in seal.past and entry.id != seal.id
    )
    return max(places, default=0)


def renamed(entries: list[Entry], salt: str) -> tuple[list[Entry], dict[bytes, bytes]]:
    """The same log with other ids, and new id by old: ties come out otherwise, and nothing else."""
    names = {
        entry.id: hashlib.sha256(salt.encode() + entry.id).digest()[:16] + entry.id[16:]
        for entry in entries
    }
    again = [
        entry._replace(
            id=names[entry.id],
            past=frozenset(names[known] for known in cast(frozenset[bytes], entry.past)),
            event=with_names(entry.event, lambda told: names.get(told, told)),
        )
        for entry in entries
    ]
    return in_seal_order([entry._replace(behind=0) for entry in again]), names


def with_names(value: Any, new: Callable[[bytes], bytes]) -> Any:
    """A value with every id in it replaced."""
    match value:
        case Unreadable():
            return value
        case bytes():
            return new(value)
        case tuple():
            return tuple(with_names(part, new) for part in value)
        case msgspec.Struct():
            parts = {
                name: with_names(getattr(value, name), new) for name in value.__struct_fields__
            }
            return type(value)(**parts)
        case _:
            return value
