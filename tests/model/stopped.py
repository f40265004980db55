"""Histories in which phones were stopped, and officers judge what these wrote."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import strategies as st

from model import events as e
from model.entry import Entry, order_key
from tests.strategies import KINDS, histories

JUDGED = [*KINDS, *("ratify", "reject_held", "agree", "agree") * 4]
MONEY = [
    *("share", "social", "help", "fine", "fine_paid", "expense", "transfer"),
    *("saving", "savings_out", "repay", "apply"),
]
_WORDS = [
    *("ratify", "ratify", "ratify", "reject_held", "agree", "agree"),
    *("accept_late", "resolve", "reverse", "decline"),
]
JUDGING = [*MONEY, *MONEY, *_WORDS * 4, "close", "open", "member", "approve", "disburse", "reopen"]
"""Few kinds, and so many words on them that officers often agree."""
VERDICTS = e.SuspenseRatified | e.SuspenseRejected


@st.composite
def stopped(draw: st.DrawFn, kinds: Iterable[str] = (), steps_max: int = 80) -> list[Entry]:
    """A history in which one or two devices were stopped: the end of their chains is held."""
    drawn = list(kinds) or draw(st.sampled_from((JUDGED, JUDGING)))
    entries = draw(histories(steps_max, drawn))
    judged = [entry.event.device for entry in entries if isinstance(entry.event, VERDICTS)]
    devices = judged or devices_of(entries)
    for device in draw(st.lists(st.sampled_from(devices), min_size=1, max_size=2)):
        own = sorted((one for one in entries if one.device == device), key=order_key)
        spared = draw(st.integers(0, len(own)))
        entries = with_held(entries, {one.id for one in own[spared:]})
    return entries


def devices_of(entries: Iterable[Entry]) -> list[bytes]:
    """The devices that wrote any of these."""
    return sorted({entry.device for entry in entries})


def with_held(entries: Iterable[Entry], held: set[bytes]) -> list[Entry]:
    """The entries, these of them held beside those that are already."""
    return [entry._replace(held=True) if entry.id in held else entry for entry in entries]
