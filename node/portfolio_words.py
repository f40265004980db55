"""A group of the portfolio in the words of a person: amounts, percentages, and one in detail.

Rule: what is not known is left empty or said, and never looks like a nought.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from model.money import divide, format_amount
from node.cli_screen import counted, paragraph
from node.names import plain

Row = Mapping[str, Any]


def saved(figures: Row) -> int | None:
    """Shares and voluntary savings together."""
    if figures["shares_minor"] is None:
        return None
    return int(figures["shares_minor"]) + int(figures["savings_minor"] or 0)


def amount(money: Row, amount_minor: int | None) -> str:
    """An amount in a group's or a total's currency."""
    if amount_minor is None:
        return "withheld"
    return format_amount(amount_minor, int(money["exponent"]))


def score(figures: Row) -> str:
    """The health score with its band."""
    if figures["score"] is None:
        return "withheld" if figures["withheld"] else ""
    return f"{figures['score']} {figures['band']}"


def percent(ratio: list[int] | None) -> str:
    """A ratio as a percentage with one decimal, rounded half to even; "" where there is none."""
    if not ratio or not ratio[1]:
        return ""
    return format_amount(divide(ratio[0] * 1000, ratio[1], "half_even"), 1)


def in_percent(ratio: list[int] | None) -> str:
    """The same in a sentence."""
    return f"{percent(ratio)} %" if percent(ratio) else "not known"


_STATES: Final = {
    "ended": "the grant ended on {until}. What is shown is what came until then.",
    "stopped": "the officers stopped this device. What is shown is what came until then.",
    "waiting": "this device waits until the officers let it in.",
    "unreadable": "its books on this device are damaged. Join the group again.",
    "empty": "no figures came yet.",
}


def notes(row: Row) -> list[str]:
    """What a table can't say of a group, one sentence each."""
    said = []
    if row["state"] in _STATES:
        said.append(_STATES[row["state"]].format(until=row["until"]))
    if row["needs_update"]:
        said.append("it uses a newer Mkutano. Update Mkutano on this device.")
    if row["stale"]:
        said.append("newer entries are here that are not in its figures yet.")
    if row["dated_ahead"]:
        said.append("some of its entries are dated later than the day of these figures.")
    return [paragraph(f" · {plain(row['name'])}: {one}", "   ") for one in said]


def one_group(row: Row) -> str:
    """Everything about one group of the portfolio."""
    figures = row["figures"]
    parts = [paragraph(f"{plain(row['name'])} ({row['group'][:8]})")]
    if figures is not None:
        parts.append(_lines(_figures(figures)))
        parts.append(_evidence(row["health"], figures))
        parts.append(_findings(figures))
    parts += [_lines(_reading(row)), "\n".join(notes(row))]
    return "\n\n".join(filter(None, parts))


def _lines(sentences: Sequence[str]) -> str:
    return "\n".join(paragraph(one, "   ") for one in sentences)


def _figures(one: Row) -> list[str]:
    """The figures of a group as short sentences."""
    money = f"Amounts in {one['currency']}, at the end of {one['day']}."
    known = one["women"] + one["men"]
    genders = f", {one['women']} women and {one['men']} men" if known else ""
    lines = [
        money,
        f"{counted(one['members'], 'member')}{genders}.",
        f"Shares {amount(one, one['shares_minor'])}, voluntary savings "
        f"{amount(one, one['savings_minor'])}, social fund {amount(one, one['social_minor'])}.",
        f"On loan: {amount(one, one['loans_minor'])} in {counted(one['loans'], 'loan')}; given up "
        f"ever: {amount(one, one['written_off_minor'])}.",
        f"At risk: PAR 0 {in_percent(one['par0'])}, PAR 30 {in_percent(one['par30'])}, PAR 90 "
        f"{in_percent(one['par90'])}.",
        f"Repaid of what fell due: {in_percent(one['repayment'])}.",
        f"Came: {in_percent(one['attendance_last'])} last time, "
        f"{in_percent(one['attendance'])} since {one['first_day']}.",
        _cash(one),
        _met(one),
    ]
    if one["cycle"]:
        lines.append(
            f"Cycle {one['cycle']}, {one['cycle_starts_on']} to {one['cycle_ends_on']}: "
            f"{one['cycle_state']}."
        )
    return lines


def _cash(one: Row) -> str:
    text = f"Cash by the books: {amount(one, one['cash_minor'])}."
    if not one["counted_on"] or one["counted_minor"] is None:
        return f"{text} It was not counted lately."
    off = one["counted_minor"] - one["counted_expected_minor"]
    said = "as the books say"
    if off:
        said = f"{amount(one, abs(off))} {'too much' if off > 0 else 'too little'}"
    return f"{text} Counted on {one['counted_on']}: {amount(one, one['counted_minor'])}, {said}."


def _met(one: Row) -> str:
    if not one["met_on"]:
        return "No meeting was held yet."
    sealed = f"sealed up to {one['sealed_on']}" if one["sealed_on"] else "none is sealed"
    return (
        f"Last meeting: {one['met_on']} ({one['meeting_state']}); {sealed}. Since "
        f"{one['first_day']}: {one['meetings']} held, {one['meetings_closed']} closed, "
        f"{one['meetings_sealed']} sealed."
    )


def _evidence(health: Row | None, figures: Row) -> str:
    if health is None:
        return "Health score: not known here." if not figures["withheld"] else ""
    score = "not rated yet" if health["score"] is None else f"{health['score']} of 100"
    rows = [
        f" · {one['name']}: {one['points']} of {one['weight']}. {one['evidence']} {one['fix']}"
        for one in health["factors"]
    ]
    return _lines([f"Health score: {score}, {health['band']}.", *map(str.rstrip, rows)])


def _findings(figures: Row) -> str:
    found = figures["findings"].items()
    counts = [f"{plain(code).replace('_', ' ')} {count}" for code, count in found]
    if figures["findings_more"]:
        counts.append(f"others {figures['findings_more']}")
    if not counts:
        return "Nothing needs attention."
    return paragraph(f"Needs attention ({figures['tasks']} to do): {', '.join(counts)}.", "   ")


def _reading(row: Row) -> list[str]:
    heard = row["heard"]
    said = "Nothing was heard yet."
    if heard is not None:
        of_whom = "the cloud backup" if heard["way"] == "relay" else "the phone"
        days = counted(heard["days"], "day")
        said = f"Last heard {heard['on']} ({days} ago) from {of_whom} {plain(heard['from'])}."
    until = f", until {row['until']}" if row["until"] else ""
    return [said, f"This device may read: {_SCOPES.get(row['scope'], 'nothing')}{until}."]


_SCOPES: Final = {
    "summary": "the totals of sealed meetings",
    "ledger": "every entry, without names",
    "people": "every entry, with names",
    "write": "everything, and records too",
}
