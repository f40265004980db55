"""What is sent fits an SMS of any phone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.reports.sms import BASIC, EXTENSION, SMS_SEPTETS_MAX, fit, is_gsm, septets, to_gsm


def test_the_alphabet_is_that_of_the_standard() -> None:
    # 3GPP TS 23.038, 6.2.1: codes of the default alphabet, row by row, and the extension table.
    assert len(BASIC) == len(set(BASIC)) == 128
    codes = {"@": 0x00, "\n": 0x0A, "\r": 0x0D, "Δ": 0x10, "\x1b": 0x1B, "É": 0x1F, " ": 0x20}
    codes |= {"¤": 0x24, "?": 0x3F, "¡": 0x40, "Z": 0x5A, "Ä": 0x5B, "§": 0x5F, "¿": 0x60}
    codes |= {"z": 0x7A, "à": 0x7F, "_": 0x11, "Φ": 0x12, "Ω": 0x15, "Ξ": 0x1A, "Ç": 0x09}
    assert {character: BASIC.index(character) for character in codes} == codes
    assert set(EXTENSION) == set("\f^{}\\[~]|€")


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("Amina: KES 1,500.00", "Amina: KES 1,500.00"),
        ("Ŵanjiku\u2019s šare \u2013 “ok”…", 'Wanjiku\'s sare - "ok"...'),
        ("Ɛwe Ɔbaa ŋu", "Ewe Obaa ngu"),
        ("e\u0301cole", "école"),
        ("x\u0301", "x"),
        ("école", "école"),
        ("€ [x]", "€ [x]"),
        ("会議", "??"),
        ("a\x1bb", "a?b"),
    ],
)
def test_letters_lose_what_the_alphabet_has_not(text: str, sent: str) -> None:
    assert to_gsm(text) == sent


def test_some_characters_take_the_place_of_two() -> None:
    assert septets("€[1]") == 7
    assert fit("€" * 80) == "€" * 80
    assert fit("€" * 81) == "€" * 78 + "..."
    with pytest.raises(ValueError, match="alphabet"):
        septets("ŵ")


@given(text=st.text(max_size=400))
def test_whatever_is_sent_fits_and_nothing_short_is_cut(text: str) -> None:
    sent = fit(text)
    assert is_gsm(sent)
    assert septets(sent) <= SMS_SEPTETS_MAX
    assert "\x1b" not in sent
    plain = to_gsm(text)
    assert to_gsm(plain) == plain
    assert (sent == plain) == (septets(plain) <= SMS_SEPTETS_MAX)
