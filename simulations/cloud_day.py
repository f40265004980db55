"""The week after the market day: the network is gone, a relay is there, and then all phones drown.

What it shows is what a relay is for, played like the market day through real commands in real
processes: phones that can't reach each other meet at a relay that reads nothing, an organisation
sees the totals that officers granted it, and two paper cards bring a group back of which nothing
was left but the relay's disk.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from simulations.phones import START_S_MAX, CommandFailed, Phone, at_once, wait_until

NO_LAN = "--no-lan"
PATIENCE_S = 60.0
READER = "Jirani Trust"
_EVENING = (
    "contribution --member 3 --amount 300",
    "contribution --member 4 --amount 400",
    "fine --member 6 --code late",
)
_ADDRESS = re.compile(rb"https?://[^/\s]+")


class RelayProgram:
    """The relay's own program, with a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log_file = folder.with_suffix(".log")
        self.program: tuple[str, ...] = (sys.executable, "-m", "relay")
        """What is started, before its arguments."""
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> str:
        """Start it; where it answers. Raises CommandFailed."""
        where = ("serve", "--state", str(self.folder), "--port", "0", "--admin-port", "0")
        arguments = (*where, *options)
        with self.log_file.open("wb") as log:
            self._process = subprocess.Popen(
                [*self.program, *arguments],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(lambda: self._said() is not None or not self.running, START_S_MAX)
        found = self._said()
        if found is None:
            raise CommandFailed("The relay", arguments, self.log_file.read_text("utf-8"))
        return found.group().decode()

    @property
    def running(self) -> bool:
        """Whether it is there."""
        return self._process is not None and self._process.poll() is None

    def _said(self) -> re.Match[bytes] | None:
        """The address in its first whole line."""
        first, end, _ = self.log_file.read_bytes().partition(b"\n")
        return _ADDRESS.search(first) if end else None

    def stop(self) -> None:
        """Stop it in good order; kill it when it doesn't obey."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(START_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def kill(self) -> None:
        """Pull its plug."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def everything(self) -> bytes:
        """All that lies on its disk, and all that it logged."""
        return _all_bytes(self.folder) + self.log_file.read_bytes()


class Village(NamedTuple):
    """What the market day left behind."""

    secretary: Phone
    treasurer: Phone
    chairperson: Phone
    cards: tuple[str, str, str]
    """The words of the three paper cards."""
    folder: Path
    days: tuple[str, str]
    """Dates of the next two meetings, ISO."""

    @property
    def officers(self) -> tuple[Phone, Phone, Phone]:
        """The phones that keep the books."""
        return self.secretary, self.treasurer, self.chairperson


class CloudDay:
    """The acts about the relay; `play` says and checks."""

    def __init__(self, play: Any, village: Village) -> None:
        self._play = play
        self._village = village
        self.relay = RelayProgram(village.folder / "relay")
        self.reader = Phone(READER, village.folder / "reader")
        self.rescued = Phone("New phone", village.folder / "rescued")
        self._address = ""

    def perform(self, first: int) -> None:
        """All acts; the first of them has this number."""
        acts = (self.add_a_backup, self.meet_without_a_lan, self.let_a_reader_follow, self.drown)
        for number, act in enumerate(acts, first):
            self._play.say(f"\n{number}. {act.__doc__}")
            act()

    def add_a_backup(self) -> None:
        """The secretary adds a cloud backup at a relay; the other phones hear of it."""
        secretary = self._village.secretary
        self._address = self.relay.start()
        self._say(secretary.facts("cloud", "add", self._address, "--yes")["sentence"])
        secretary.do("record", "meeting", "--date", self._village.days[0])
        self._agree("all phones know of the backup")

    def meet_without_a_lan(self) -> None:
        """The LAN is cut. Each phone records, and reaches nothing but the relay."""
        officers = self._village.officers
        secretary, treasurer, chairperson = officers
        at_once(Phone.stop, officers)
        for phone, what in zip(officers, _EVENING, strict=True):
            said = phone.facts("record", *what.split())
            self._say(f"{phone.name}: {said['sentence']}")
        apart = set(at_once(Phone.digest, officers))
        self._check("without a LAN, the three phones show three different books", len(apart) == 3)
        at_once(lambda phone: phone.start(NO_LAN), officers)
        at_once(_sync, officers)
        self._agree("through the relay all three agree again")
        secretary.do("record", "close")
        self._agree("a meeting's close comes to the others by itself")
        linked = at_once(lambda phone: phone.facts("links")["links"], officers)
        self._check("no phone reached another one", not any(linked))
        treasurer.do("seal", "--sign", "--yes")
        _sync(treasurer)
        self._agree("two officers sealed the meeting through the relay")
        for phone in (secretary, chairperson):
            _sync(phone)
            (backup,) = phone.facts("cloud", "status")["backups"]
            self._say(f"{phone.name}: {backup['sentence']}")

    def let_a_reader_follow(self) -> None:
        """An organisation shows its reader code; two officers grant it totals, and it follows."""
        secretary, treasurer, _ = self._village.officers
        self.reader.do("init", "--name", READER)
        code = self.reader.facts("reader", "code")["code"]
        asked = secretary.facts("readers", "add", code, "--yes")["receipt"]
        _sync(secretary)
        self._agree("the grant is asked for")
        (looked,) = self.reader.facts("follow", self._address)["relays"]
        treasurer.do("approve", asked, "--yes")
        for phone in (treasurer, secretary, treasurer):
            _sync(phone)
        self.reader.do("follow", self._address)
        (line,) = self.reader.facts("portfolio")["groups"]
        self._check("one officer alone lets no organisation read", looked["groups"] == 0)
        members = len(secretary.facts("book")["members"])
        figures = line["figures"] or {}
        self._say(self.reader.do("portfolio"))
        self._check("it sees the sealed meeting's totals", figures.get("members") == members)
        seen = _all_bytes(self.reader.home)
        self._check("no member's name has come to it", _none_of(self._names(), seen))

    def drown(self) -> None:
        """All is deleted but the relay. Three paper cards are left, in three houses."""
        secretary = self._village.secretary
        book, officers, names = secretary.facts("book"), self._officers(secretary), self._names()
        at_once(Phone.stop, self._village.officers)
        self._delete_all_but_the_relay()
        lain = self.relay.everything()
        hidden = bool(names) and _none_of([*names, b"Umoja"], lain)
        self._check("on the relay's disk and in its log lies no name", hidden)
        self.rescued.do("init", "--name", self.rescued.name)
        self._say(self._restored())
        found = self.rescued.facts("book")
        told = [one["name"].encode() for one in found["members"] if one["name"]]
        self._say(f"{'before':<20} {book['digest']}\n{self.rescued.name:<20} {found['digest']}")
        self._check("two cards bring back the very same book", found["digest"] == book["digest"])
        self._check("with all names", sorted(told) == sorted(names))
        self._check("with its officers", self._officers(self.rescued) == officers)
        checked = self.rescued.ask("verify")
        self._say(checked.out)
        self._check("every signature in it holds", checked.code == 0)
        self._go_on()

    def _delete_all_but_the_relay(self) -> None:
        """Every home, those who only read included, with the markers beside them."""
        kept = (self.relay.folder, self.relay.log_file)
        for path in self._village.folder.iterdir():
            if path.is_dir() and path not in kept:
                shutil.rmtree(path)
            elif path not in kept:
                path.unlink()

    def _restored(self) -> str:
        """Type two cards on the new phone; the first and the last that it says."""
        arguments = ("cards", "--restore", "--relay", self._address, "--as", "secretary", "--yes")
        words = "\n".join(self._village.cards[:2])
        answer = self.rescued.ask(*arguments, "--words", "-", given=words)
        if answer.code:
            raise CommandFailed(self.rescued.name, arguments, answer.err or answer.out)
        first, *_, last = answer.out.splitlines()
        return f"{first}\n{last}"

    def _go_on(self) -> None:
        """The next meeting, on the one phone that the group has."""
        phone = self.rescued
        phone.do("record", "meeting", "--date", self._village.days[1])
        said = phone.facts("record", "contribution", "--member", "3", "--amount", "100")
        self._say(f"{phone.name}: {said['sentence']}")
        _sync(phone)
        (backup,) = phone.facts("cloud", "status")["backups"]
        self._say(f"{phone.name}: {backup['sentence']}")
        self._check("the new phone records and backs up", backup["changes_lacking"] == 0)

    # What the acts share

    def _say(self, text: str) -> None:
        self._play.say("\n".join(f"  {line}".rstrip() for line in text.rstrip().splitlines()))

    def _check(self, promise: str, kept: bool) -> None:
        self._play.check(promise, kept)

    def _agree(self, promise: str) -> None:
        self._check(promise, wait_until(self._agreed, PATIENCE_S))

    def _agreed(self) -> bool:
        return len(set(at_once(_shown, self._village.officers))) == 1

    def _names(self) -> list[bytes]:
        members = self._village.secretary.facts("book")["members"]
        return [member["name"].encode() for member in members if member["name"]]

    def _officers(self, phone: Phone) -> list[tuple[str, ...]]:
        """Every officer, as who he or she is and by which name and offices."""
        officers = phone.facts("officers")["officers"]
        return sorted((one["person"], one["called"], *one["offices"]) for one in officers)


def _sync(phone: Phone) -> None:
    phone.do("cloud", "sync")


def _shown(phone: Phone) -> tuple[str, ...]:
    book = phone.facts("book")
    return book["digest"], *book["heads"]


def _all_bytes(folder: Path) -> bytes:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return b"".join(path.read_bytes() for path in files)


def _none_of(words: list[bytes], data: bytes) -> bool:
    return not any(word in data for word in words)
