"""Every bound on a stranger's input, in one place, each with its reason.

A change that breaks a limit is refused by every device alike, so limits that decide admission
(`EVENT_*`, `CHANGE_*`, `*_MAX` of counters) are part of the protocol version and never lowered.
"""

EVENT_BYTES_MAX = 16 * 1024
"""One event; the longest honest one (a constitution with its fine table) stays under 1 KiB."""

EVENT_DEPTH_MAX = 8
"""Arrays and maps inside each other in one event; the deepest honest event has 3 levels."""

EVENT_CONTAINERS_MAX = 256
"""Arrays and maps in one event; closing a meeting over 128 devices takes 130."""

CHANGE_EVENTS_MAX = 64
"""Events of one change: a sheet row or a roll call fits, a bomb does not."""

CHANGE_BYTES_MAX = 128 * 1024
"""Events of one change together, so that every change fits a bundle with room to spare."""

CHANGE_DEPS_MAX = 16
"""Heads that one change may join; a group has few devices, so few concurrent heads."""

RUN_CHANGES_MAX = 256
"""Changes that may wait for a signature at any point: bounds the work before a bad one shows."""

RUN_BYTES_MAX = 256 * 1024
"""Their events together, so that whoever admitted them can always pass them on in one bundle."""

FRAME_BYTES_MAX = 1024 * 1024
"""One session message; a peer that sends more is hung up on before it is read."""

BUNDLE_BYTES_MAX = 512 * 1024
"""A bundle after decompression, and all its events put together: bounds memory and work."""

BUNDLE_STRINGS_MAX = 96 * 1024
"""Different texts, or byte strings, or other items, in one bundle; as many as may wait fit."""

BUNDLE_CONTAINERS_MAX = CHANGE_EVENTS_MAX * EVENT_CONTAINERS_MAX
"""Arrays and maps inside the events of one bundle: they cost most to check. Any change fits."""

MESSAGE_ITEMS_MAX = 32 * 1024
"""CBOR items in one session message; the longest lists have 4,096 rows of a few items."""

BUNDLE_CHANGES_MAX = 16 * 1024
"""Changes in one bundle; 200 meetings' worth."""

BUNDLE_EVENTS_MAX = 64 * 1024
"""Events in one bundle; four a change."""

CHUNK_BYTES_MAX = 256 * 1024
"""One bundle on the wire: what a cut connection can lose, and what one commit writes."""

WINDOW_CHUNKS = 4
"""Bundles sent ahead of the peer's acknowledgement."""

HELD_BYTES_MAX = 4 * 1024 * 1024
"""Changes of one peer that wait for their dependencies; past it the oldest are dropped."""

LOOSE_BYTES_MAX = 16 * 1024 * 1024
"""Events of one device that no other device has built upon, as far as this process took them in.
Whoever floods fills nobody's disk: ten years of one phone that never met another stay below."""

STOPPED_CHANGES_MAX = 1024
"""Changes taken from a stopped phone itself beyond what is spared: two busy months."""

TIME_MS_MAX = 2**43
"""Claimed device times end in the year 2248; a larger one can only be an attack."""

COUNTER_MAX = 2**31
"""Highest op counter. Automerge's own counters break near 2**32; honest groups stay far below."""

CHAIN_LENGTH_MAX = 2**31
"""Highest position in a device's chain, for the same reason."""

TIPS_MAX = 1024
"""Chain tips in one HAVE or ACK: devices of a group and their forks."""

TIPS_DEVICE_MAX = 16
"""Tips of one device that are named; a device that forked more often is summed up in one."""

PROOFS_MAX = 4 * TIPS_DEVICE_MAX
"""Proofs of changes that are not here which one peer may say before anything of it is admitted: one
for each end that it can name, and what is written while those changes are on their way."""

PROVEN_MAX = 4 * TIPS_DEVICE_MAX
"""Ends of its own chain that a phone remembers as proved; only its own key can make more."""

KEYS_MAX = 4096
"""Member keys in one message: several times the largest group."""

KEY_BOX_MAX = 16 * 1024
"""Member keys taken from peers, so that nobody can fill a phone with them."""

LABEL_CHARS_MAX = 80
"""Length of a device's label as people see it."""

URL_CHARS_MAX = 200
"""Where a relay answers."""

RELAYS_MAX = 4
"""Relays that a group uses at once; each holds everything."""

EPOCHS_MAX = 512
"""Keys of one series that count, the newest: ten years of a key a week."""

NOTES_MAX = 32
NOTE_BYTES_MAX = 512
"""What a device tells another of what relays told it: some 200 bytes for each mailbox."""

BLOB_BYTES_MAX = 768 * 1024
"""One sealed blob at a relay; the relay's own limit: the largest bundle, padded, with room."""

RECIPIENTS_MAX = 512
"""Devices and pairs of cards that one envelope is sealed to; a group has far fewer."""
