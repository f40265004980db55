"""One of several words that an event allows, as people type it."""

from typing import Any

from node.errors import CommandRefused


def choice(said: str, allowed: tuple[str, ...], what: str) -> Any:
    """One of the words that an event allows; CommandRefused names them all."""
    word = said.strip().lower().replace("-", "_").replace(" ", "_")
    if word not in allowed:
        raise CommandRefused(
            f"“{said}” is no {what}. It is one of: {', '.join(allowed)}.", "choice"
        )
    return word
