"""Invitations: what is made is read back, and every mistake is told in words."""

import base64
import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.address import Address, AddressError, parse_address
from node.invitation import (
    ADDRESSES_MAX,
    CHARS_MAX,
    SCHEME,
    Invitation,
    InvitationError,
    format_invitation,
    handshake_psk,
    hello_key,
    invitation_key,
    parse_invitation,
    qr_for_terminal,
)
from replication.identity import DeviceKeys

SECRETARY = DeviceKeys(bytes([1]) * 32).public
ADDRESSES = st.builds(
    Address,
    st.one_of(
        st.ip_addresses(v=4).map(str),
        st.ip_addresses(v=6).map(str),
        st.sampled_from(["phone.local", "localhost", "a-b.example"]),
    ),
    st.integers(1, 65535),
)
INVITATIONS = st.builds(
    Invitation,
    st.just(SECRETARY),
    st.binary(min_size=16, max_size=16),
    st.lists(ADDRESSES, max_size=ADDRESSES_MAX).map(tuple),
)
ONE = format_invitation(Invitation(SECRETARY, bytes(range(16)), (Address("192.168.43.1", 8700),)))


def with_checksum(body: bytes) -> str:
    """An invitation of any content, with the checksum that its content asks for."""
    checksum = hashlib.sha256(b"mkutano/invitation" + body).digest()[:4]
    return SCHEME + base64.b32encode(body + checksum).decode().rstrip("=")


@given(INVITATIONS)
def test_an_invitation_is_read_back(invitation: Invitation) -> None:
    uri = format_invitation(invitation)
    assert parse_invitation(uri) == invitation
    assert re.fullmatch(r"MKUTANO:[A-Z2-7]+", uri)
    assert len(uri) <= CHARS_MAX


def test_the_format_stays() -> None:
    # Frozen: phones in the field print these. A change needs a new version number.
    assert ONE == (
        "MKUTANO:AGFIRY65OQE7DFP5KLNS2PF2LVZMUZYJX4OZIEQ36N2IQANUB5XVYAABAIBQIBIGA4EA"
        "SCQLBQGQ4DYBATAKQKYBEH6MIWOZXY"
    )


@given(INVITATIONS)
def test_case_and_line_breaks_do_not_matter(invitation: Invitation) -> None:
    uri = format_invitation(invitation)
    wrapped = "\n ".join(uri[start : start + 30] for start in range(0, len(uri), 30))
    assert parse_invitation(f" {wrapped.lower()}\r\n") == invitation


@pytest.mark.parametrize("position", range(len(SCHEME), len(ONE)))
def test_one_wrong_letter_is_found(position: int) -> None:
    other = "B" if ONE[position] == "A" else "A"
    with pytest.raises(InvitationError, match=r"typing mistake|cut short"):
        parse_invitation(ONE[:position] + other + ONE[position + 1 :])


@pytest.mark.parametrize("length", range(len(SCHEME), len(ONE)))
def test_a_shortened_invitation_is_refused(length: int) -> None:
    with pytest.raises(InvitationError, match=r"cut short|typing mistake"):
        parse_invitation(ONE[:length])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "begins with MKUTANO:"),
        ("https://example.org", "begins with MKUTANO:"),
        (ONE.replace("MKUTANO:", "MKUTANO:0"), "“0” (number 9)"),
        (ONE + "\u0416", "“Ж”"),
        ("M" * (CHARS_MAX + 1), "far too long"),
        (with_checksum(b"\x02" + bytes(60)), "another version"),
        (with_checksum(b"\x01" + bytes(48)), "not one that Mkutano makes"),
        (with_checksum(b"\x01" + b"\xff" * 48 + b"\0"), "not one that Mkutano makes"),
        (with_checksum(b"\x01" + SECRETARY + bytes(16) + b"\x09"), "not one that Mkutano makes"),
        (with_checksum(b"\x01" + SECRETARY + bytes(16) + b"\0more"), "not one that Mkutano makes"),
        (
            with_checksum(b"\x01" + SECRETARY + bytes(16) + b"\x01\x04\x7f\0\0\1\0\0"),
            "not one that Mkutano makes",
        ),
    ],
)
def test_every_mistake_is_named(text: str, words: str) -> None:
    with pytest.raises(InvitationError, match=re.escape(words)):
        parse_invitation(text)


@given(st.one_of(st.text(), st.text("ABC234567").map(lambda text: SCHEME + text)))
def test_garbage_is_refused_in_words(text: str) -> None:
    with pytest.raises(InvitationError):
        parse_invitation(text)


@given(st.binary(max_size=120))
def test_garbage_with_a_right_checksum_is_refused_or_read(body: bytes) -> None:
    try:
        invitation = parse_invitation(with_checksum(body))
    except InvitationError:
        return
    assert len(invitation.secret) == 16


def test_too_many_addresses_are_refused() -> None:
    with pytest.raises(InvitationError):
        format_invitation(Invitation(SECRETARY, bytes(16), (Address("a", 1),) * 9))


def test_the_keys_of_one_secret_differ() -> None:
    key = invitation_key(bytes(16))
    assert len({key, hello_key(key), handshake_psk(key), bytes(16)}) == 4


def test_the_qr_code_is_small() -> None:
    lines = qr_for_terminal(ONE).splitlines()
    assert 20 < len(lines) <= 26  # version 6 with its border, two rows a line
    assert max(len(line) for line in lines) < 60


@pytest.mark.parametrize("columns", [39, 40, 44, 60, 200])
def test_the_qr_code_fits_a_phone_s_screen_or_is_left_out(columns: int) -> None:
    far = Address("255.255.255.255", 65535)
    two = format_invitation(Invitation(SECRETARY, bytes(range(16)), (far, far)))
    for uri in (ONE, two):
        code = qr_for_terminal(uri, columns)
        assert code
        lines = code.splitlines()
        assert {len(line) for line in lines} <= set(range(columns + 1))
        assert len({len(line) for line in lines}) == 1  # square, with its border all around
        assert {line[0] for line in lines} | {line[-1] for line in lines} <= {"█", "▀"}
    assert qr_for_terminal(ONE, 30) == ""  # no broken one


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.168.43.1:8700", Address("192.168.43.1", 8700)),
        (" Phone.Local:1 ", Address("phone.local", 1)),
        ("[fe80::1]:65535", Address("fe80::1", 65535)),
    ],
)
def test_an_address_is_read(text: str, address: Address) -> None:
    assert parse_address(text) == address
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        *("", "8700", "a:0", "a:65536", "a:٣", "1.2.3:4", "1.2.3.4.5:6", "::1:8", "[a]:8", "a b:1"),
        *("http://a:1", "a/b:1", "x" * 300 + ":1", "ü:1", "[::1]", "a:-1", "user@host:1", "-a:1"),
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(AddressError, match="is not the address of a phone"):
        parse_address(text)
