"""Messages: alike on every phone, sent once, short enough, and to nobody who does not want them."""

import hashlib
from string import Formatter
from typing import Any, Final

import pytest
from hypothesis import given, settings

from model import events as e
from model.book import Book
from model.codec import Unreadable
from model.notices import shared_reports_view, was_sent
from model.reducer import fold
from model.reports.notice_texts import TEXTS, WHAT
from model.reports.notices import (
    GROUP,
    KINDS,
    MASKED,
    Notice,
    Wishes,
    notice_id,
    notices_due,
    wants_messages,
)
from model.reports.sms import SMS_SEPTETS_MAX, fit, septets
from model.timeline import Timeline
from tests.model.reports.season import Season
from tests.strategies import histories

EVERY = Wishes(KINDS, unasked=True)
NUDGES: Final = Wishes(KINDS[2:3], unasked=True)
SECURITY: Final = Wishes(KINDS[3:])


def texts(book: Book, wishes: Wishes = EVERY) -> list[str]:
    return [notice.text for notice in notices_due(book, wishes)]


def of(season: Season, member: int, wishes: Wishes = EVERY) -> list[Notice]:
    name = season.members[member].hex()
    return [one for one in notices_due(season.book, wishes) if one.recipient == name]


def test_messages_of_a_season_by_hand() -> None:
    season = Season()
    found = texts(season.book)
    assert (
        "Umoja meeting 2, 2026-02-11: 2 of 5 came. KES: saved 4.00, social 0.00, repaid 2.60, "
        "lent 0.00. Cash now 20.85."
    ) in found
    own = [one.text for one in of(season, 0)]
    assert (
        "Umoja meeting 2, 2026-02-11. KES: you saved 2.00, social 0.00, repaid 2.60. Now you hold "
        "7.00 and owe 5.20."
    ) in own
    assert any("KES 2.60 of your loan falls due on 2026-03-07" in text for text in own)
    assert any(text.startswith("Umoja: received KES 2.60 for your loan") for text in own)
    assert any("did not save in meeting 2" in one.text for one in of(season, 4))
    assert not any("did not save" in one.text for one in of(season, 1))


def test_a_late_instalment_is_said_to_be_late_once_for_each_meeting() -> None:
    season = Season()
    season.secretary.record(e.MeetingOpened(1, 3, "2026-03-11"))
    season.secretary.record(e.MeetingClosed(1, 3, ()))
    season.meet()
    nudges = [one for one in of(season, 0, NUDGES) if "loan" in one.text]
    (late,) = nudges
    assert "KES 2.60 of your loan was due on 2026-03-07 and is not paid" in late.text


def test_what_changes_the_books_is_told_to_everybody() -> None:
    season = Season()
    purchase = next(
        identity
        for identity, entry in season.treasurer.known.items()
        if isinstance(entry.event, e.SharePurchased) and entry.event.session == 2
    )
    season.secretary.record(e.EntryReversed(1, 2, purchase, "not paid"))
    season.meet()
    security = notices_due(season.book, SECURITY)
    assert any("that an entry is taken back was recorded" in one.text for one in security)
    assert {one.recipient for one in security} == {GROUP}


def test_a_meeting_that_is_still_open_has_no_summary() -> None:
    season = Season()
    season.secretary.record(e.MeetingOpened(1, 3, "2026-03-11"))
    season.treasurer.record(e.SharePurchased(1, 3, season.members[0], 1, 100))
    season.meet()
    found = notices_due(season.book, Wishes(KINDS[:1], unasked=True))
    assert found
    assert not any("meeting 3" in one.text for one in found)


def test_the_id_is_a_hash_of_event_recipient_and_kind_alone() -> None:
    parts = ("meeting 1/2/0", "ab", "summary_member")
    data = b"mkutano/notice/1" + b"".join(
        len(part).to_bytes(4, "big") + part.encode() for part in parts
    )
    assert notice_id(*parts) == hashlib.sha256(data).hexdigest()[:32]
    assert len({notice_id(*parts), notice_id("a", "b", "c"), notice_id("ab", "", "c")}) == 3


def test_a_message_that_one_phone_sent_is_due_on_no_other() -> None:
    season = Season()
    before = notices_due(season.book, EVERY)
    first = before[0]
    season.treasurer.record(e.NoticeSent(bytes.fromhex(first.id), "sms"))
    season.meet()
    left = notices_due(season.book, EVERY)
    assert [one.id for one in left] == [one.id for one in before[1:]]
    every = notices_due(season.book, EVERY, with_sent=True)
    assert [one.sent for one in every] == [True] + [False] * len(left)


def test_two_phones_that_sent_one_apart_are_both_kept_and_nothing_is_said() -> None:
    season = Season()
    notice = bytes.fromhex(notices_due(season.book, EVERY)[0].id)
    entries = [
        season.treasurer.record(e.NoticeSent(notice, "sms")),
        season.secretary.record(e.NoticeSent(notice, "app")),
    ]
    season.meet()
    book = season.book
    assert set(book.notices.find(notice.hex()) or ()) == {entry.hex() for entry in entries}
    assert was_sent(book, notice.hex())
    assert season.secretary.codes() == season.treasurer.codes()
    assert not any("notice" in code for code in season.secretary.codes())


