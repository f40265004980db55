"""Inputs for every kind of reckoning, drawn mostly so that they are taken.

Payments fall near due days and are of the size of instalments, and entries of a journal balance.
`slips` are the same inputs with one value at a bound or past it, or of no known form, so that
refusals are kept as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias, get_args, get_origin

from model.accounts import ACCOUNTS, RETAINED_SURPLUS
from model.days import add_days
from model.journal_entry import JournalEntry, Line
from model.reckoning import loan_ratios, ratios
from model.reckoning.allocation import Due
from model.reckoning.happenings import Happening, Reschedule
from model.reckoning.rotation import Paid
from model.reckoning.schedules import schedule
from model.reckoning.terms import LoanTerms, TermsError
from simulations.drawn_pages import NAMES, Pages, edges, fields, is_page
from simulations.drawn_terms import TOGETHER
from simulations.reckoned_cases import RECKONED

Given: TypeAlias = dict[str, Any]
"""A case's inputs by name."""


class Draw(Pages):
    """Draws whole cases."""

    def case(self, kind: str) -> Given:
        """The inputs of a kind of case."""
        given = {name: self.value(hint, name) for name, hint in fields(RECKONED[kind]).items()}
        return _CASES[kind](self, given) if kind in _CASES else given

    def together(self, page: Any) -> Any:
        """The page, with what belongs together brought together."""
        kind = type(page)
        return TOGETHER[kind](self, page) if kind in TOGETHER else page


def _numbered(draw: Pages, pages: tuple[Any, ...]) -> tuple[Any, ...]:
    """Members by number, each once, in any order."""
    if draw.chance.random() < 0.05:
        return pages
    numbers = draw.chance.sample(range(1, 20), len(pages))
    return tuple(page._replace(number=number) for page, number in zip(pages, numbers, strict=True))


