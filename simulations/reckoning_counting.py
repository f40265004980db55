"""What counts, where officers tell one thing more than once: one entry for each thing.

What was told in time goes before what came late; where officers differ, what they chose counts,
else what the keeper of the records says, else the least.
"""

from __future__ import annotations

from collections.abc import Callable

from model import events as e
from model.entry import Entry
from simulations.reckoning_claims import amount_of, content_of
from simulations.reckoning_record import event_of
from simulations.reckoning_standing import Told


class Counting:
    """Chooses one entry for each thing that happened."""

    def __init__(self, told: Told) -> None:
        self.told = told

    def counted(self) -> list[Entry]:
        """One entry for each thing that happened, as it counts."""
        return self._one_each(lambda entry: self.told.in_force(entry) and not self.told.late(entry))

    def _one_each(self, wanted: Callable[[Entry], bool]) -> list[Entry]:
        chosen = []
        for told in self.told.same.values():
            on_time = [entry for entry in told if wanted(entry)]
            accepted = [
                entry for entry in told if self.told.in_force(entry) and self.told.late(entry)
            ]
            words = on_time or accepted
            resolved = self._chosen([entry for entry in told if self.told.there(entry)])
            if resolved is not None:
                chosen.append(resolved)
            elif words:
                chosen.append(self._right_one(words))
        return sorted(chosen, key=lambda entry: (entry.lamport, entry.id))

    def set_aside(self) -> list[Entry]:
        """Of each thing that only late entries tell, the one that is kept aside."""
        aside = []
        for told in self.told.same.values():
            standing = [entry for entry in told if self.told.there(entry)]
            if any(self.told.in_force(entry) for entry in told) or self._chosen(standing):
                continue
            late = [
                entry
                for entry in told
                if self.told.there(entry)
                and self.told.aside(entry)
                and self.told.verdict(entry) != "rejected"
            ]
            if late:
                aside.append(self._right_one(late))
            elif held := self._held(told):
                aside.append(self._right_one(held))
        return aside

    def _held(self, told: list[Entry]) -> list[Entry]:
        """Of a thing that only stopped phones tell of, what officers have still to go through."""
        open_ones = [
            entry for entry in told if self.told.valid(entry) and not self.told.taken_back(entry)
        ]
        if any(not entry.held or not self.told.aside(entry) for entry in open_ones):
            return []
        return [entry for entry in open_ones if not self.told.verdict(entry)]

    def meant(self, named: bytes) -> Entry | None:
        """Of what an entry names, told by more than one: the words that were agreed to, if any."""
        if named not in self.told.by_id:
            return None
        told = self.told.same[self.told.same_thing(named)]
        words = [entry for entry in told if self.told.valid(entry)] or told
        words = [item for item in words if not (item.held and self.told.aside(item))] or words
        standing = [entry for entry in words if not self.told.taken_back(entry)] or words
        in_force = [entry for entry in standing if self.told.in_force(entry)]
        return self._right_one(in_force or standing)

    def _right_one(self, words: list[Entry]) -> Entry:
        """Of words about one thing: what officers chose, what the keeper says, or the least."""
        contents = {content_of(event_of(entry)) for entry in words}
        if len(contents) == 1:
            return words[0]
        by_keeper = [entry for entry in words if self._keeper(entry) in self.told.titles(entry)]
        if len({content_of(event_of(entry)) for entry in by_keeper}) == 1:
            return by_keeper[0]
        return min(words, key=lambda entry: _least(event_of(entry)))

    def _chosen(self, words: list[Entry]) -> Entry | None:
        """What officers resolved; nothing while they resolved differently without knowing."""
        names = {self.told.name(entry) for entry in words}
        resolved = [
            word
            for word in self.told.every(e.ConflictResolved)
            if event_of(word).target in self.told.by_id
            and self.told.name(self.told.by_id[event_of(word).target]) in names
            and self.told.in_force(word)
            and self.told.was_disputed(word)
        ]
        last = [word for word in resolved if not any(word.id in later.past for later in resolved)]
        targets = {event_of(word).target for word in last}
        contents = {content_of(event_of(self.told.by_id[target])) for target in targets}
        right = [entry for entry in words if content_of(event_of(entry)) in contents]
        return right[0] if right and len(contents) == 1 else None

    def _keeper(self, entry: Entry) -> str:
        """The title whose amount counts meanwhile, as the author knew the rules."""
        return str(self.told.constitution(entry).record_keeper)


def _least(event: e.Event) -> tuple[int, str]:
    """The lower amount; where only the rest differs, any order that no phone can choose."""
    return amount_of(event), repr(content_of(event))
