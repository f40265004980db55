"""What goes wrong with whole phones: put back from an old copy, cloned, lost, emptied.

A phone that was put back must notice by its marker, by its peers, or by a fork that every phone
names alike. What was on a lost phone alone is lost, and nothing else (`Nemesis.excuse`).
"""

from typing import TYPE_CHECKING, Final

from simulations.simulator.backups import Markers, put_back
from simulations.simulator.kinds import Kind

if TYPE_CHECKING:
    from simulations.simulator.nemesis import Nemesis


async def restored(nemesis: "Nemesis") -> None:
    """The home is put back from an older copy; the markers tell it so."""
    await _restored(nemesis, "kept")


async def restored_whole(nemesis: "Nemesis") -> None:
    """The whole phone is put back, markers too: only others can tell it."""
    await _restored(nemesis, "copied")


async def _restored(nemesis: "Nemesis", markers: Markers) -> None:
    phone = nemesis.phone_that_may_be_lost()
    if phone is None:
        return
    backup = nemesis.backup_of(phone)
    if backup is None:
        return
    nemesis.excuse(phone)
    await phone.kill()
    put_back(phone, backup, markers)
    if markers == "copied":
        nemesis.may_fork[phone.key] = None  # it knows of nothing, and its owner neither
    await nemesis.turn_on(phone)
    await nemesis.group_of(phone).people.marks_present(phone)


async def moved(nemesis: "Nemesis") -> None:
    """The home is carried to another place, without markers."""
    phone = nemesis.phone_that_may_be_lost()
    if phone is None:
        return
    backup = nemesis.copy_of(phone)
    nemesis.excuse(phone)
    await phone.kill()
    put_back(phone, backup, "gone")
    await nemesis.turn_on(phone)
    await nemesis.group_of(phone).people.marks_present(phone)


async def cloned(nemesis: "Nemesis") -> None:
    """A copy of the whole phone is used beside it: both write with one key."""
    phone = nemesis.phone_that_may_be_lost()
    if phone is None:
        return
    clone = await nemesis.clone_of(phone)
    if clone is None:
        return
    with nemesis.radio.cut(nemesis.ways_of(clone)):
        await nemesis.group_of(phone).people.marks_present(clone)
        await nemesis.group_of(phone).people.marks_present(phone)
        await nemesis.pause(5, 60)
    await nemesis.pause(20, 100)  # it meets the others
    await nemesis.group_of(phone).people.marks_present(clone)
    await nemesis.pause(20, 100)
    nemesis.excuse(clone)
    await clone.kill()


async def lost(nemesis: "Nemesis") -> None:
    """A phone falls into the river; its owner gets another and is let in anew."""
    phone = nemesis.phone_that_may_be_lost()
    if phone is None:
        return
    if not nemesis.repairs.can_replace(phone):
        return
    nemesis.excuse(phone)
    await phone.kill()
    nemesis.repairs.begin(phone)


async def killed_joining(nemesis: "Nemesis") -> None:
    """The next phone that is let in is killed on the way, or the one that lets it in."""
    nemesis.kills_joining = True


KINDS: Final = {
    "restored": Kind(0.15, restored),
    "restored-whole": Kind(0.1, restored_whole),
    "moved": Kind(0.1, moved),
    "cloned": Kind(0.1, cloned),
    "lost": Kind(0.08, lost),
    "killed-joining": Kind(0.1, killed_joining),
}
