"""What can be asked and said about phones that forked, and about this phone's own chain.

A fork is told in words that an officer can act on: which phone, which number, what stands on each
branch, and the two answers there are. A proof of it is text that anybody can check who knows the
group's id, without the books.
"""

import base64
import binascii
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from model.identifiers import CHANGE_PREFIX_BYTES, entry_id, receipt_code
from model.wording import KINDS
from node import phones
from node.answers import Answer, GroupRequest, choose_group
from node.errors import CommandRefused
from node.names import Names
from node.node import Group, Node
from node.suspending import require_followed
from replication.control import ForkJudged, encode_record, is_control
from replication.errors import RemoteError
from replication.forks import PROOF_BYTES_MAX, Fork, check_fork_proof

FORKS_SHOWN_MAX: Final = 50
"""Forks listed; a phone that was made to fork on purpose can have thousands."""
PROOFS_MAX: Final = 16
PROOF_LETTERS_MAX: Final = PROOF_BYTES_MAX * 2

Word = Annotated[str, Meta(min_length=1, max_length=200)]


class JudgeRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Answer what the forks of one phone are."""

    phone: Word
    """Its name, its owner's office, number or name, or first letters of its key."""
    verdict: Literal["restored", "copied"]


class ProofRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Proofs that travel."""

    phone: Annotated[str, Meta(max_length=200)] = ""
    """Whose forks; empty: everybody's."""


class CheckRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Check proofs that somebody brought."""

    proofs: Annotated[
        tuple[Annotated[str, Meta(max_length=PROOF_LETTERS_MAX)], ...], Meta(max_length=PROOFS_MAX)
    ]
    """Base64, as `fork-proof` gives them."""
    group_id: Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")] = ""
    """Of whose group; empty: this phone's."""


