"""Three phones, one ledger: a season, a market day with the network cut, a relay, and the flood.

Played through the real command in real processes, each with a home of its own; nothing here looks
inside a phone. Every promise that the play makes is checked by what the phones answer, and one
that does not hold makes the whole play fail.

    python -m simulations.demo [--json]
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import click

from simulations.cloud_day import CloudDay, Village
from simulations.phones import CommandFailed, Phone, at_once, wait_until
from simulations.season import MEETINGS, MEMBERS, SHEET
from simulations.village import FINES_MINOR, FIRST_DAY, INTEREST_PPM, WEEK

DISCOVERY_S_MAX = 12.0
AGREEMENT_S_MAX = 30.0
MARKET_DAY = FIRST_DAY + MEETINGS * WEEK
SHARE_VALUE, SOCIAL = "100", "50"

Say = Callable[[str], None]
Facts = dict[str, Any]


class Cast(NamedTuple):
    """Who plays."""

    secretary: Phone
    treasurer: Phone
    chairperson: Phone
    visitor: Phone
    """An NGO's laptop: may read, may not write."""

    @property
    def officers(self) -> tuple[Phone, Phone, Phone]:
        """The three phones that keep the books."""
        return self.secretary, self.treasurer, self.chairperson


class Play:
    """One performance; `facts` grows as it goes."""

    def __init__(self, folder: Path, say: Say, options: tuple[str, ...] = ()) -> None:
        """`options` are given to every `mkutano run`."""
        self.say = say
        self.folder = folder
        self._options = options
        self.cast = Cast(
            Phone("Secretary's phone", folder / "secretary"),
            Phone("Treasurer's phone", folder / "treasurer"),
            Phone("Chairperson's phone", folder / "chairperson"),
            Phone("NGO's laptop", folder / "visitor"),
        )
        self.facts: Facts = {"checks": {}, "found_by": []}
        self._names: dict[str, str] = {}
        self._cards: tuple[str, ...] = ()
        self._traffic: dict[tuple[str, str], Facts] = {}

    def check(self, promise: str, kept: bool) -> None:
        """Note whether a promise was kept."""
        self.facts["checks"][promise] = kept
        if not kept:
            self.say(f"  NOT SO: {promise}")

    # The acts, in their order

    def perform(self) -> None:
        """All acts."""
        started = time.monotonic()
        acts = (
            self.found_and_enrol,
            self.import_the_season,
            self.meet_on_the_lan,
            self.record_apart,
            self.come_together,
            self.show_the_books,
            self.turn_away_the_visitor,
            self.withstand_the_thief,
            self.verify,
        )
        for number, act in enumerate(acts, 1):
            self.say(f"\n{number}. {act.__doc__}")
            act()
        self._play_cloud_day(len(acts) + 1)
        self.facts["seconds"] = round(time.monotonic() - started, 1)
        self.facts["ok"] = all(self.facts["checks"].values())

    def _play_cloud_day(self, number: int) -> None:
        """What a relay is for, in the acts from this number on."""
        first, second, third = self._cards
        days = (MARKET_DAY + WEEK).isoformat(), (MARKET_DAY + 2 * WEEK).isoformat()
        village = Village(*self.cast.officers, (first, second, third), self.folder, days)
        with ExitStack() as stack:
            day = CloudDay(self, village)
            stack.callback(day.relay.stop)
            day.perform(number)

    def found_and_enrol(self) -> None:
        """The secretary founds Umoja and invites the other two officers' phones."""
        secretary = self.cast.secretary
        at_once(lambda phone: phone.do("init", "--name", phone.name), self.cast)
        fines = [f"--fine={code}={minor // 100}" for code, minor in FINES_MINOR.items()]
        interest = str(INTEREST_PPM // 10_000)
        terms = ["--share-value", SHARE_VALUE, "--social-fund", SOCIAL, "--interest", interest]
        founded = secretary.facts("found", "Umoja", "--currency", "KES", *terms, *fines)
        self.facts["group"] = founded["group"]
        self._cards = tuple(" ".join(card["words"]) for card in founded["cards"])
        self.say(f"  group {founded['group']}")
        secretary.start(*self._options)
        for phone in (self.cast.treasurer, self.cast.chairperson):
            invitation = secretary.facts("invite")["uri"]
            moved = phone.facts("join", invitation, "--yes")
            self.say(f"  {phone.name} joined by invitation in {moved['milliseconds']} ms")
        spent = self.cast.visitor.ask("join", invitation, "--yes")
        self.check("an invitation works once", spent.code != 0)

    def import_the_season(self) -> None:
        """A season of passbook sheets is taken over, and the officers are elected."""
        secretary = self.cast.secretary
        imported = secretary.facts("import", str(SHEET))
        twice = secretary.facts("import", str(SHEET))
        self.say(f"  {imported['rows']} rows became {imported['added']} entries")
        self.check("the same sheet a second time adds nothing", twice["added"] == 0)
        for title, member in (("treasurer", 2), ("chairperson", 3)):
            device = f"{title.title()}'s phone"
            elected = ("--title", title, "--device", device, "--member", str(member))
            secretary.do("record", "officer", *elected)
        members = secretary.facts("book")["members"]
        self.check(f"the group has {MEMBERS} members", len(members) == MEMBERS)
        self.facts["imported"] = imported

    def meet_on_the_lan(self) -> None:
        """The other two phones are turned on and find the secretary's by themselves."""
        self.cast.treasurer.start(*self._options)
        self.cast.chairperson.start(*self._options)
        self.cast.secretary.do("record", "meeting", "--date", MARKET_DAY.isoformat())
        self.check("all three agree before the market day", self._await_agreement())
        self.facts["digest_before"] = self.cast.secretary.digest()
        self.say(f"  all three show digest {self.facts['digest_before'][:16]}")

    def record_apart(self) -> None:
        """Market day: no network. Each phone records for itself, and people make mistakes."""
        at_once(Phone.stop, self.cast.officers)
        secretary, treasurer, chairperson = self.cast.officers
        borrower = str(self._borrower())
        self._record(secretary, "contribution", "--member", "7", "--amount", "500")
        self._record(treasurer, "contribution", "--member", "7", "--amount", "500")
        self._record(secretary, "contribution", "--member", "11", "--amount", "300")
        self._record(treasurer, "contribution", "--member", "11", "--amount", "500")
        paid = ("--member", borrower, "--amount", "200", "--channel", "mobile")
        self._record(secretary, "repayment", *paid, "--reference", "TD41MKT7Q0")
        self._record(treasurer, "repayment", *paid, "--reference", "TD41MKT7Q0")
        self._record(chairperson, "fine", "--member", "5", "--code", "late")
        self._record(secretary, "close")
        self._record(treasurer, "contribution", "--member", "12", "--amount", "400")
        digests = set(at_once(Phone.digest, self.cast.officers))
        self.check("apart, the three phones show three different books", len(digests) == 3)

    def come_together(self) -> None:
        """The network is back: the phones find each other and exchange what is new."""
        officers = self.cast.officers
        before = at_once(self._changes, officers)
        at_once(lambda phone: phone.start(*self._options), officers)
        began = time.monotonic()
        self.check("all three agree after the market day", self._await_agreement())
        agreed_ms = round((time.monotonic() - began) * 1000)
        for phone, now, had in zip(officers, at_once(self._changes, officers), before, strict=True):
            new = now - had
            self.say(f"  {phone.name} received {new} changes")
            self.check(f"{phone.name} received what it lacked", new > 0)
        links = [{"phone": a, "with": b, **link} for (a, b), link in self._traffic.items()]
        for one in links:
            self.say(
                f"  {one['phone']} and {one['with']}: {one['changes_sent']} changes there, "
                f"{one['changes_received']} back, "
                f"{one['bytes_sent'] + one['bytes_received']:,} encrypted bytes"
            )
        self.say(f"  in step {agreed_ms:,} ms after the last phone was turned on")
        self.facts["moved"] = {"agreed_ms": agreed_ms, "links": links}

    def show_the_books(self) -> None:
        """What every phone shows now."""
        officers = self.cast.officers
        books = at_once(lambda phone: phone.facts("book"), officers)
        statuses = at_once(lambda phone: phone.facts("status"), officers)
        names, book = [phone.name for phone in officers], books[0]
        self.facts |= {
            "digests": [one["digest"] for one in books],
            "accounts": book["accounts"],
            "members": book["members"],
            "loans": self.cast.secretary.facts("loans")["loans"],
            "findings": book["findings"],
            "holders": {name: one["sentence"] for name, one in zip(names, statuses, strict=True)},
        }
        for one in book["accounts"]:
            owed = one["kind"] not in ("asset", "expense")
            amount = (-1 if owed else 1) * one["balance_minor"] / 100
            self.say(f"  {one['kind']:<10} {one['name']:<24} {amount:>12,.2f}")
        self.say("")
        self.say(_indented(self.cast.secretary.do("loans")))
        self.say("\n" + _indented(self.cast.treasurer.do("findings")))
        self.say("")
        for name, sentence in self.facts["holders"].items():
            self.say(f"  {name}: {sentence}")
        self.say("")
        for phone, digest in zip(self.cast.officers, self.facts["digests"], strict=True):
            self.say(f"  {phone.name:<20} {digest}")
        self._check_the_books(book)

    def turn_away_the_visitor(self) -> None:
        """An NGO's laptop gets a read-only invitation, and tries to write."""
        visitor, secretary = self.cast.visitor, self.cast.secretary
        visitor.do("join", secretary.facts("invite", "--read-only")["uri"], "--yes")
        self._await_agreement()
        (asked,) = self.cast.treasurer.facts("propose", "--list")["proposals"]
        self.check("the founder lets nobody in alone any more", asked["missing"] == 1)
        self.cast.treasurer.do("approve", asked["code"], "--yes")
        self._await_agreement()
        visitor.do("sync", secretary.address)
        book = visitor.facts("book")
        self.check("the laptop reads the same book", book["digest"] == secretary.digest())
        named = [member["name"] for member in book["members"] if member["name"]]
        self.check("the laptop sees no names, only numbers", not named)
        next_day = (MARKET_DAY + WEEK).isoformat()
        refused = visitor.ask("record", "meeting", "--date", next_day, "--anyway")
        self.facts["visitor"] = refused.err.strip()
        self.say(f"  it reads balances, no names. Recording: {self.facts['visitor']}")
        unchanged = visitor.digest() == book["digest"]
        self.check("the laptop can't write", refused.code != 0 and unchanged)

    def withstand_the_thief(self) -> None:
        """A thief takes that laptop's key and attacks the secretary's phone with it."""
        secretary, visitor = self.cast.secretary, self.cast.visitor
        before = at_once(Phone.digest, self.cast.officers)
        command = [sys.executable, "-m", "simulations.hostile", "--home", str(visitor.home)]
        attacked = subprocess.run(
            [*command, secretary.address], capture_output=True, check=True, timeout=240
        )
        attacks = json.loads(attacked.stdout)
        for one in attacks:
            self.say(f"  {one['attack']:<52} {one['answer'] or 'NO ANSWER'}")
        self.facts["attacks"] = attacks
        self.check("every attack was refused", all(one["answer"] for one in attacks))
        self.check("the attacked phone still runs", secretary.running)
        after = at_once(Phone.digest, self.cast.officers)
        self.check("nothing was touched", before == after)

    def verify(self) -> None:
        """Every phone derives its books again from the signed changes, and compares."""
        done = at_once(lambda phone: phone.ask("verify"), self.cast.officers)
        for phone, verified in zip(self.cast.officers, done, strict=True):
            self.say(f"  {phone.name}: {verified.out.strip()}")
            self.check(f"{phone.name} finds its books as they were signed", verified.code == 0)

    # What the acts share

    def _record(self, phone: Phone, *what: str) -> None:
        recorded = phone.facts("record", *what)
        self.say(f"  {phone.name}: {recorded['sentence']}")

    def _borrower(self) -> int:
        """The member number of somebody who owes a loan of more than what will be repaid."""
        secretary = self.cast.secretary
        numbers = {one["id"]: one["number"] for one in secretary.facts("book")["members"]}
        loans = secretary.facts("loans")["loans"]
        largest = max(loans, key=lambda loan: int(loan["principal_outstanding_minor"]))
        return int(numbers[largest["member"]])

    def _changes(self, phone: Phone) -> int:
        return int(phone.facts("status")["changes"])

    def _await_agreement(self) -> bool:
        """Wait until all three show one digest and nothing is on one phone only.

        Where they don't find each other by themselves, they are given addresses, and that is said.
        """
        self._traffic.clear()
        by_hand = "addresses by hand" in self.facts["found_by"]
        if not by_hand and wait_until(self._agreed, DISCOVERY_S_MAX):
            self.facts["found_by"].append("zeroconf")
            self.say("  found by zeroconf, on this machine's loopback network")
            return True
        self.facts["found_by"].append("addresses by hand")
        self.say("  this network carries no multicast: the addresses are given by hand")
        for phone in (self.cast.treasurer, self.cast.chairperson, self.cast.treasurer):
            phone.do("sync", self.cast.secretary.address)
        return wait_until(self._agreed, AGREEMENT_S_MAX)

    def _agreed(self) -> bool:
        self._watch_traffic()
        books = at_once(lambda phone: phone.facts("book"), self.cast.officers)
        if len({(book["digest"], *book["heads"]) for book in books}) > 1:
            return False
        statuses = at_once(lambda phone: phone.facts("status"), self.cast.officers)
        return not any(status["only_here_changes"] for status in statuses)

    def _watch_traffic(self) -> None:
        """Note what moved between each two phones so far; a link that is replaced starts anew."""
        secretary, treasurer, chairperson = self.cast.officers
        if not self._names:
            devices = secretary.facts("devices")["devices"]
            self._names = {one["device"]: one["name"] for one in devices}
        for phone, others in ((secretary, (treasurer, chairperson)), (treasurer, (chairperson,))):
            for link in phone.facts("links")["links"]:
                other = self._names.get(link["device"])
                if other in [one.name for one in others]:
                    known = self._traffic.get((phone.name, other))
                    if known is None or known["bytes_sent"] <= link["bytes_sent"]:
                        self._traffic[phone.name, other] = link

    def _check_the_books(self, book: Facts) -> None:
        codes = {finding["code"] for finding in book["findings"]}
        self.facts["finding_codes"] = sorted(codes)
        self.check("three digests are one", len(set(self.facts["digests"])) == 1)
        self.check("accounts sum to zero", sum(a["balance_minor"] for a in book["accounts"]) == 0)
        for code in ("corroborated", "disputed_amount", "late_entry"):
            self.check(f"the books say: {code.replace('_', ' ')}", code in codes)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in text.rstrip().splitlines())


