"""Three officers' phones, a relay, a stranger, and the wire between them.

What was recorded is counted here, apart from the phones: whoever was told "recorded" is owed it.
Phones agree when they show one digest and the same newest changes, and the money in the box is what
was acknowledged: nothing lost, nothing counted twice, nothing half.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from node.errors import NodeError
from simulations.phones import at_once, wait_until
from simulations.wire.handsets import Handset, Off, RelayAt
from simulations.wire.place import Place
from simulations.wire.switch import Switch

NAMES: Final = ("secretary", "treasurer", "chairperson")
MEMBERS_EACH: Final = 3
SHARE_MINOR, FINE_MINOR = 100_00, 10_00
AGREE_S_MAX: Final = 120.0
"""After everything is well again: longer than any pause between two calls."""
LOOK_S: Final = 0.1


class NotSo(Exception):
    """A promise was not kept; says which."""


class Village:
    """Who lives on the wire. Leave it by `close`, whatever happened."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.seed = seed
        self.acknowledged: Counter[str] = Counter()
        """Entries that a phone said it had recorded, by kind."""
        self.agreed_s = 0.0
        """The longest that all phones took to agree since somebody set this to nothing."""
        self._stack = ExitStack()
        try:
            self.switch = Switch(seed)
            self._stack.callback(self.switch.close)
            self.phones = tuple(self._handset(name, number) for number, name in enumerate(NAMES, 1))
            self.secretary, self.treasurer, self.chairperson = self.phones
            self.relay = RelayAt(self._place("relay", 9), folder)
            self._stack.callback(self.relay.program.kill)
            self.stranger = self._place("stranger", 66)
        except BaseException:
            self.close()
            raise

    def _place(self, name: str, number: int) -> Place:
        place = Place(name, f"10.77.0.{number}")
        self.switch.plug(name, place.tap)
        self._stack.callback(place.close)
        return place

    def _handset(self, name: str, number: int) -> Handset:
        handset = Handset(name, self._place(name, number), self.folder)
        self._stack.callback(handset.phone.kill)
        return handset

    def close(self) -> None:
        """End every program, then the places, then the switch."""
        self._stack.close()

    # Its life

    def found(self) -> None:
        """Found a group of three officers over the wire, and open a meeting."""
        at_once(
            lambda phone: phone.do("init", "--name", phone.name), [h.phone for h in self.phones]
        )
        self.relay.start()
        for handset in self.phones:
            handset.start()
        first, *others = self.phones
        terms = {"share_value": "100", "shares_max": 1_000_000}
        first.ask("found", name="Umoja", currency="KES", cards=False, **terms)
        for handset in others:
            code = first.ask("invite", title=handset.name)["uri"]
            handset.ask("join", invitation=code, yes=True)
        for number in range(MEMBERS_EACH * len(self.phones)):
            first.ask("record", kind="member", name=f"Member {number + 1}")
        first.ask("record", kind="meeting", date="2026-01-07")
        self.agree()

    def record(self, handset: Handset, times: int = 1) -> None:
        """Have an officer record what the office allows, for members that no other officer has."""
        at = self.phones.index(handset)
        for number in range(times):
            member = str(at * MEMBERS_EACH + number % MEMBERS_EACH + 1)
            if handset is self.chairperson:
                code = f"fine{self.acknowledged['fine']}"  # one of a kind a member and meeting
                kind, fields = "fine", {"code": code, "amount": "10"}
            else:
                kind, fields = "contribution", {"amount": "100"}
            handset.ask("record", kind=kind, member=member, **fields)
            self.acknowledged[kind] += 1

    def record_all(self, times: int = 1) -> None:
        """Every officer records."""
        for handset in self.phones:
            self.record(handset, times)

    def restart(self, handsets: Iterable[Handset], *options: str, ahead_s: float = 0.0) -> None:
        """Turn phones off in good order, then on again: each has another port and name then."""
        chosen = tuple(handsets)
        at_once(lambda phone: phone.stop(), [handset.phone for handset in chosen])
        for handset in chosen:
            handset.start(*options, ahead_s=ahead_s)

    # What is waited for

    def agree(self, among: Iterable[Handset] = (), within_s: float = AGREE_S_MAX) -> float:
        """Wait until phones show one book and all that was acknowledged; the seconds. NotSo."""
        chosen = tuple(among) or self.phones
        took_s = self.until(
            lambda: len({handset.shown() for handset in chosen}) == 1,
            f"{', '.join(handset.name for handset in chosen)} show one book",
            within_s,
        )
        self.agreed_s = max(self.agreed_s, took_s)
        return took_s

    def until(
        self, condition: Callable[[], bool], promise: str, within_s: float = AGREE_S_MAX
    ) -> float:
        """Wait until something is so; the seconds that it took. NotSo."""
        began = time.monotonic()
        if not wait_until(self._asked(condition), within_s, LOOK_S):
            raise NotSo(f"not within {within_s:.0f} s: {promise}. {self.told()}")
        return time.monotonic() - began

    def _asked(self, condition: Callable[[], bool]) -> Callable[[], bool]:
        def asked() -> bool:
            if self.switch.broken is not None:
                raise NotSo(f"the switch broke: {self.switch.broken!r}")
            return condition()

        return asked

    def audit(self) -> None:
        """Compare every book with what was acknowledged; a phone with a fault in its log. NotSo."""
        owed = {
            "contribution": self.acknowledged["contribution"] * SHARE_MINOR,
            "fine": self.acknowledged["fine"] * FINE_MINOR,
        }
        for handset in self.phones:
            book = handset.book()
            shown = {"contribution": _saved(book), "fine": _fined(book)}
            self.require(
                shown == owed, f"{handset.name} shows {shown}, but was owed {owed} (minor units)"
            )
            total = sum(row["balance_minor"] for row in book["accounts"])
            self.require(total == 0, f"the accounts of {handset.name} sum to {total}, not zero")
            self._read_log(handset.name, handset.phone.log())
        self._read_log("the relay", self.relay.program.log_file.read_text("utf-8", "replace"))

    def _read_log(self, name: str, log: str) -> None:
        self.require("Traceback" not in log, f"{name} logged a fault of its own: {log[-3000:]}")

    def require(self, kept: bool, promise: str) -> None:
        """NotSo unless it is kept."""
        if not kept:
            raise NotSo(promise)

    def told(self) -> str:
        """What phones say of themselves, for who must find out why."""
        lines = []
        for handset in self.phones:
            try:
                links = [(one["device"][:8], one["called_by_us"]) for one in handset.links()]
                lines.append(
                    f"{handset.name} shows {handset.shown()[0][:8]}, links {links}, "
                    f"refused {handset.refused()[-5:]}"
                )
            except (NodeError, Off) as error:
                lines.append(f"{handset.name}: {error}")
        return "; ".join(lines)


def _saved(book: dict[str, Any]) -> int:
    """What members brought, from their own rows."""
    return sum(int(one["savings"]) for one in book["members"])


def _fined(book: dict[str, Any]) -> int:
    """Fines that members were told to pay."""
    return sum(int(one["fines_due"]) for one in book["members"])
