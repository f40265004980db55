"""When to put changes at a relay: one's own soon and gathered, the others' only if nobody did.

While other phones of the group are near they hold what is new already: own changes go when nothing
was recorded for a minute, after five at the latest, and at once when a meeting was closed. Each
blob is padded and signed, so gathering makes a year at the relay several times smaller
(`simulations.bench.relay_year`). A phone alone has no other copy, and others may wait for it far
away: it gathers for seconds. What other phones wrote is theirs to bring: only when the relay still
lacks it later does this phone, each phone after a time of its own, so that five phones at one
meeting don't all bring the same. After a refusal it waits longer each time. Pure: times, in
milliseconds of a clock that only goes forward, come in.
"""

from typing import Final, NamedTuple

OWN_QUIET_MS: Final = 60_000
OWN_MAX_MS: Final = 300_000
ALONE_QUIET_MS: Final = 5_000
ALONE_MAX_MS: Final = 30_000
OTHERS_MS: Final = 360_000
OTHERS_BLUR_MS: Final = 120_000
REFUSED_MS: Final = 30_000
REFUSED_MAX_MS: Final = 900_000
"""The longest wait, whatever the relay asks for: a lie would keep a backup away for weeks."""


class Unsent(NamedTuple):
    """What a relay's log lacks."""

    own: int = 0
    """Changes that this device wrote."""
    others: int = 0
    closes: bool = False
    """Whether this device just closed or sealed a meeting."""
    alone: bool = False
    """Whether no other phone of the group is linked now."""


class Timing:
    """When one group's changes go to one relay."""

    def __init__(self, blur: float) -> None:
        """`blur`: a number from 0 to 1 of this device's own."""
        self._others_ms = OTHERS_MS + blur * OTHERS_BLUR_MS
        self._unsent = Unsent()
        self._own_since: float | None = None
        self._own_last: float = 0
        self._others_since: float | None = None
        self._at_once = False
        self._refusals = 0
        self._not_before: float = 0

    def noted(self, unsent: Unsent, now: float) -> None:
        """What lacks now."""
        if unsent.own > self._unsent.own or (unsent.own and self._own_since is None):
            self._own_last = now
        self._own_since = _since(self._own_since, now) if unsent.own else None
        self._others_since = _since(self._others_since, now) if unsent.others else None
        self._at_once = unsent.closes and bool(unsent.own)
        self._unsent = unsent

    def due(self) -> float | None:
        """When to push, of the same clock; None: there is nothing to."""
        times = []
        if self._own_since is not None:
            alone = self._unsent.alone
            quiet_ms, max_ms = (
                (ALONE_QUIET_MS, ALONE_MAX_MS) if alone else (OWN_QUIET_MS, OWN_MAX_MS)
            )
            gathered = min(self._own_last + quiet_ms, self._own_since + max_ms)
            times.append(self._own_since if self._at_once else gathered)
        if self._others_since is not None:
            times.append(self._others_since + self._others_ms)
        return max(min(times), self._not_before) if times else None

    def pushed(self, now: float, *, refused: bool, retry_after_ms: int = 0) -> None:
        """A push was tried; `noted` follows with what lacks still."""
        self._refusals = self._refusals + 1 if refused else 0
        if refused:
            wait = min(REFUSED_MS * 2 ** min(self._refusals - 1, 10), REFUSED_MAX_MS)
            self._not_before = now + max(wait, min(retry_after_ms, REFUSED_MAX_MS))
        else:
            self._not_before = now
            self._own_since = self._others_since = None
            self._unsent = Unsent()


def _since(before: float | None, now: float) -> float:
    return now if before is None else before
