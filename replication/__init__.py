"""Devices, signatures, order and sessions: how a group's changes reach every device unaltered.

A device appends *changes*: small batches of events, hash-linked to everything it knew, signed.
Two devices exchange what the other lacks; each admits a change by looking at it and its
ancestors alone (`admission`), so all come to the same set. An event is opaque bytes here, except
for the control records that say who may write (`control`, `roster`).

    replica     one group on one device: append, connect, receive -> Outcome
    exchange    the conversations with peers;  session  their state table;  wire  their messages
    intake      a bundle's bytes -> verified changes;  runs  which signatures travel
    bundle      its wire form;  rows, drafts, templates, dictionaries, columns, cbor  its parts
    admission   the rules;  ancestry  what they may look at;  history  where it is kept
    change      what is signed;  chunk  the Automerge change it stands for;  document  Automerge
    council     what control changes ask;  motions  its acts;  contest  which of them stand
    ruling      the roster that they make;  suspense  what waits;  agenda  both, to be shown
    founding    its one end;  cards  what a paper card signs;  forks  two changes in one place
    own_chain   what others say and show of this device's own chain
    frontier    who holds what;  people  sealed personal details;  noise  the secure channel
    comparison  six digits that two people compare, where no secret is shared
    sealing     blobs that a relay can't read;  envelopes  to whom their keys are sealed;
    epochs      under which key to seal;  mailbox  how much of a group a relay's log has;
    key_slots   what a reader is told of a group, and the member keys of who reads people;
    refusals    every code with which a stranger's bytes are refused

Promise: no clock, no chance, no socket, no file. Bytes and `now_ms` in, values out. A peer's
bytes never reach Automerge and never raise anything but `RemoteError`. `PROTOCOL.md` is the
contract, byte by byte; `QUORUM.md` says who decides.
"""
