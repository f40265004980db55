"""The relay's log: what happened, and never what or whose it was.

A line may name a mailbox by the first eight digits of its id, and a network address only where the
operator asked for it; no key, no blob, no whole id. As text for people, or one JSON object a line.
"""

import json
import logging
import sys
from typing import Any, Final, Literal, TextIO

LOG: Final = logging.getLogger("mkutano.relay")
_FIELDS: Final = ("mailbox", "address", "code", "count", "bytes", "ms")
"""What a line may carry beside its sentence."""


def short(mailbox: bytes) -> str:
    """As much of a mailbox's id as a log may hold: enough to find it again, too little to use."""
    return mailbox.hex()[:8]


def start_logs(
    form: Literal["text", "json"], level: str, stream: TextIO | None = None
) -> logging.Handler:
    """Write the relay's log to a stream, standard error unless told otherwise."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text())
    LOG.handlers[:] = [handler]
    LOG.setLevel(level.upper())
    LOG.propagate = False
    return handler


def _told(record: logging.LogRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}


class _Json(logging.Formatter):
    """One object a line, with the time in milliseconds since 1970."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time_ms": int(record.created * 1000),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        line |= _told(record)
        if record.exc_info:
            line["fault"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class _Text(logging.Formatter):
    """Time, level, sentence, and what belongs to it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        told = "".join(f"  {name}={value}" for name, value in _told(record).items())
        return super().formatMessage(record) + told
