"""What officers say of entries: agree, decline, take back, choose, let in, leave out, object.

Every word names an entry by its receipt. Who gives the last word that a new constitution needs puts
it in force with the same change. A word is said in the meeting that is open, else in the newest.
"""

from msgspec.structs import replace

from model import events as e
from model.agreement import agreeing
from model.decisions import agreed, missing, outcome
from model.findings import who
from model.identifiers import receipt_code
from model.journal import entry_page
from model.pages import EntryPage
from model.wording import KINDS
from node import desk, electing
from node.errors import CommandRefused
from node.plan import Plan
from node.recording import Context, Receipt, done, in_meeting, record
from node.sealing import plan_signature, to_sign


def meeting_of_words(at: Context) -> desk.Meeting:
    """The meeting in which officers speak: the one that was named, else the newest."""
    return at.meeting or at.group.book.latest.find("meeting") or (0, 0)


def called(at: Context, target: bytes, page: EntryPage) -> str:
    """An entry in a sentence: the fine of Amina (entry 3F7K…)."""
    what = KINDS.get(page.kind, f"the entry “{page.kind.replace('.', ' ')}”")
    subject = page.member or page.subject
    name_of = at.group.people.name_by_hex
    whose = who(at.group.book, subject, name_of) if subject else "the group"
    of_whom = "" if whose == "the group" else f" of {whose}"
    return f"{what}{of_whom} (entry {receipt_code(target)})"


def approve(at: Context, said: str) -> Receipt:
    """Agree to an entry; with the last word needed a new constitution is adopted at once."""
    target, page = desk.entry(at.group, said)
    plan = Plan(at.group)
    in_force = add_approval(at, plan, target)
    if not plan.events:
        raise CommandRefused(
            f"You have agreed to {called(at, target, page)} already. "
            "Take it back with: mkutano withdraw-approval",
            "already_agreed",
        )
    given = done(at, plan, in_force)
    if in_force:
        return given
    sentence = f"You agree to {called(at, target, page)}. {_left(at, target.hex())}"
    return given._replace(sentence=sentence)


def add_approval(at: Context, plan: Plan, target: bytes, card: int = 0) -> str:
    """Plan this officer's word for an entry, and what follows at once when it is the last needed.

    What that puts in force, as a sentence; "" when nothing. An officer who agrees already adds
    no word. With a `card` it is the word of that paper card, which the same plan must show.
    """
    book, name = at.group.book, target.hex()
    alike = agreeing(book, name)
    spoken = not card and at.group.roster.person_of(at.group.device).hex() in agreed(book, alike)
    proposal, kind = book.proposed.find(name), entry_page(book, name).kind
    elects = kind == "officer.proposed"
    if spoken and (not (proposal or elects) or outcome(book, alike) != "approved"):
        return ""
    if not spoken and not card and kind == "meeting.closed":
        plan_signature(at.group, plan, to_sign(at.group, said=name).close, meeting_of_words(at))
    elif not spoken:
        plan.add(e.ApprovalGiven(target, *meeting_of_words(at), card))
    if missing(book, alike) > (not spoken):
        return ""
    if proposal is not None:
        plan.add(replace(proposal.terms, proposal=target))
        return "The new constitution is in force. Read it out in the meeting."
    if elects:
        plan.add(electing.put_in_force(at.group, target))
        return electing.in_force(at.group, name)
    return ""


def _left(at: Context, name: str) -> str:
    book = at.group.book
    wanted = missing(book, agreeing(book, name))
    if not wanted:
        return "Enough officers agree now."
    return f"{wanted} more must agree." if wanted > 1 else "One more officer must agree."


def decline(at: Context, said: str, reason: str = "") -> Receipt:
    """Say no to a decision that waits."""
    target, page = desk.entry(at.group, said)
    event = e.RequestDeclined(target, *meeting_of_words(at), reason)
    given = record(at, event, "")
    book, name = at.group.book, target.hex()
    ends = outcome(book, agreeing(book, name)) == "declined"
    what = "It has no effect." if ends else "It holds all the same if enough others agree."
    return given._replace(sentence=f"You declined {called(at, target, page)}. {what}")


def withdraw(at: Context, said: str, reason: str = "") -> Receipt:
    """Take one's own word back, as long as nothing follows from it."""
    target, page = desk.entry(at.group, said)
    person = at.group.roster.person_of(at.group.device).hex()
    asked = at.group.book.decisions.find(target.hex())
    spoken = asked is not None and (
        asked.author == person or any(voice.person == person for voice in asked.voices)
    )
    if not spoken:
        raise CommandRefused(
            f"You have said nothing of {called(at, target, page)} that could be taken back.",
            "nothing_said",
        )
    event = e.ApprovalWithdrawn(target, reason)
    return record(at, event, f"You took back your word on {called(at, target, page)}.")


def resolve(at: Context, said: str, reason: str = "") -> Receipt:
    """Choose an entry among those that differ."""
    target, page = desk.entry(at.group, said)
    event = e.ConflictResolved(target, *meeting_of_words(at), reason)
    given = record(at, event, "")
    chosen = f"You chose {called(at, target, page)}."
    return given._replace(sentence=f"{chosen} {_left(at, given.entries[0].hex())}")


def judge_late(at: Context, said: str, accept: bool, reason: str = "") -> Receipt:
    """Let in what came too late for its meeting, or leave it out."""
    target, page = desk.entry(at.group, said)
    where = desk.meeting(at.group, at.meeting)
    if not page.late:
        raise CommandRefused(f"{called(at, target, page)} is not late.".capitalize(), "not_late")
    kind = e.LateEntryAccepted if accept else e.LateEntryRejected
    given = record(at, kind(target, *where, reason), "")
    verb = "let in" if accept else "leave out"
    told = f"You want to {verb} {called(at, target, page)}{in_meeting(where)}."
    return given._replace(sentence=f"{told} {_left(at, given.entries[0].hex())}")


def dispute(at: Context, said: str, reason: str, member: str = "") -> Receipt:
    """Object to an entry, for a member or in one's own name."""
    target, page = desk.entry(at.group, said)
    one = desk.member(at.group, member) if member else None
    event = e.EntryDisputed(target, *meeting_of_words(at), one.id if one else b"", reason)
    told = f"{desk.called(one) if one else 'You'} object{'s' if one else ''} to"
    sentence = f"{told} {called(at, target, page)}. It is shown until it is settled."
    return record(at._replace(anyway=True), event, sentence)


def reopen(at: Context, reason: str) -> Receipt:
    """Ask officers to let a closed meeting take entries again: the newest unless said."""
    where = at.meeting or at.group.book.latest.find("meeting")
    page = at.group.book.meetings.find(where) if where is not None else None
    if where is None or page is None or not page.closes:
        raise CommandRefused("That meeting is not closed.", "not_closed")
    given = record(at, e.MeetingReopened(*where, reason), "")
    told = f"You want to open meeting {where[1]} of cycle {where[0]} again."
    return given._replace(sentence=f"{told} {_left(at, given.entries[0].hex())}")
