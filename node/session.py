"""For how long a phone with a PIN stays open to commands after somebody unlocked it.

Open until nobody has used it for some minutes, and never longer than a long meeting day. Measured
on the clock that counts from the phone's start, time asleep included, so that setting the date
keeps nothing open. Pure: the time is given.
"""

from typing import Final

IDLE_MINUTES: Final = 15
"""As long as a screen of a shared computer may stand open; a meeting uses it far more often."""
IDLE_MINUTES_MAX: Final = 240
WHOLE_MS_MAX: Final = 12 * 3600 * 1000
"""However often it is used: a phone that was never locked in the evening asks in the morning."""


class Session:
    """One unlocking; ended, it never opens again."""

    def __init__(self, idle_ms: int, now: int) -> None:
        self.idle_ms = idle_ms
        self._began = now
        self._used = now
        self._ended = False

    def use(self, now: int) -> bool:
        """Whether it is open; if so it counts as used now."""
        if self.left_ms(now) <= 0:
            self.end()
            return False
        self._used = now
        return True

    def left_ms(self, now: int) -> int:
        """How long it stays open if nobody uses it."""
        if self._ended:
            return 0
        return max(0, min(self._used + self.idle_ms, self._began + WHOLE_MS_MAX) - now)

    def end(self) -> None:
        """Close it for good."""
        self._ended = True
