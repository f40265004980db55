"""Who holds which office, reckoned from the rules and from nothing else: slow, plain, and by sets.

A question is asked for a set of entries, such as all that an author knew. An election that every
other one knew, or was known to, is where all agree; what came apart after it is gone through office
by office. Elections that took offices from two people apart from each other hold neither of them,
and if fewer than two people would be left in office, nothing that came apart holds.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Final, Protocol

from model import events as e
from model.entry import Entry

Office = tuple[str, int]
"""Title and seat."""
Seats = dict[Office, bytes]
"""Who holds what; no person where an office was left vacant."""
Known = frozenset[bytes]

MAIN: Final[tuple[Office, ...]] = (("chairperson", 1), ("secretary", 1), ("treasurer", 1))
_SEATS: Final = {"money_counter": 3, "key_holder": 5}


class Decided(Protocol):
    """What officers agreed to, as another part of this reckoning knows it."""

    entries: list[Entry]
    by_id: dict[bytes, Entry]

    def valid(self, entry: Entry) -> bool:
        """May it have an effect at all?"""

    def approved(self, entry: Entry, past: Any = None) -> bool:
        """Have enough officers agreed, as far as a past knows?"""

    def agreed(self, entry: Entry, past: Any = None) -> set[bytes]:
        """Who agreed, as far as a past knows."""

    def name(self, entry: Entry) -> Any:
        """What an entry speaks of."""


def office_of(event: Any) -> Office:
    """The office that an election is about; the last seat stands for more."""
    return event.title, min(event.seat, _SEATS.get(event.title, 1))


class Offices:
    """Who holds which office, by what is known."""

    def __init__(self, told: Decided) -> None:
        self.told = told
        self.elections = [
            entry for entry in told.entries if isinstance(entry.event, e.OfficerElected)
        ]
        self._ids = frozenset(entry.id for entry in self.elections)
        self._answers: dict[tuple[str, Any], Any] = {}

    def seats(self, known: Any) -> Seats:
        """Who holds what, for one who knows this."""
        return dict(self._remember("seats", self._known(known), self._seats))

    def people(self, known: Any) -> set[bytes]:
        """Everybody who holds an office."""
        return set(self.seats(known).values()) - {b""}

    def founded(self, known: Any) -> bool:
        """Were the three main offices held at some time, by all that is known?"""
        seats = self.seats(known)
        return all(seats.get(office) for office in MAIN) or bool(
            self._witnesses(self._known(known)) or self._together(self._known(known))
        )

    def _known(self, known: Any) -> Known:
        """Of all that is known the elections, and who wrote something as an officer."""
        if not self._is_disputed:
            return frozenset(identity for identity in self._ids if identity in known)
        return frozenset(entry.id for entry in self.told.entries if entry.id in known)

    @cached_property
    def _is_disputed(self) -> bool:
        """Were there two phones in the founding, that did not know of each other?"""
        alone = [entry for entry in self.elections if not _event(entry).proposal]
        return any(_apart(one, other) for one in alone for other in alone)

    def _remember(self, question: str, known: Any, answer: Callable[[Any], Any]) -> Any:
        key = (question, known)
        if key not in self._answers:
            self._answers[key] = answer(known)
        return self._answers[key]

    # Together

    def _together(self, known: Known) -> list[Entry]:
        """The elections that officers agreed to."""
        return [item for item in self.elections if item.id in known and self.is_decided(item)]

    def has_effect(self, entry: Entry) -> bool:
        """Did officers agree to an election, or the founder decide it while nobody else could?"""
        return self.is_decided(entry) or self._is_alone(entry)

    def is_decided(self, entry: Entry) -> bool:
        """Was it right to put an election in force, as far as the one knew who did?"""
        return bool(self._remember("decided", entry.id, lambda _: self._is_decided(entry)))

    def _is_decided(self, entry: Entry) -> bool:
        event, past = _event(entry), entry.past
        proposal = self.told.by_id.get(event.proposal)
        if proposal is None or proposal.id not in past or not self._may_put_in_force(entry):
            return False
        asked: Any = proposal.event
        if not isinstance(asked, e.OfficerProposed) or not self.told.valid(proposal):
            return False
        if (office_of(asked), asked.person, asked.member) != (
            office_of(event),
            event.person,
            event.member,
        ):
            return False
        if len(self.people(proposal.past)) < 2 or not self.told.approved(proposal, past):
            return False
        mine = self.told.name(proposal)
        if self.put_in_force(office_of(event), past) - {mine} != self.put_in_force(
            office_of(event), proposal.past
        ):
            return False
        return mine not in self.put_in_force(office_of(event), past) and not self.too_few(
            event, past
        )

    def _may_put_in_force(self, entry: Entry) -> bool:
        return self.founded(entry.past) and entry.person in self.people(entry.past)

    def put_in_force(self, office: Office, known: Any) -> set[Any]:
        """What officers decided about an office, as far as it is known to be in force."""
        return {
            self.told.name(self.told.by_id[_event(item).proposal])
            for item in self._together(self._known(known))
            if office_of(_event(item)) == office
        }

    def too_few(self, event: Any, known: Any) -> bool:
        """Would fewer than two people be left in office?"""
        seats = {**self.seats(known), office_of(event): event.person}
        return len(set(seats.values()) - {b""}) < 2

    def _seats(self, known: Known) -> Seats:
        together = self._together(known)
        agreed = [
            item
            for item in together
            if not any(_apart(item, other) for other in together if other is not item)
        ]
        if agreed:
            last = max(agreed, key=lambda item: item.lamport)
            ground = {**self.seats(last.past), office_of(_event(last)): _event(last).person}
            done = [item for item in together if item is last or item.id in last.past]
        else:
            ground, done = self._alone(known), []
        rest = [item for item in together if item not in done]
        return self._apart_from(ground, rest)

    def _decision(self, entry: Entry) -> Any:
        return self.told.name(self.told.by_id[_event(entry).proposal])

    def _apart_from(self, ground: Seats, rest: list[Entry]) -> Seats:
        """What elections make of the seats that all agree on, which did not all know each other."""
        decisions: dict[Any, list[Entry]] = {}
        for item in rest:
            decisions.setdefault(self._decision(item), []).append(item)

        def knew(later: Any, earlier: Any) -> bool:
            return any(old.id in new.past for new in decisions[later] for old in decisions[earlier])

        def apart(one: Any, other: Any) -> bool:
            return one != other and not knew(one, other) and not knew(other, one)

        office = {name: office_of(_event(told[0])) for name, told in decisions.items()}
        stopped = self._stopped(decisions, office, apart, knew)
        seats = dict(ground)
        for place in sorted(set(office.values())):
            mine = [name for name in decisions if office[name] == place]
            newest = [one for one in mine if not any(knew(by, one) for by in mine if by != one)]
            chosen = {_event(decisions[one][0]).person for one in newest}
            free = [one for one in newest if one not in stopped]
            if len(chosen) == 1 and free:
                seats[place] = chosen.pop()
                continue
            clear = [
                one
                for one in mine
                if one not in stopped and not any(apart(one, other) for other in mine)
            ]
            last = [one for one in clear if not any(knew(by, one) for by in clear if by != one)]
            if last:
                seats[place] = _event(decisions[last[0]][0]).person
        people, before = set(seats.values()) - {b""}, set(ground.values()) - {b""}
        return seats if len(people) >= min(2, len(before)) else ground

    def _stopped(
        self,
        decisions: dict[Any, list[Entry]],
        office: dict[Any, Office],
        apart: Callable[[Any, Any], bool],
        knew: Callable[[Any, Any], bool],
    ) -> set[Any]:
        """Those that took offices from different people, apart; and what rests on one of them."""
        lost = {
            name: {person for item in told for person in self._loses_unwilling(item)}
            for name, told in decisions.items()
        }
        against = {
            one: {
                other
                for other in decisions
                if lost[one]
                and lost[other]
                and lost[one] != lost[other]
                and office[one] != office[other]
                and apart(one, other)
            }
            for one in decisions
        }
        stopped = {one for one in decisions if against[one]}
        for one in [name for name in decisions if against[name]]:
            for later in decisions:
                same = office[later] == office[one] and knew(later, one)
                if same and not all(knew(later, other) for other in against[one]):
                    stopped.add(later)
        return stopped

    def _loses_unwilling(self, entry: Entry) -> set[bytes]:
        """Who held the office, and neither keeps it nor agreed to lose it."""
        event = _event(entry)
        holds = self.seats(entry.past).get(office_of(event), b"")
        willing = self.told.agreed(self.told.by_id[event.proposal], entry.past)
        return {holds} - {b"", event.person} - willing

    # Alone

    def _alone(self, known: Known) -> Seats:
        """Who holds what by the founder's word, while nobody else had a say."""
        witnesses = self._witnesses(known)
        if not witnesses:
            return self._by_the_founder(known)
        told: dict[Office, set[bytes]] = {}
        for witness in witnesses:
            for office, person in self._by_the_founder(self._known(witness.past)).items():
                told.setdefault(office, set()).add(person)
        return {office: min(people) for office, people in told.items() if len(people) == 1}

    def _by_the_founder(self, known: Known) -> Seats:
        seats: Seats = {}
        alone = [item for item in self.elections if item.id in known and self._is_alone(item)]
        for office in {office_of(_event(item)) for item in alone}:
            mine = [item for item in alone if office_of(_event(item)) == office]
            newest = [one for one in mine if not any(one.id in by.past for by in mine)]
            clear = [
                one for one in mine if not any(_apart(one, by) for by in mine if by is not one)
            ]
            if len({_event(one).person for one in newest}) == 1:
                seats[office] = _event(newest[0]).person
            elif clear:
                seats[office] = _event(max(clear, key=lambda one: one.lamport)).person
        return seats

    def _is_alone(self, entry: Entry) -> bool:
        """Was it the founder's, before the group was founded as the founder knew?"""
        founder = self.told.entries[0].person
        seats = self.seats(entry.past)
        its = entry.person == founder or seats.get(("secretary", 1)) == entry.person
        named = _event(entry).proposal
        known = not named or named in entry.past
        return its and known and bool(_event(entry).person) and not self.founded(entry.past)

    def _witnesses(self, known: Known) -> list[Entry]:
        """The first words of other officers that knew the group founded; of each other, nothing."""
        if not self._is_disputed:
            return []
        found = [
            self.told.by_id[identity]
            for identity in known
            if self._remember("witness", identity, self._is_witness)
        ]
        return [one for one in found if not any(other.id in one.past for other in found)]

    def _is_witness(self, identity: bytes) -> bool:
        entry = self.told.by_id.get(identity)
        if entry is None or entry.person == self.told.entries[0].person:
            return False
        seats = self.seats(entry.past)
        alone = any(
            item.person == entry.person and item.id in entry.past and self._is_alone(item)
            for item in self.elections
        )
        return (
            not alone
            and entry.person in seats.values()
            and len(set(seats.values()) - {b""}) >= 2
            and self.founded(entry.past)
        )


def _event(entry: Entry) -> Any:
    return entry.event


def _apart(one: Entry, other: Entry) -> bool:
    """Did neither know of the other?"""
    return one is not other and one.id not in other.past and other.id not in one.past
