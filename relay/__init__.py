"""The relay: mailboxes of opaque blobs that it can neither read nor change unseen.

A mailbox is an append-only log. Officers' devices push sealed blobs and pull what others pushed;
the relay gives each entry a cursor, chains the entries by hashes and signs where the chain stands,
so that two devices which compare what they were told find out any lie. Who may write is a list that
the group's own devices sign; the relay only checks the signatures.

    facts.py      what is signed: mailbox ids, access lists, entries, heads, checkpoints
    protocol.py   the messages of a connection; `PROTOCOL.md` has every byte, with vectors

Nothing here knows what a group, a member or an amount is, and this package imports none of the
others: a relay can be run by somebody who is not trusted with anything.
"""