class GoOnRequest(GroupRequest, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Let this phone record although it could not compare with another."""

    because: Literal["anyway", "moved"]
    """anyway: no other phone has the books; moved: the old phone or folder is gone."""


def listed(node: Node, asked: GroupRequest, now_ms: int) -> Answer:
    """Every fork, and how this phone's own chain stands."""
    group = choose_group(node, asked.group)
    names, found = Names(group), group.replica.forks()
    standing = group.continuity.standing()
    own = {
        **standing._asdict(),
        "behind": [names.label(device) for device in standing.behind],
        "sentence": group.continuity.sentence(),
    }
    rows = [_shown(group, names, fork) for fork in found[:FORKS_SHOWN_MAX]]
    more = max(0, len(found) - FORKS_SHOWN_MAX)
    return Answer({"group": group.id.hex(), "forks": rows, "more": more, "this_phone": own})


def judge(node: Node, asked: JudgeRequest, now_ms: int) -> Answer:
    """Say of a phone's forks that it was restored, or copied."""
    group = choose_group(node, asked.group)
    device, names = phones.phone(group, asked.phone), Names(group)
    called = names.phone(device.key)
    open_forks = [
        fork for fork in group.replica.forks() if fork.device == device.key and not fork.is_answered
    ]
    if not open_forks:
        raise CommandRefused(f"{called} has no fork that waits for an answer.", "no_fork")
    others = [key for keys in group.roster.officers.values() for key in keys if key != device.key]
    if device.key == node.device and others:
        raise CommandRefused(
            "Another officer answers what happened to this phone, on another phone: mkutano forks",
            "own_fork",
        )
    if asked.verdict == "copied" and device.state != "active":
        raise CommandRefused(f"{called} is stopped already. See: mkutano devices", "stopped")
    if asked.verdict == "copied":
        require_followed(group, names, device.key)
    batch = node.batch(group.id, now_ms)
    batch.append_encoded([encode_record(ForkJudged(device.key, open_forks[0].n, asked.verdict))])
    step = batch.commit()
    sentence = _JUDGED[asked.verdict].format(phone=called, typed=names.typed(device.key))
    return Answer(
        {"device": device.key.hex(), "verdict": asked.verdict, "sentence": sentence}, step
    )


_JUDGED: Final = {
    "restored": "You said that {phone} is one phone that was restored. It goes on; what it wrote "
    "on both branches stays in the books. See that nothing was paid or written twice.",
    "copied": "You said that two phones use the key of {phone}: it is suspended, and what it wrote "
    "that you did not know waits for the officers. Shut its key out: mkutano propose revoke "
    "{typed}. Then invite its owner's phone anew with mkutano invite, and see what waits with "
    "mkutano ratify.",
}


def prove(node: Node, asked: ProofRequest, now_ms: int) -> Answer:
    """Proofs of forks, for whoever knows the group's id."""
    group = choose_group(node, asked.group)
    device = phones.phone(group, asked.phone).key if asked.phone else None
    found = [one for one in group.replica.forks() if device in (None, one.device)][:PROOFS_MAX]
    if not found:
        raise CommandRefused("There is no fork to prove.", "no_fork")
    proofs = [
        {
            "device": fork.device.hex(),
            "n": fork.n,
            "proof": base64.b64encode(group.replica.fork_proof(fork.device, fork.n)).decode(),
        }
        for fork in found
    ]
    return Answer({"group": group.id.hex(), "proofs": proofs})


def check(node: Node, asked: CheckRequest, now_ms: int) -> Answer:
    """Whether proofs show what they claim. CommandRefused when one does not."""
    group_id = bytes.fromhex(asked.group_id)
    held = node.groups.get(group_id) if group_id else choose_group(node, asked.group)
    names = Names(held) if held is not None else None
    shown = []
    for number, text in enumerate(asked.proofs, 1):
        try:
            proof = base64.b64decode(text, validate=True)
            device, n = check_fork_proof(proof, group_id or (held.id if held is not None else b""))
        except (binascii.Error, RemoteError) as error:
            why = error.detail if isinstance(error, RemoteError) else "it is not base64"
            raise CommandRefused(
                f"Proof {number} shows nothing: {why}. Believe nothing that rests on it.",
                "bad_proof",
            ) from error
        called = names.phone(device) if names is not None else f"The phone {device.hex()[:8]}"
        sentence = f"{called} signed two different entries number {n}."
        shown.append({"device": device.hex(), "n": n, "sentence": sentence})
    return Answer({"proofs": shown})


def go_on(node: Node, asked: GoOnRequest, now_ms: int) -> Answer:
    """Record again without having compared."""
    group = choose_group(node, asked.group)
    standing = group.continuity.standing()
    if standing.state == "sound" and not standing.behind:
        raise CommandRefused(
            "Nothing keeps this phone from recording that this could answer.", "nothing_to_answer"
        )
    if asked.because == "moved" and standing.state != "moved":
        raise CommandRefused(
            "These books were not moved: they are an older copy. If no other phone has the "
            "group's books: mkutano forks --anyway",
            "not_moved",
        )
    group.continuity.go_on()
    sentence = (
        f"This phone records again, from its entry number {standing.own_n + 1} on. If another "
        "phone shows up with entries of the same numbers, officers are asked which phone is meant."
    )
    return Answer({"next": standing.own_n + 1, "sentence": sentence})


def _shown(group: Group, names: Names, fork: Fork) -> dict[str, Any]:
    device = group.roster.devices.get(fork.device)
    state: str = device.state if device is not None else "unknown"
    if state == "active":
        state = "answered" if fork.is_answered else "paused"
    called = names.phone_and_owner(fork.device)
    told = f"{called} wrote two different entries number {fork.n}"
    then = _THEN.get(state, "").format(typed=names.typed(fork.device))
    return {
        "device": fork.device.hex(),
        "phone": names.label(fork.device),
        "this_phone": fork.device == group.device,
        "n": fork.n,
        "state": state,
        "is_answered": fork.is_answered,
        "sentence": f"{told}{then}",
        "branches": [_branch(group, change_hash) for change_hash in fork.changes],
    }


_THEN: Final = {
    "paused": ". Either it was restored from a backup, or two phones use its key. It records no "
    "money until an officer answers. One phone, restored: mkutano forks --restored {typed}. "
    "Two phones: mkutano forks --copied {typed}",
    "answered": ". An officer said that it is one phone, restored: it goes on.",
    "suspended": ", and is suspended. Shut its key out with mkutano propose revoke {typed}, and "
    "invite its owner's phone anew.",
    "revoked": ", and was shut out.",
    "displaced": ", and was set aside by paper cards.",
}


def _branch(group: Group, change_hash: bytes) -> dict[str, Any]:
    """What one of the changes at the position says."""
    found = group.replica.find(change_hash)
    assert found is not None, "a fork is made of admitted changes"
    entries = list(_entries(group, change_hash, found.change.events))
    return {"change": change_hash.hex(), "time_ms": found.change.time_ms, "entries": entries}


def _entries(
    group: Group, change_hash: bytes, events: tuple[bytes, ...]
) -> Iterator[dict[str, Any]]:
    for index, event in enumerate(events):
        if not is_control(event):
            identity = entry_id(change_hash[:CHANGE_PREFIX_BYTES], index)
            page = group.book.entries.find(identity.hex())
            kind = page.kind if page is not None else ""
            what = KINDS.get(kind, kind.replace(".", " ").replace("_", " "))
            amount = page.amount if page is not None else None
            code = receipt_code(identity)
            yield {"receipt": code, "kind": kind, "what": what, "amount_minor": amount}
