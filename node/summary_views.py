"""What signed summaries come to: the newest that officers stand behind, what changed, what alarms.

A summary counts when two officers' phones signed the same (one, where a group has a single one); as
long as only one did, it is shown as waiting. Officers are counted by the lists that they signed
themselves at the relay, so that two phones of one person are one. Two different contents for one
close are an alarm: of equal entries every phone makes the same.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from model.findings import Finding
from model.reports.indicator_shape import Indicators, IndicatorsError, to_plain
from node.database import Database
from node.names import KEY_LETTERS
from node.node import Group
from node.relay_places import Place
from node.relay_store import RelayStore
from node.summary_store import Fault, Stored, SummaryStore
from relay.facts import Access

OFFICERS_MIN: Final = 2
CHANGES_TOLD_MAX: Final = 8
FAULTS_TOLD_MAX: Final = 8

FAULTS: Final = {
    "bad_summary": "{phone} sent a summary that can't be read. It was not taken. Its owner should "
    "update Mkutano there; if nobody knows why, let the officers look at that phone.",
    "bad_signature": "{phone} sent a summary under a signature that does not match. It was not "
    "taken. Let the officers look at that phone.",
    "other_group": "{phone} sent another group's summary as this group's. It was not taken. Let "
    "the officers look at that phone.",
    "other_signer": "{phone} sent a summary that another phone had signed. It was not taken. Let "
    "the officers look at that phone.",
    "too_many": "{phone} sends far more summaries than there are meetings. The rest is not taken. "
    "If nobody knows why, let the officers suspend that phone.",
    "not_opened": "{phone} sent a summary that was altered, or sealed for another place. It was "
    "not taken.",
    "update": "{phone} sends summaries with a later version of Mkutano. Update Mkutano here.",
}
"""Code of what was not taken -> what is told of it."""


class Signing(NamedTuple):
    """One summary, and who stands behind it."""

    stored: Stored
    officers: int
    """Officers who signed exactly this, the most of any list that was in force meanwhile."""
    former: int
    """Phones that signed it and have left the group since, or had then."""


class Alarm(NamedTuple):
    """Phones of one group that signed different figures for one close, or for one revision."""

    cycle: int
    session: int
    signed: tuple[tuple[str, ...], ...]
    """First letters of the keys, for each different content."""
    versions_differ: bool
    """Whether those phones reckon by different versions of the rules."""


class Standing(NamedTuple):
    """What is known of a group by its summaries."""

    newest: Signing | None
    """The newest that enough officers signed."""
    waiting: Signing | None
    """A newer one that one officer's phone alone has signed so far."""
    trusted: tuple[Stored, ...]
    """All that enough officers signed, by meeting and revision."""
    alarms: tuple[Alarm, ...]
    needed: int
    """Officers who must have signed alike."""


def standing(rows: Sequence[Stored], access: Access | None) -> Standing:
    """What a group's summaries come to; `access`: the list in force of their mailbox."""
    needed = min(OFFICERS_MIN, len(access.writers)) if access is not None else OFFICERS_MIN
    every = [_signing(one, access) for one in rows]
    enough = [one for one in every if one.officers >= needed]
    newest = enough[-1] if enough else None
    last = every[-1] if every else None
    is_waiting = last is not None and (
        newest is None or last.stored.summary.key > newest.stored.summary.key
    )
    trusted = tuple(one.stored for one in enough)
    alarms = tuple(_alarms(rows, trusted, access))
    return Standing(newest, last if is_waiting else None, trusted, alarms, needed)


def _signing(one: Stored, access: Access | None) -> Signing:
    known = [key for key in one.signers if access is not None and access.may_write(key)]
    return Signing(one, one.officers, len(one.signers) - len(known))


def _alarms(
    rows: Sequence[Stored], trusted: Sequence[Stored], access: Access | None
) -> Iterator[Alarm]:
    """What officers' phones of now signed differently; not of a close that a newer one replaced."""
    replaced = {one.summary.key[:2]: one.summary.revision for one in trusted}
    by_key: dict[tuple[int, int, int], list[Stored]] = {}
    for one in rows:
        cycle, session, revision = one.summary.key
        is_old = revision < replaced.get((cycle, session), 0)
        if not is_old and any(access is not None and access.may_write(key) for key in one.signers):
            by_key.setdefault(one.summary.key, []).append(one)
    for (cycle, session, _), different in sorted(by_key.items(), reverse=True):
        if len(different) > 1:
            yield Alarm(
                cycle,
                session,
                tuple(tuple(_letters(device) for device in one.signers) for one in different),
                len({one.summary.rules for one in different}) > 1,
            )


def _letters(device: bytes) -> str:
    return device.hex()[:KEY_LETTERS]