def _loan(draw: Pages, given: Given) -> Given:
    terms, pick = given["terms"], draw.chance.choice
    each = terms.principal_minor // max(1, terms.periods)
    sums = (1, each // 2, each, each + each // 10, 2 * each, terms.principal_minor)
    return given | {"paid": tuple(pick(sums) for _ in given["paid"]), "on": _on(draw, terms)}


def _on(draw: Pages, terms: LoanTerms) -> str:
    """A day near a due day of the loan."""
    try:
        days = [row.due_on for row in schedule(terms).instalments]
    except TermsError:
        return draw.day()
    day = draw.chance.choice(days) or terms.disbursed_on or draw.day()
    return add_days(day, draw.chance.choice((-20, -3, -1, 0, 0, 1, 2, 5, 31, 40, 95)))


def _history(draw: Pages, given: Given) -> Given:
    terms, pick = given["terms"], draw.chance.choice
    if draw.chance.random() < 0.95:
        while not _has_schedule(terms):
            terms = draw.page(LoanTerms)
    more, hint = pick((0, 1, 2)), fields(RECKONED["history"])["happenings"]
    happened = [given["happenings"], *(draw.value(hint) for _ in range(more))]
    facts = [_placed(draw, terms, fact) for some in happened for fact in some]
    days = sorted(_on(draw, terms) for _ in range(2))
    last = add_days(days[-1], draw.chance.choice((0, 10, 300)))
    return given | {
        "terms": terms, "happenings": tuple(facts), "days": (*days, last),
        "strict": draw.chance.random() < 0.3,
    }  # fmt: skip


def _has_schedule(terms: LoanTerms) -> bool:
    try:
        return bool(terms.disbursed_on and schedule(terms))
    except TermsError:
        return False


def _placed(draw: Pages, terms: LoanTerms, fact: Happening) -> Happening:
    """A happening on a day and of an amount that mean something to the loan."""
    on, each = _on(draw, terms), terms.principal_minor // terms.periods
    if isinstance(fact, Reschedule):
        day = draw.chance.choice(("", "", draw.after(on, 20)))
        new = fact.terms._replace(disbursed_on=day, due=fact.terms.due._replace(first_due_on=""))
        return fact._replace(on=on, terms=new, name="")
    part = draw.chance.choice((1, each // 3, each, each, each * 11 // 10, 2 * each, 0))
    if draw.chance.random() < 0.1:
        part = terms.principal_minor * 2
    return fact._replace(on=on, amount_minor=part, name=draw.chance.choice(("", "", "", "Ann")))


def _calendar(draw: Pages, given: Given) -> Given:
    start = given["disbursed_on"]
    day = draw.chance.choice(("", start, draw.after(start, 70)))
    seed = draw.chance.choice(("", given["due"].seed_on))
    return given | {"due": given["due"]._replace(first_due_on=day, seed_on=seed)}


def _pouring(draw: Pages, given: Given) -> Given:
    days = sorted(draw.day() for _ in given["dues"])
    dues = [due._replace(number=n, due_on=day) for n, (due, day) in _pairs(given["dues"], days)]
    on = draw.chance.choice((given["on"], *days))
    return given | {"dues": tuple(dues), "on": on}


def _pairs(pages: tuple[Due, ...], days: list[str]) -> Iterator[tuple[int, tuple[Due, str]]]:
    return enumerate(zip(pages, days, strict=True), 1)


def _portfolio(draw: Pages, given: Given) -> Given:
    def owing(loan: Any) -> Any:
        late = sum(part.principal_minor for part in loan.late)
        left = late + draw.chance.choice((0, 1_000, 77))
        return loan._replace(principal_outstanding_minor=left, outstanding_minor=left + 10)

    bounds = tuple(sorted(set(given["bounds"])))
    return given | {"loans": tuple(map(owing, given["loans"])), "bounds": bounds}


def _savers(name: str) -> Callable[[Pages, Given], Given]:
    return lambda draw, given: given | {name: _numbered(draw, given[name])}


def _interest(draw: Pages, given: Given) -> Given:
    start, end = sorted((given["start"], given["end"]))
    several = (*given["deposits"], *(draw.page(type(each)) for each in given["deposits"]))
    signed = (
        each._replace(amount_minor=-each.amount_minor // 3) if draw.chance.random() < 0.2 else each
        for each in several
    )
    return given | {"start": start, "end": end, "deposits": tuple(signed)}


def _turns(draw: Pages, given: Given) -> Given:
    rotation, held = given["rotation"], given["rounds_held"]
    due = rotation.contribution_minor
    paid = [
        Paid(number, member, draw.chance.choice((due, due, due, due // 2, 0)))
        for number in range(1, held + 1)
        for member in rotation.order
        if draw.chance.random() < 0.8
    ]
    draw.chance.shuffle(paid)
    return given | {"paid": tuple(paid[:12])}


def _bids(draw: Pages, given: Given) -> Given:
    auction, pick = given["auction"], draw.chance.choice
    slots, most = range(len(auction.slots)), auction.pot_minor * auction.discount_ppm_max // 10**6
    bids = {slot: pick((most, most, most // 2, auction.fee_minor, 0)) for slot in slots}
    had = tuple(draw.chance.sample(slots, pick((0, 0, 1, len(slots) - 1))))
    waiting = [(slot, bid) for slot, bid in bids.items() if slot not in had]
    return given | {"bids": tuple(waiting), "had_pot": had}


def _slots(draw: Pages, given: Given) -> Given:
    names = draw.chance.sample(NAMES, draw.chance.randint(1, 4))
    return given | {"slots": tuple((name, draw.chance.randint(1, 3)) for name in names)}


_RATIOS: Final = sorted(
    name
    for module in (ratios, loan_ratios)
    for name, member in vars(module).items()
    if callable(member) and getattr(member, "__module__", "") == module.__name__
    if not is_page(member) and not name.startswith("_") and name != "age_bands"
)


def _ratio(draw: Pages, given: Given) -> Given:
    figures = sorted(draw.chance.choice((0, 3, 4, 7, 30, 90, 1_000)) for _ in range(5))
    if draw.chance.random() < 0.3:
        draw.chance.shuffle(figures)
    return given | {"name": draw.chance.choice(_RATIOS), "figures": tuple(figures)}


def _journal(draw: Pages, given: Given) -> Given:
    """Entries that balance, of accounts that meet often; some of them close a cycle."""
    pick, entries = draw.chance.choice, []
    often = draw.chance.sample(sorted(ACCOUNTS), 8)
    results = [code for code in ACCOUNTS if code[0] in "45"]
    count = pick((1, 3, 8))
    for number in range(count):
        closing = number == 7
        codes = draw.chance.sample(results if closing else often, pick((1, 2, 2)))
        lines = [Line(code, pick((*NAMES, None, "")), pick((100, -250, 7))) for code in codes]
        other = RETAINED_SURPLUS if closing else pick(often)
        lines.append(Line(other, pick(NAMES[:2]), -sum(line.amount_minor for line in lines)))
        entries.append(JournalEntry(f"E{number}", draw.day(), "", "", tuple(lines)))
    first, last = sorted((given["first_day"], given["last_day"]))
    kept = [(pick(often), tuple((name, pick((100, 7, 0))) for name in NAMES[:2])) for _ in range(2)]
    return given | {
        "entries": tuple(entries), "first_day": first, "last_day": last, "kept": tuple(kept),
        "account_code": pick((*often, "9999")),
    }  # fmt: skip


_CASES: Final[dict[str, Callable[[Pages, Given], Given]]] = {
    "loan": _loan, "history": _history, "calendar": _calendar, "pouring": _pouring,
    "portfolio": _portfolio,
    "sharing_out": _savers("savers"), "dividends": _savers("holdings"),
    "interest_and_time": _interest, "rotation": _turns, "auction": _bids, "drawing": _slots,
    "group_ratio": _ratio, "statements": _journal,
}  # fmt: skip


# One value wrong, or at its bound.


def slips(kind: str, given: Given) -> Iterator[tuple[str, Given]]:
    """The same inputs with one value at a bound, past it or of no known form, each named."""
    for name, hint in fields(RECKONED[kind]).items():
        for where, one, put in _leaves(hint, name, given[name], kind):
            for edge in edges(one, where.rpartition(".")[2]):
                yield f"{where} {edge}", given | {name: put(edge)}


def _leaves(
    hint: Any, name: str, value: Any, owner: str
) -> Iterator[tuple[str, Any, Callable[[Any], Any]]]:
    """Each single value in a value: where it stands, its type, and how to put another there."""
    if is_page(type(value)):
        inside = type(value).__name__
        inside = f"{owner}.{inside}" if inside == "Rate" else inside
        for field, kind in fields(type(value)).items():
            for where, one, put in _leaves(kind, field, getattr(value, field), inside):
                yield where, one, _put_field(value, field, put)
    elif isinstance(value, tuple) and get_origin(hint) is tuple:
        args = get_args(hint)
        for place, each in enumerate(value):
            one_hint = args[0] if args[-1] is ... else args[place]
            for where, one, put in _leaves(one_hint, name, each, owner):
                yield where, one, _put_place(value, place, put)
    elif get_origin(hint) not in (None, Any) and int in get_args(hint) and value is not None:
        yield f"{owner}.{name}", int, lambda edge: edge
    else:
        yield f"{owner}.{name}", hint, lambda edge: edge


def _put_field(page: Any, field: str, put: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda edge: page._replace(**{field: put(edge)})


def _put_place(row: tuple[Any, ...], place: int, put: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda edge: (*row[:place], put(edge), *row[place + 1 :])