def play(say: Say | None = None, options: tuple[str, ...] = ()) -> Facts:
    """Play everything; what happened, with `ok` false when anything disagrees.

    `say` gets lines for people as they happen; `options` go to every `mkutano run`. Raises
    CommandFailed when a phone can't go on.
    """
    with TemporaryDirectory(prefix="mkutano-demo-") as name, ExitStack() as stack:
        performance = Play(Path(name), say or (lambda _line: None), options)
        for phone in performance.cast:
            stack.callback(phone.stop)
        performance.perform()
        facts = performance.facts
        performance.say(f"\n{_verdict(facts)}")
        return facts


def _verdict(facts: Facts) -> str:
    kept = sum(facts["checks"].values())
    total = len(facts["checks"])
    end = "All is well." if facts["ok"] else "SOMETHING IS WRONG."
    return f"{kept} of {total} promises kept in {facts['seconds']} seconds. {end}"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="The facts, for a machine.")
def main(as_json: bool) -> None:
    """Play the demo."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # stops the phones on the way out
    try:
        facts = play(None if as_json else click.echo)
    except KeyboardInterrupt:
        click.echo("Stopped. The phones of the play are off.", err=True)
        sys.exit(130)
    except CommandFailed as error:
        click.echo(f"The play can't go on. {error}", err=True)
        sys.exit(1)
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
    sys.exit(not facts["ok"])


if __name__ == "__main__":
    main()
