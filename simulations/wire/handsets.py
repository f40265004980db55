"""`mkutano run` and the relay's own program, each at a place of its own on the wire.

Questions go to the phone's local API, as the phone's own programs ask it; words that people read
come from the real command. Programs die with whoever plays them, even when that is killed.
"""

import shutil
import sys
from pathlib import Path
from typing import Any, Final

from node.actions import ACTIONS
from node.asking import over_api
from node.errors import NodeError
from node.exchanges import EXCHANGES
from node.home import running
from simulations.cloud_day import RelayProgram
from simulations.phones import Answer, Phone
from simulations.wire.place import Place

ALL_NETWORKS: Final = ("--host", "")
RELAY_PORT: Final = 8700

Shown = tuple[str, ...]


class Off(Exception):
    """The phone is not on, or does not answer."""


class Handset:
    """A phone at a place."""

    def __init__(self, name: str, place: Place, folder: Path) -> None:
        self.name = name
        self.place = place
        self.phone = Phone(name, folder / place.name)
        self.phone.program = (*leash(), *self.phone.program)

    def start(self, *options: str, ahead_s: float = 0.0) -> None:
        """Turn it on; its date is wrong by so many seconds. Raises CommandFailed."""
        clock = ("simulations.wire.wrong_clock", str(ahead_s)) if ahead_s else ("node",)
        self.phone.program = (*leash(), sys.executable, "-m", *clock)
        self.place.run(self.phone.start, *ALL_NETWORKS, *options)

    def say(self, *arguments: str) -> Answer:
        """What the real command says at this phone."""
        return self.place.run(self.phone.ask, *arguments)

    def ask(self, question: str, **fields: Any) -> dict[str, Any]:
        """The answer of the running phone. NodeError with what is wrong; Off."""
        holder = running(self.phone.home)
        if holder is None:
            raise Off(f"{self.name} is off: {self.phone.log()[-2000:]}")
        asked = (ACTIONS.get(question) or EXCHANGES[question]).request(**fields)
        return self.place.run(over_api, holder, question, asked)

    def tried(self, question: str, **fields: Any) -> str:
        """Ask what may fail on a bad wire; the code of what went wrong, "" for nothing."""
        try:
            self.ask(question, **fields)
        except NodeError as error:
            return error.code
        return ""

    @property
    def address(self) -> str:
        """Where other phones reach it, as it says itself."""
        return self.phone.address

    def told_address(self) -> str:
        """Where other phones reach it, as its screen says now."""
        return str(self.ask("links")["listening"][0])

    def book(self) -> dict[str, Any]:
        """Its book."""
        return self.ask("book")

    def shown(self) -> Shown:
        """The digest of its book, and the newest changes that it knows."""
        book = self.book()
        return book["digest"], *sorted(book["heads"])

    def links(self) -> list[dict[str, Any]]:
        """Phones that it is connected to now."""
        return list(self.ask("links")["links"])

    def refused(self) -> list[str]:
        """Codes of what it refused lately."""
        return [one["code"] for one in self.ask("links")["refused"]]


class RelayAt:
    """The relay at a place, at the same port each time it starts."""

    def __init__(self, place: Place, folder: Path) -> None:
        self.place = place
        self.program = RelayProgram(folder / place.name)
        self.program.program = (*leash(), *self.program.program)
        self.address = f"http://{place.address}:{RELAY_PORT}"

    def start(self) -> None:
        """Start it, or start it again with the disk that it has. Raises CommandFailed."""
        where = ("--host", self.place.address, "--port", str(RELAY_PORT))
        self.place.run(self.program.start, *where)


def leash() -> tuple[str, ...]:
    """What a program is started with so that it ends with whoever started it.

    It ends with the thread that started it, which is the place's: that lives as long as the place.
    """
    found = shutil.which("setpriv")  # of util-linux
    return (found, "--pdeathsig", "KILL") if found else ()
