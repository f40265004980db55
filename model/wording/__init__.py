"""Everything that a finding can say, by topic, apart from the rules: the place for a translator."""

from __future__ import annotations

from typing import Final

from model.wording import (
    ending,
    funds,
    governance,
    loans,
    meetings,
    members,
    savings,
    standing,
    suspense,
)
from model.wording.kinds import KINDS
from model.wording.places import Sentences, Weight

SENTENCES: Final[Sentences] = {
    **suspense.SENTENCES,
    **standing.SENTENCES,
    **governance.SENTENCES,
    **meetings.SENTENCES,
    **members.SENTENCES,
    **savings.SENTENCES,
    **loans.SENTENCES,
    **funds.SENTENCES,
    **ending.SENTENCES,
}
"""Code of a finding -> weight and sentence; the order is that in which findings are shown."""

__all__ = ["KINDS", "SENTENCES", "Sentences", "Weight"]
