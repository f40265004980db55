"""What is said about the group, its constitution and its officers."""

from __future__ import annotations

from typing import Final

from model.wording.places import Sentences

SEATED: Final = "the election of {who} as {office}{instead}"
"""What an election says; {instead} says who holds the office now, if somebody else does."""
VACATED: Final = "that {who} is {office} no longer"
INSTEAD: Final = " in place of {who}"
SOMEBODY: Final = "somebody"  # a person of whom no election says which member it is

SENTENCES: Final[Sentences] = {
    "election_waits": (
        "task",
        "Entry {entry} proposes {election}. It waits until {count_wanted} more agree, of: {asked}. "
        "Agree with: mkutano approve {entry}; or say no with: mkutano decline {entry}",
    ),
    "not_elected": (
        "task",
        "The officers agreed to {election} (entry {entry}), but it is not in force yet. Put it in "
        "force with: mkutano approve {entry}",
    ),
    "one_officer": (
        "task",
        "One person holds every office, and decides alone. As soon as a second one holds an "
        "office, elections and rules need both. Let a second phone in with “mkutano invite”, and "
        "elect its owner with: mkutano propose officer",
    ),
    "office_vacant": (
        "task",
        "The group has no {what}. Propose somebody with: mkutano propose officer",
    ),
    "needs_election": (
        "task",
        "Entry {entry} has no effect: the officers have not agreed to this election. Propose it "
        "with: mkutano propose officer",
    ),
    "still_founding": (
        "notice",
        "Entry {entry} proposes an election while the group is being founded. It has no effect; "
        "until the three main offices are held, its founder elects with: mkutano record officer",
    ),
    "office_moved_on": (
        "task",
        "Entry {entry} puts an election in force that was agreed to before another election to the "
        "same office. It has no effect; propose it again, so that the officers know of both.",
    ),
    "already_in_force": (
        "notice",
        "Entry {entry} ({what}) puts in force what is in force already. It changes nothing.",
    ),
    "already_vacant": (
        "notice",
        "Entry {entry} proposes to take an office from somebody that nobody holds. It changes "
        "nothing.",
    ),
    "too_few_left": (
        "task",
        "Entry {entry} ({what}) would leave fewer than two people in office, and one of them to "
        "decide alone. It has no effect; elect somebody else to the office instead.",
    ),
    "removed_apart": (
        "task",
        "Officers were voted out on phones that did not know of each other: {elections}. All of "
        "them keep their offices until officers who know of it decide: propose it once more.",
    ),
    "too_few_left_apart": (
        "task",
        "Elections that did not know of each other would together leave fewer than two people in "
        "office: {elections}. None of them holds; propose them once more, one after the other.",
    ),
    "founding_over": (
        "task",
        "Entry {entry} ({what}) was decided by one person alone, on a phone that did not know that "
        "the group was founded and others were at work. It has no effect; propose it, and let the "
        "officers agree.",
    ),
    "not_asked": (
        "notice",
        "Entry {entry} ({what}) is the word of a person who held no office when this was proposed. "
        "It does not count.",
    ),
    "no_card_here": (
        "task",
        "Entry {entry} shows a paper card for something that officers decide without one. It has "
        "no effect; a card stands in for one officer where officers are elected or removed, or the "
        "rules are changed.",
    ),
    "card_not_shown": (
        "task",
        "Entry {entry} says that a paper card agrees, but no valid card was shown with it. It has "
        "no effect; look at the card, and show it again.",
    ),
    "second_card": (
        "notice",
        "Entry {entry} shows a second paper card for one decision. One card stands in for one "
        "officer, and no more; the others must agree themselves.",
    ),
    "not_adopted": (
        "task",
        "The officers agreed to the constitution of entry {entry}, but it is not in force yet. Put "
        "it in force with: mkutano approve {entry}",
    ),
    "constitution_moved_on": (
        "task",
        "Entry {entry} adopts a constitution that was agreed to on top of an older one. It has no "
        "effect; propose it again, so that the officers see what it changes now.",
    ),
    "key_holder_in_committee": (
        "notice",
        "The {what} also holds another office. Let members outside the committee keep the keys, "
        "so that nobody opens the box alone.",
    ),
}