def test_notices_and_shared_reports_can_be_undone_and_folded_again() -> None:
    season = Season()
    season.treasurer.record(e.NoticeSent(b"12345678", "sms"))
    season.secretary.record(
        e.ReportShared("annual", "2026-01-01", "2026-12-31", "World Vision", b"d" * 32)
    )
    season.meet()
    timeline = Timeline()
    for entry in reversed(season.entries):
        timeline.advance([entry])
    assert timeline.book.digest() == season.book.digest()
    assert timeline.book.notices.find(b"12345678".hex())
    (shared,) = shared_reports_view(timeline.book)
    assert (shared["kind"], shared["from"], shared["to"]) == ("annual", "2026-01-01", "2026-12-31")
    assert shared["recipient"] == "World Vision"
    assert shared["digest"] == (b"d" * 32).hex()


def test_amounts_can_be_masked() -> None:
    found = texts(Season().book, EVERY._replace(masked=True))
    assert any(MASKED in text for text in found)
    assert not any(amount in text for text in found for amount in ("5.00", "2.60", "20.85"))


def test_members_get_their_own_messages_when_they_said_so_and_none_when_they_said_no() -> None:
    season = Season()
    yes, no, unasked = (season.members[place] for place in range(3))
    season.secretary.record(e.ConsentRecorded(yes, "messages", True))
    season.secretary.record(e.ConsentRecorded(no, "messages", False))
    season.secretary.record(e.ConsentRecorded(unasked, "photos", True))
    season.meet()
    assert {one.recipient for one in notices_due(season.book, Wishes(KINDS))} == {
        GROUP,
        yes.hex(),
    }
    everybody = {one.recipient for one in notices_due(season.book, EVERY)}
    assert unasked.hex() in everybody
    assert no.hex() not in everybody
    assert [wants_messages(season.book, member.hex()) for member in (yes, no, unasked)] == [
        True,
        False,
        None,
    ]


def test_who_reads_swahili_gets_it() -> None:
    season = Season()
    own = [one.text for one in of(season, 1, EVERY._replace(language_of=lambda _: "sw"))]
    assert any("umeweka akiba 2.00" in text for text in own)


def test_nothing_is_said_of_amounts_that_are_withheld() -> None:
    season = Season()
    season.secretary.record(Unreadable("wallet.opened", "unknown"))
    season.meet()
    assert notices_due(season.book, EVERY) == []
    assert notices_due(fold([]), EVERY) == []


def test_a_name_that_no_sms_can_hold_is_cut_and_spelt_in_the_alphabet() -> None:
    season = Season()
    season.secretary.record(e.GroupDescribed("Śūpēr “Umoja” " * 9, "KES", 2))
    season.meet()
    found = notices_due(season.book, EVERY)
    assert found
    for one in found:
        assert one.septets == septets(one.text) <= SMS_SEPTETS_MAX
        assert one.text.startswith('Super "Umoja"')
    assert any("Cash now 20.85" in one.text for one in found)  # what matters is not cut


@pytest.mark.parametrize("language", list(TEXTS))
def test_every_language_has_every_text_with_the_same_places(language: Any) -> None:
    for table in (TEXTS, WHAT):
        assert table[language].keys() == table["en"].keys()
    for key, text in TEXTS["en"].items():
        places = {name for _, name, _, _ in Formatter().parse(text) if name}
        other = {name for _, name, _, _ in Formatter().parse(TEXTS[language][key]) if name}
        assert places == other, key


@pytest.mark.parametrize("language", list(TEXTS))
def test_a_text_fits_an_sms_with_long_values(language: Any) -> None:
    amount = "1,234,567.00"
    values = dict.fromkeys(
        ("saved", "social", "repaid", "lent", "cash", "holds", "owes"), "123,456.00"
    )
    values |= {"group": "Umoja wa Wakulima", "currency": "KES", "amount": amount, "came": "25"}
    values |= {"session": "52", "day": "2026-12-31", "members": "25", "due": "2026-12-31"}
    values |= {"receipt": "X01Z66ZYEM", "what": max(WHAT[language].values(), key=len)}
    for key, text in TEXTS[language].items():
        written = text.format(**values)
        assert fit(written) == written, (key, len(written))
        assert septets(written) <= SMS_SEPTETS_MAX


@settings(deadline=None)
@given(histories())
def test_messages_of_any_history_fit_and_are_alike_in_any_order_of_delivery(
    entries: list[Any],
) -> None:
    found = notices_due(fold(entries), EVERY)
    assert all(one.septets <= SMS_SEPTETS_MAX for one in found)
    assert len({one.id for one in found}) == len(found)
    assert notices_due(fold(entries[::-1]), EVERY) == found
