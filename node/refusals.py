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
from model.permissions import MAY_RECORD, holder
from node.node import MAY_NOT_WRITE, Group

_ENTRY: Final = re.compile(r"([Ee])ntry ([0-9A-HJKMNP-TV-Z]{10}(?:-[0-9]+)?)")
_SENTENCES: Final[Mapping[str, str]] = {
    "unknown_reference": "The member, loan or entry of this ({what}) is not in the books.",
    "needs_another_officer": "You wrote that entry yourself. Another officer must reverse it.",
    "own_loan": "Nobody approves a loan to himself or herself. Ask another officer.",
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

    return _ENTRY.sub(named, finding.sentence)


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
    return kind_of(event).replace(".", " ").replace("_", " ")


def _either(titles: Iterable[str]) -> str:
    return " or the ".join(title.replace("_", " ") for title in titles)