def corrections(rows: Sequence[Stored]) -> list[dict[str, Any]]:
    """What a newer close of a meeting says otherwise than the one before it, figure by figure.

    `rows`: summaries that enough officers signed, in their order.
    """
    found = []
    for one, other in pairwise(rows):
        before, after = one.summary, other.summary
        if before.key[:2] == after.key[:2] and before.revision < after.revision:
            changes = _changes(one, other)
            found.append(
                {
                    "cycle": after.cycle,
                    "session": after.session,
                    "revision": after.revision,
                    "changes": changes[:CHANGES_TOLD_MAX],
                    "more": max(0, len(changes) - CHANGES_TOLD_MAX),
                }
            )
    return found


def _changes(one: Stored, other: Stored) -> list[dict[str, Any]]:
    before, after = _figures(one), _figures(other)
    names = sorted({*before, *after} - {"findings", "health_facts", "version"})
    return [
        {"figure": name, "before": before.get(name), "after": after.get(name)}
        for name in names
        if before.get(name) != after.get(name)
    ]


def _figures(one: Stored) -> dict[str, Any]:
    try:
        return to_plain(one.summary.indicators())
    except IndicatorsError:
        return {}


# In words


def signed_by(one: Signing) -> str:
    """Who stands behind a summary, in a sentence."""
    officers = f"{one.officers} officer{'s' * (one.officers != 1)}"
    if not one.former:
        return f"Signed alike on the phones of {officers}."
    left = "1 phone that has" if one.former == 1 else f"{one.former} phones that have"
    return f"Signed alike on the phones of {officers}, and by {left} left the group."


def alarm_sentence(group_name: str, one: Alarm) -> str:
    """Phones that signed different totals, and what to do."""
    told = " against ".join(" and ".join(letters) for letters in one.signed)
    what = (
        f"Phones of {group_name} signed different totals for meeting {one.session} of cycle "
        f"{one.cycle}: {told} (first letters of their keys)."
    )
    if one.versions_differ:
        return f"{what} They use different versions of Mkutano: let the officers update them."
    return (
        f"{what} Don't rely on that meeting's figures. Ask the officers: one of the phones may be "
        "altered or in wrong hands (there: mkutano seal --verify)."
    )


def correction_sentence(one: dict[str, Any], indicators: Indicators) -> str:
    """What became of a meeting that was closed anew."""
    told = [
        f"{row['figure'].removesuffix('_minor').replace('_', ' ')} "
        f"{_shown(indicators, row['figure'], row['before'])} → "
        f"{_shown(indicators, row['figure'], row['after'])}"
        for row in one["changes"]
    ]
    more = f" and {one['more']} more figures" if one["more"] else ""
    what = f"{', '.join(told)}{more}" if told else "no figure here is another one"
    return (
        f"Officers opened meeting {one['session']} of cycle {one['cycle']} again and closed it "
        f"anew: {what}."
    )


def _shown(indicators: Indicators, figure: str, value: object) -> str:
    if value is None:
        return "nothing"
    if figure.endswith("_minor") and type(value) is int:
        return indicators.amount(value)
    return str(value)


def fault_sentences(faults: Sequence[Fault]) -> list[str]:
    """What was not taken, in words; phones by the first letters of their keys."""
    return [
        FAULTS.get(one.code, FAULTS["bad_summary"]).format(phone=f"Phone {_letters(one.device)}")
        for one in faults[:FAULTS_TOLD_MAX]
    ]


def watched_summaries(group: Group) -> Iterator[Finding]:
    """What an officer is told of the group's own summaries: phones that signed otherwise."""
    database = group.store.database
    store = SummaryStore(database)
    rows = store.rows(group.id)
    if rows:
        told = {alarm for access in _lists(group) for alarm in standing(rows, access).alarms}
        for one in sorted(told)[:FAULTS_TOLD_MAX]:
            about = f"{one.cycle}/{one.session}"
            sentence = alarm_sentence(group.name, one)
            yield Finding("summary_differs", about, "task", sentence, (), "", None, None, ())
    for number, sentence in enumerate(fault_sentences(store.faults(group.id))):
        yield Finding("summary_fault", str(number), "notice", sentence, (), "", None, None, ())


def _lists(group: Group) -> Iterator[Access]:
    """Who may write summaries, at each relay that the group uses."""
    relays = RelayStore(group.store.database)
    for chosen in group.replica.relays():
        place = Place(group.id, chosen.relay, chosen.url, "summary", chosen.summary)
        access = relays.load(place).view.access
        if access is not None:
            yield access


def newest_plain(database: Database, group_id: bytes, access: Access | None) -> Any:
    """The figures of the newest summary that enough officers signed, as they were sent; or None."""
    newest = standing(SummaryStore(database).rows(group_id), access).newest
    return newest.stored.summary.figures if newest is not None else None
