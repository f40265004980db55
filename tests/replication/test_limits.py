"""Every bound of the protocol, written a second time by hand.

Phones of two versions must refuse the same: who changes one of these changes the protocol, and
says so in PROTOCOL.md.
"""

from replication import limits

KIB, MIB = 2**10, 2**20

SAID = {
    "EVENT_BYTES_MAX": 16 * KIB,
    "EVENT_DEPTH_MAX": 8,
    "EVENT_CONTAINERS_MAX": 256,
    "CHANGE_EVENTS_MAX": 64,
    "CHANGE_BYTES_MAX": 128 * KIB,
    "CHANGE_DEPS_MAX": 16,
    "RUN_CHANGES_MAX": 256,
    "RUN_BYTES_MAX": 256 * KIB,
    "FRAME_BYTES_MAX": MIB,
    "BUNDLE_BYTES_MAX": 512 * KIB,
    "BUNDLE_STRINGS_MAX": 98_304,
    "BUNDLE_CONTAINERS_MAX": 16_384,
    "MESSAGE_ITEMS_MAX": 32_768,
    "BUNDLE_CHANGES_MAX": 16_384,
    "BUNDLE_EVENTS_MAX": 65_536,
    "CHUNK_BYTES_MAX": 256 * KIB,
    "WINDOW_CHUNKS": 4,
    "HELD_BYTES_MAX": 4 * MIB,
    "LOOSE_BYTES_MAX": 16 * MIB,
    "STOPPED_CHANGES_MAX": 1_024,
    "TIME_MS_MAX": 8_796_093_022_208,
    "COUNTER_MAX": 2_147_483_648,
    "CHAIN_LENGTH_MAX": 2_147_483_648,
    "TIPS_MAX": 1_024,
    "TIPS_DEVICE_MAX": 16,
    "PROOFS_MAX": 64,
    "PROVEN_MAX": 64,
    "KEYS_MAX": 4_096,
    "KEY_BOX_MAX": 16_384,
    "LABEL_CHARS_MAX": 80,
    "URL_CHARS_MAX": 200,
    "RELAYS_MAX": 4,
    "EPOCHS_MAX": 512,
    "NOTES_MAX": 32,
    "NOTE_BYTES_MAX": 512,
    "BLOB_BYTES_MAX": 768 * KIB,
    "RECIPIENTS_MAX": 512,
}


def test_every_bound_is_what_it_was_agreed_to_be() -> None:
    assert {name: value for name, value in vars(limits).items() if name.isupper()} == SAID
