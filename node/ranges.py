"""What a field may hold, in words: a person never reads what a type checker says.

The ranges themselves stand with the types (model/events.py and the requests); nothing is decided
here. Whoever was refused is told which detail it was and what is allowed.
"""

import typing
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import msgspec
from msgspec import inspect

_NAMES: Final[Mapping[str, str]] = {
    "shares_max": "The largest number of shares",
    "social_fund_minor": "The payment into the social fund",
    "social_fund": "The payment into the social fund",
    "interest_ppm": "The interest",
    "rate_ppm": "The interest",
    "interest_percent": "The interest",
    "loan_periods_max": "The longest term of a loan",
    "periods": "The term of a loan",
    "number": "The member's number",
    "member_number": "The member's number",
    "cycle": "The number of the cycle",
    "session": "The number of the meeting",
    "shares": "The number of shares",
    "line": "The number of payments of one kind in a meeting",
    "provider_ref": "The reference",
    "label": "The name of the phone",
    "fines": "A fine",
}
"""Fields whose own name says too little; the others are called as they are."""
_FORMS: Final[Mapping[str, str]] = {
    "a-z0-9_": "must be a word of up to 32 small letters and digits, such as late",
    "a-z0-9_.": "must be a kind of entry, such as loan.waived",
    "01": "must be a time, such as 14:30",
    "A-Z": "must be three capital letters, such as KES",
    "0-9": "must be a day, such as 2026-01-31",
    "0-9a-f": "must be letters and digits as they were shown",
}
"""What a pattern asks for, by the letters that it allows."""
_PPM_OF_ONE_PERCENT: Final = 10_000
_SENTENCE_OF_THE_REST: Final = (
    "One of the details is too long, or names an entry that these books do not have. "
    "Check them and try again."
)


def fault(event: msgspec.Struct) -> str:
    """Which field of an event is out of its range, and what is allowed; a sentence."""
    values = {name: getattr(event, name) for name in event.__struct_fields__}
    return fault_of(type(event), values) or _SENTENCE_OF_THE_REST


def fault_of(kind: type[msgspec.Struct], values: Mapping[str, object]) -> str:
    """The same, of the values that a request was to be made of; "" when each is in its range."""
    for field, wanted in _fields(kind).items():
        if field not in values:
            continue
        value = msgspec.to_builtins(values[field], builtin_types=(bytes,))
        if not _fits(value, wanted):
            described = inspect.type_info(wanted)
            if isinstance(described, inspect.DictType) and isinstance(value, dict) and value:
                return _fault_of_items(field, value, wanted, described)
            return f"{_called(field)} {_allowed(field, described)}."
    return ""


@cache
def _fields(kind: type[msgspec.Struct]) -> dict[str, Any]:
    hints = typing.get_type_hints(kind, include_extras=True)
    return {name: hints[name] for name in kind.__struct_fields__}


def _fits(value: object, wanted: Any) -> bool:
    try:
        msgspec.convert(value, wanted)
    except msgspec.ValidationError:
        return False
    return True


def _fault_of_items(
    field: str, values: dict[Any, Any], wanted: Any, described: inspect.DictType
) -> str:
    """The first key or value that is wrong, where a field holds several by name."""
    for key, value in values.items():
        if _fits({key: value}, wanted):
            continue
        if isinstance(value, int) and _fits({key: 1}, wanted):
            return f"{_called(field)} ({key}) {_allowed(field + '_minor', described.value_type)}."
        return f"The code {_allowed(field, described.key_type)}."
    return f"There are too many {field}: {described.max_length} are allowed."


def _called(field: str) -> str:
    return _NAMES.get(field) or f"The {field.removesuffix('_minor').replace('_', ' ')}"


def _allowed(field: str, wanted: inspect.Type) -> str:
    """What may stand there, after its name."""
    for kind, words in _WORDS.items():
        if isinstance(wanted, kind):
            return words(field, wanted)
    return "is not as it should be"


def _number(field: str, wanted: inspect.IntType) -> str:
    least = wanted.ge if wanted.ge is not None else (wanted.gt or 0) + 1
    most = wanted.le
    if field.endswith("_minor"):
        return "must be more than zero" if least else "must be zero or more"
    if field.endswith("_ppm"):
        most_percent = (most or 0) // _PPM_OF_ONE_PERCENT
        return f"must be from {least // _PPM_OF_ONE_PERCENT} to {most_percent} percent"
    return (
        f"must be from {least:,} to {most:,}" if most is not None else f"must be {least:,} or more"
    )


def _text(field: str, wanted: inspect.StrType) -> str:
    if wanted.pattern is not None:
        letters = wanted.pattern.partition("[")[2].partition("]")[0]
        return _FORMS.get(letters, "is not written as it should be")
    if wanted.min_length:
        return f"must have {wanted.min_length} to {wanted.max_length} letters"
    return f"may have at most {wanted.max_length} letters"


def _choice(field: str, wanted: inspect.LiteralType) -> str:
    words = [str(value).replace("_", " ") for value in wanted.values if value != ""]
    return f"must be one of: {', '.join(words)}"


_WORDS: Final[Mapping[type, Callable[[str, Any], str]]] = {
    inspect.IntType: _number,
    inspect.StrType: _text,
    inspect.LiteralType: _choice,
}
