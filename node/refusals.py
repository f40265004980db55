"""What the rules said to a draft, as the person reads it who was about to record it.

A draft has no receipt yet, so a finding about one names the line of its sheet, or "this entry".
What has no effect says who could record it so that it has.
"""

import re
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final

from model.codec import kind_of
from model.events import Event
from model.findings import Finding
from model.identifiers import receipt_code
from model.offices import holder
from model.permissions import MAY_RECORD
from model.wording import KINDS
from node.node import Group
from node.payloads import MAY_NOT_WRITE

_ENTRY: Final = re.compile(r"(?:([Ee])ntry )?\b([0-9A-HJKMNP-TV-Z]{10}(?:-[0-9]+)?)")
_WOULD_COUNT: Final = " as far as its author knew. It counts. "
_SENTENCES: Final[Mapping[str, str]] = {
    "unknown_reference": "The member, loan or entry of this ({what}) is not in the books.",
    "needs_another_officer": "You wrote that entry yourself. Another officer must reverse it.",
    "own_loan": "Nobody approves a loan to himself or herself. Ask another officer.",
    "meeting_still_open": "A meeting of the cycle is open. Close it first: mkutano record close",
    "cycle_not_opened": "That cycle was never opened. See the number in: mkutano book",
    "already_shared_out": "Officers have agreed to a share-out of this cycle already. If it was "
    "wrong, reverse it first.",
    "already_left": "That member has left already.",
    "not_the_seed": "These are not the words that the draw began with.",
    "own_guarantee": "Nobody is guarantor of an own loan. Name another member.",
    "no_guarantor": "That member is no guarantor of this loan. Record the guarantee first.",
    "loan_was_handed_over": "The money of this loan was handed over already; it can't be refused.",
    "held_back_too_much": "That would keep back the whole loan. Nothing is left to hand over.",
    "no_slot": "That member holds no place in the merry-go-round.",
    "no_such_round": "The merry-go-round has no such round.",
    "same_fund": "Money can't move from a fund to itself.",
    "same_pocket": "Money can't move from a pocket to itself.",
    "no_payment": "That entry brought no money, so it is not this payment. Give the receipt of the "
    "payment that it is.",
    "no_reference": "A payment needs the provider's reference. It is on the message or statement.",
    "no_beneficiary": "Whose money is it? Name the member.",
    "already_paid": "The money of this request was paid, so it can't be cancelled. If it was not, "
    "let another officer reverse the payment.",
    "same_member": "Name two members, with --member and --keep.",
    "same_source": "That pays into the money that it comes from. Say another --source.",
    "own_benefit": "You would gain by it yourself. Another officer must say it.",
    "already_decided": "The officers have decided it already. Propose the opposite instead.",
    "signed_for_good": "What was signed stays signed. If the books are wrong, let officers open "
    "the meeting again with: mkutano record reopening",
    "already_happened": "It has happened already. If it was wrong, let another officer reverse it.",
    "chosen_before": "The officers chose this entry as the right one. If it is wrong, choose "
    "another with: mkutano resolve RECEIPT",
    "nothing_to_resolve": "There is only one entry about that; nothing needs to be chosen.",
    "not_closed": "That meeting is not closed.",
    "later_closed": "A later meeting is closed. Record a correction in the meeting that is open.",
    "needs_approval": "The officers have not agreed to it. Propose it first with: mkutano "
    "constitution --set name=value --propose",
    "constitution_moved_on": "Another constitution was adopted since. Propose it once more.",
    "needs_election": "The officers have not agreed to it. Ask them first with: mkutano propose "
    "officer",
    "office_moved_on": "Another election to that office was put in force since this was proposed. "
    "Propose it once more, so that the officers know of both.",
    "already_in_force": "That was put in force already.",
    "already_vacant": "Nobody holds that office.",
    "too_few_left": "Afterwards one person alone would be in office and could decide everything. "
    "Elect somebody else to the office instead.",
    "still_founding": "The group is still being founded: until a chairperson, a secretary and a "
    "treasurer are elected, its founder elects with: mkutano record officer",
    "not_asked": "You held no office when that was proposed, so your word does not count. Those "
    "who did must agree.",
    "no_card_here": "A paper card stands in for an officer only where officers are elected or "
    "removed, or the rules are changed.",
    "card_not_shown": "The card was not shown. Show it with: mkutano cards --vote CODE",
    "second_card": "A paper card was shown for that already. One card stands in for one officer; "
    "the others must agree themselves.",
    "founding_over": "The group was founded meanwhile, and others are at work. Propose it, and let "
    "the officers agree.",
    "share_value_in_cycle": "The price of a share stays as it is while a cycle is open.",
    "never_late": "That entry belongs to no meeting that is closed.",
    "not_reversible": "That kind of entry can't be reversed; record what is true instead.",
}


def no_effect(group: Group, event: Event, code: str) -> str:
    """Why an event would have no effect, and what to do instead."""
    if code == "not_permitted":
        return _not_permitted(group, event)
    what = _what(event)
    said = _SENTENCES.get(code, "This ({what}) would have no effect ({code}).")
    return said.format(what=what, code=code.replace("_", " "))


def without_draft_receipts(finding: Finding, lines: Mapping[str, int]) -> str:
    """The sentence of a finding; `lines`: hex id of each draft and its line of a sheet, or 0."""
    drafts: dict[str, deque[int]] = {}
    for name in finding.entries:
        if name in lines:
            drafts.setdefault(receipt_code(bytes.fromhex(name)), deque()).append(lines[name])

    def named(found: re.Match[str]) -> str:
        queue = drafts.get(found[2])
        if queue is None:
            return found[0]
        line = queue[0]  # receipts of drafts repeat: they are told in the order of the entries
        queue.rotate(-1)
        words = f"line {line} of the sheet" if line else "this entry"
        return words.capitalize() if found[1] == "E" else words

    told = _ENTRY.sub(named, finding.sentence)
    return told.replace(_WOULD_COUNT, ". ")  # nothing is recorded yet


def _not_permitted(group: Group, event: Event) -> str:
    """Whose task it is; a person without any office is told how to get one."""
    if not group.roster.may_write(group.device):
        return MAY_NOT_WRITE
    person = group.roster.person_of(group.device).hex()
    held = [title for title in MAY_RECORD if holder(group.book, title) == person]
    able = [title for title, kinds in MAY_RECORD.items() if type(event) in kinds]
    what = _what(event)
    if not held:
        return (
            f"The owner of this phone holds no office. This ({what}) is for the {_either(able)} to "
            "record. Ask the secretary to record who holds which office: mkutano record officer."
        )
    return (
        f"Your office ({_either(held)}) does not allow you to record this ({what}). "
        f"Ask the {_either(able)} to record it."
    )


def _what(event: Event) -> str:
    kind = kind_of(event)
    return KINDS.get(kind, kind.replace(".", " ").replace("_", " "))


def _either(titles: Iterable[str]) -> str:
    return " or the ".join(title.replace("_", " ") for title in titles)
