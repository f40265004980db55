"""Providers of mobile money and banks, by a code: what people call them is one thing."""

import re
from typing import Literal

from node.errors import CommandRefused

MOBILE = frozenset(
    {"mpesa", "airtel", "mtn", "tigo", "tigopesa", "halopesa", "vodacom", "vodafone", "orange"}
    | {"wave", "ecocash", "telebirr", "evc", "zaad"}
)
"""Providers of mobile money; every other one is taken for a bank."""


def provider_code(said: str) -> str:
    """The code of a provider as people say it: M-Pesa is mpesa, Airtel Money is airtel."""
    code = re.sub(r"[^a-z0-9]+", "_", said.strip().lower()).strip("_")
    code = {"m_pesa": "mpesa", "airtel_money": "airtel", "mtn_momo": "mtn"}.get(code, code)
    if not code or len(code) > 32:
        raise CommandRefused(
            "Whose statement is it? Give --provider, such as mpesa, airtel or the bank's name.",
            "which_provider",
        )
    return code


def pocket_of(provider: str) -> Literal["mobile", "bank"]:
    """Where the money of a provider is held."""
    return "mobile" if provider in MOBILE else "bank"
