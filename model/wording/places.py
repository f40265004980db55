"""How a finding is worded: one plain sentence, and whether it asks officers to act.

A `notice` only informs; a `task` asks officers to decide or to correct, and says what to do. Places
in a sentence: {who} member, {first} and {second} amount, {entry} receipt of the first entry, {ways}
what each entry says, with its receipt, {where} meeting, {what} kind or detail; the others are in
findings.py, which fills them in.
"""

from __future__ import annotations

from typing import Literal

Weight = Literal["notice", "task"]
Sentences = dict[str, tuple[Weight, str]]
"""Stable code of a finding -> its weight and its sentence."""
