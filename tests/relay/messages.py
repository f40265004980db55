"""Any message of the protocol, drawn at random: in its one form, but seldom true."""

from typing import Any

from hypothesis import strategies as st

from relay import protocol as p
from relay.facts import KINDS, Access, Checkpoint, Entry, Head, SignedAccess, SignedHead

_KEYS = [bytes([number]) * 32 for number in range(6)]
keys = st.sampled_from(_KEYS) | st.binary(min_size=32, max_size=32)
signatures = st.binary(min_size=64, max_size=64)
cursors = st.integers(0, 2**53)
times = st.integers(0, 2**43)
counts = st.integers(0, 2**31)
blobs = st.binary(min_size=1, max_size=200)
texts = st.text(max_size=40)
signed = st.lists(st.tuples(keys, signatures), max_size=3).map(tuple)
several = st.lists(keys, max_size=4).map(tuple)

accesses = st.builds(
    Access,
    counts,
    st.sampled_from(KINDS),
    st.integers(0, 1024),
    st.lists(several, max_size=3).map(tuple),
    several,
    several,
    several,
)
signed_accesses = st.builds(SignedAccess, accesses, signed)
chains = st.lists(signed_accesses, max_size=2).map(tuple)
entries = st.builds(Entry, cursors, keys, times, keys, signatures, st.none() | blobs)
some_entries = st.lists(entries, max_size=3).map(tuple)
log_ids = st.binary(min_size=16, max_size=16)
heads = st.builds(SignedHead, st.builds(Head, log_ids, cursors, keys, times), signatures)
checkpoints = st.builds(Checkpoint, log_ids, cursors, cursors, keys)

BY_KIND: dict[type[Any], st.SearchStrategy[Any]] = {
    p.Hello: st.builds(p.Hello, st.integers(0, 255), keys, keys, counts, cursors),
    p.Find: st.builds(p.Find, several),
    p.Found: st.builds(p.Found, st.lists(st.tuples(keys, keys), max_size=3).map(tuple)),
    p.Open: st.builds(p.Open, keys, keys, signatures, st.booleans()),
    p.OpenByCards: st.builds(
        p.OpenByCards, keys, keys, st.lists(st.tuples(keys, signatures), max_size=2).map(tuple)
    ),
    p.Opened: st.builds(
        p.Opened,
        heads,
        cursors,
        counts,
        st.booleans(),
        cursors,
        chains,
        st.lists(st.tuples(checkpoints, signed), max_size=2).map(tuple),
    ),
    p.Create: st.builds(p.Create, keys, chains),
    p.Amend: st.builds(p.Amend, keys, chains),
    p.ProposeAccess: st.builds(p.ProposeAccess, keys, accesses, keys, signatures),
    p.ReadAccess: st.builds(p.ReadAccess, keys, counts),
    p.AccessChain: st.builds(p.AccessChain, keys, chains),
    p.Push: st.builds(p.Push, keys, blobs, signatures),
    p.Receipt: st.builds(p.Receipt, entries, keys, heads),
    p.Pull: st.builds(p.Pull, keys, cursors, st.integers(0, p.PULL_BYTES_MAX)),
    p.Entries: st.builds(p.Entries, keys, some_entries, heads),
    p.SignCheckpoint: st.builds(p.SignCheckpoint, keys, checkpoints, keys, signatures),
    p.Done: st.builds(p.Done, st.integers(0, 1024)),
    p.News: st.builds(p.News, keys, counts, some_entries, heads),
    p.Failed: st.builds(p.Failed, texts, texts, counts),
    p.Closed: st.builds(p.Closed, keys, texts),
}
messages: st.SearchStrategy[p.Message] = st.one_of(*BY_KIND.values())
requests = counts
