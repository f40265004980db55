"""Officers decide that a person is forgotten: number and money stay, likeness is not told."""

from model import events as e
from model.erasing import erased_members
from model.reducer import fold
from tests.strategies import Phone, Village, findings, share


def erase(village: Village, member: bytes) -> bytes:
    """Two officers agree."""
    asked = village.secretary.record(e.PersonErased(member, "asked for it"))
    village.meet()
    village.chairperson.record(e.ApprovalGiven(asked, 1, 1))
    village.meet()
    return asked


def is_erased(village: Village, member: bytes) -> bool:
    page = village.book.members.find(member.hex())
    return page is not None and page.erased


def test_one_officer_alone_erases_nobody_and_two_do() -> None:
    village = Village()
    member = village.members[0]
    village.secretary.record(e.PersonErased(member))
    village.meet()
    assert not is_erased(village, member)
    village.treasurer.record(e.PersonErased(member))  # says the same: that is the second word
    village.meet()
    assert is_erased(village, member)
    assert erased_members(village.book) == (member.hex(),)


def test_two_decide_as_soon_as_two_hold_an_office_and_one_where_there_is_one() -> None:
    titles: tuple[e.Title, ...] = ("secretary", "treasurer")
    for offices in (titles[:1], titles):
        village = Village()
        secretary, treasurer = village.phones = [Phone("s", "Neema"), Phone("t", "Juma")]
        secretary.record(e.GroupDescribed("Umoja", "KES", 2))
        member = secretary.record(e.MemberAdded(1, "2026-01-01"))
        for title, phone in zip(offices, village.phones, strict=False):
            secretary.record(e.OfficerElected(title, phone.person))
        village.meet()
        asked = secretary.record(e.PersonErased(member))
        village.meet()
        assert is_erased(village, member) == (len(offices) == 1)
        treasurer.record(e.ApprovalGiven(asked, 0, 0))
        village.meet()
        assert is_erased(village, member)


def test_no_balance_moves() -> None:
    village = Village()
    member = village.members[0]
    village.secretary.record(share(member, 300))
    village.meet()
    before = dict(village.book.accounts.rows())
    erase(village, member)
    assert dict(village.book.accounts.rows()) == before
    village.secretary.record(share(member, 100, 2))
    village.meet()
    assert is_erased(village, member)


def test_it_can_not_be_reversed() -> None:
    village = Village()
    asked = erase(village, village.members[0])
    reversal = village.treasurer.record(e.EntryReversed(1, 1, asked, "no"))
    village.meet()
    page = village.book.entries.find(reversal.hex())
    assert page is not None
    assert page.status == "void"
    assert is_erased(village, village.members[0])


def test_whoever_comes_back_is_not_told_to_be_the_one_who_was_erased() -> None:
    village = Village()
    first = village.secretary.record(e.MemberAdded(41, "2026-01-01", b"nametag1", b"phonetag"))
    village.secretary.record(e.MemberAdded(42, "2026-02-01", b"nametag1", b"phonetag"))
    village.meet()
    assert findings(village.book, "possible_duplicate_member")
    erase(village, first)
    assert not findings(village.book, "possible_duplicate_member")


def test_apart_and_in_any_order_it_comes_to_the_same() -> None:
    village = Village()
    first, second, _ = village.members
    for officer, member in ((village.secretary, first), (village.treasurer, first),
                            (village.chairperson, second)):  # fmt: skip
        officer.record(e.PersonErased(member))
    village.meet()
    again = fold(reversed(list(village.entries)))
    assert again.digest() == village.book.digest()
    assert is_erased(village, first)
    assert not is_erased(village, second)
