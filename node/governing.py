"""The group itself: a new constitution on top of the one in force, its profile, and its state.

A constitution is proposed whole; what it changes is said in words, with the value before and after,
before anybody agrees to it. Amounts are typed as people write them, rates as a percentage.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final, get_args, get_type_hints

from msgspec.structs import asdict, replace

from model import events as e
from model.agreement import agreeing
from model.amendments import Change, changes
from model.decisions import missing
from model.findings import amount_text
from model.money import AmountError, parse_amount
from node import desk
from node.choosing import choice
from node.errors import CommandRefused
from node.recording import Context, Receipt, record

_ENDINGS: Final = ("", "_minor", "_ppm", "_percent")
_PERCENT_DECIMALS: Final = 4  # a percentage of millionths has so many
_TABLES: Final = ("fines", "approvals")
_STATES: Final = ("active", "inactive", "suspended", "pending_verification")


def amended(at: Context, wanted: Sequence[str]) -> e.ConstitutionAdopted:
    """The constitution in force with these rules changed, each as `name=value`."""
    before = desk.terms(at.group.book)
    terms = before
    for one in wanted:
        name, equals, value = one.partition("=")
        if not equals:
            raise CommandRefused(f"“{one}” changes nothing. Write it as name=value.", "not_a_rule")
        terms = _with_rule(at, terms, name.strip(), value.strip())
    if terms == before:
        raise CommandRefused("That is the constitution that is in force.", "nothing_changed")
    return replace(terms, version=before.version + 1, proposal=b"")


def changed(at: Context, terms: e.ConstitutionAdopted) -> list[Change]:
    """What a constitution changes in the one in force."""
    return changes(desk.terms(at.group.book), terms, partial(amount_text, at.group.book))


def _with_rule(
    at: Context, terms: e.ConstitutionAdopted, name: str, value: str
) -> e.ConstitutionAdopted:
    table, _, code = name.partition(".")
    code = code.replace("-", "_")
    if table in _TABLES and code:
        return _with_row(at, terms, table, code, value)
    if table == "loan" and code:
        field, parsed = _parsed(at, terms.loan, code, value)
        return replace(terms, loan=replace(terms.loan, **{field: parsed}))
    field, parsed = _parsed(at, terms, name.replace("-", "_"), value)
    return replace(terms, **{field: parsed})


def _with_row(
    at: Context, terms: e.ConstitutionAdopted, table: str, code: str, value: str
) -> e.ConstitutionAdopted:
    """With a fine or a number of approvals; an empty value takes it out."""
    rows = dict(getattr(terms, table))
    rows.pop(code, None)
    if value:
        rows[code] = desk.amount(at.group, value) if table == "fines" else _whole(value)
    return replace(terms, **{table: rows})


def _parsed(at: Context, rules: Any, name: str, value: str) -> tuple[str, Any]:
    """The field that is meant and its new value."""
    fields = asdict(rules)
    found = [name + ending for ending in _ENDINGS if name + ending in fields]
    found = [field for field in found if field not in ("version", "proposal", "loan", *_TABLES)]
    if not found:
        raise CommandRefused(
            f"The constitution has no rule “{name}”. It has: {', '.join(_names(rules))}.",
            "not_a_rule",
        )
    field, old = found[0], fields[found[0]]
    if isinstance(old, tuple):
        titles = (one.strip() for one in value.split(",") if one.strip())
        return field, tuple(choice(one, get_args(e.Title), "office") for one in titles)
    if isinstance(old, bool):
        return field, choice(value, ("yes", "no"), "answer") == "yes"
    if field.endswith("_minor"):
        return field, desk.amount_or_zero(at.group, value)
    if field.endswith("_ppm"):
        return field, _rate(value)
    if isinstance(old, int):
        return field, _whole(value)
    return field, choice(value, _words(type(rules), field), field.replace("_", " "))


def _names(rules: Any) -> list[str]:
    """Rules as they are typed."""
    names = []
    for field in asdict(rules):
        for ending in _ENDINGS[1:]:
            field = field.removesuffix(ending)
        if field == "loan":
            names.append("loan.RULE")
        elif field in _TABLES:
            names.append(f"{field}.CODE")
        elif field not in ("version", "proposal"):
            names.append(field)
    return names


def _words(rules: type, field: str) -> tuple[str, ...]:
    """The words that a rule may be."""
    return tuple(word for word in get_args(get_type_hints(rules)[field]) if isinstance(word, str))


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise CommandRefused(f"“{text}” is no whole number.", "not_a_number")
    return int(text)


def _rate(text: str) -> int:
    try:
        return parse_amount(text.removesuffix("%").strip(), _PERCENT_DECIMALS)
    except AmountError as error:
        raise CommandRefused(f"“{text}” is no percentage, such as 10 or 2.5.", "rate") from error


def propose_constitution(at: Context, wanted: Sequence[str], reason: str = "") -> Receipt:
    """Ask officers to agree to a constitution; while the group is being founded it is adopted."""
    terms = amended(at, wanted)
    given = record(at, e.ConstitutionProposed(terms, reason), "")
    book, name = at.group.book, given.entries[0].hex()
    left = missing(book, agreeing(book, name))
    if left:
        told = "One more officer must agree" if left == 1 else f"{left} more officers must agree"
        return given._replace(sentence=f"Constitution {terms.version} is proposed. {told}.")
    adopted = record(at, replace(terms, proposal=given.entries[0]), "")
    return adopted._replace(sentence=f"Constitution {terms.version} is in force.")


def set_profile(
    at: Context, name: str, description: str, place: Sequence[str], timezone: str
) -> Receipt:
    """The group's name, description and place; what is not said stays.

    `place`: village, district, county and country, each of them empty where it is not said.
    """
    known = desk.described(at.group.book)
    village, district, county, country = (
        said or (known.place[number] if number < len(known.place) else "")
        for number, said in enumerate(place)
    )
    event = e.GroupDescribed(
        name or known.name, known.currency, known.exponent, known.kind,
        description or known.description, village, district, county, country,
        timezone or known.timezone,
    )  # fmt: skip
    return record(at, event, f"The profile of {event.name} is recorded.")


def set_status(at: Context, status: str, reason: str = "") -> Receipt:
    """The group rests, or works again."""
    word: Any = choice(status, _STATES, "state of a group")
    told = word.replace("_", " ")
    return record(at, e.GroupStatusSet(word, reason), f"The group is now {told}.")


def rules_in_force(at: Context) -> dict[str, Any]:
    """Every rule of the constitution by name; amounts in minor units, rates in millionths."""
    terms = asdict(desk.terms(at.group.book))
    terms["loan"] = asdict(terms["loan"])
    terms["proposal"] = terms["proposal"].hex()
    return terms
