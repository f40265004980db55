"""Putting something before a function of the product, in place: who holds it calls the new code.

Modules import functions by name, so giving a module another function would reach some callers and
not others. The function object stays, and gets another code object, which calls what is put there.
"""

import importlib
from collections.abc import Callable
from types import FunctionType
from typing import Any, Final

Call = Callable[..., Any]
Undo = Callable[[], None]

_PLACED: Final[list[str]] = []


def function_at(where: str) -> FunctionType:
    """The plain function of "module:qualified name". TypeError for anything else."""
    module, _, path = where.partition(":")
    found: Any = importlib.import_module(module)
    for name in path.split("."):
        found = found.__dict__[name] if isinstance(found, type) else getattr(found, name)
    if isinstance(found, property):
        found = found.fget
    if isinstance(found, staticmethod | classmethod):
        found = found.__func__
    found = getattr(found, "__wrapped__", found)  # of a context manager, say
    if not isinstance(found, FunctionType):
        raise TypeError(f"{where} is no plain function")
    return found


def put_before(where: str, make: Callable[[Call], Call]) -> Undo:
    """Have `make(what was there)` called instead; returns what puts everything back."""
    function = function_at(where)
    code, defaults, named = function.__code__, function.__defaults__, function.__kwdefaults__
    before = FunctionType(
        code, function.__globals__, function.__name__, defaults, function.__closure__
    )
    before.__kwdefaults__ = named
    key = f"__put_{len(_PLACED)}"
    _PLACED.append(where)
    names: dict[str, Any] = function.__globals__
    names[key] = make(before)
    made: dict[str, Any] = {}
    exec(f"def put(*a, **k): return {key}(*a, **k)", names, made)
    # The cells of a method that says super() stay with the function, though this code needs none.
    function.__code__ = made["put"].__code__.replace(co_freevars=code.co_freevars)
    function.__defaults__ = None
    function.__kwdefaults__ = None

    def undo() -> None:
        function.__code__ = code
        function.__defaults__ = defaults
        function.__kwdefaults__ = named
        del names[key]

    return undo
