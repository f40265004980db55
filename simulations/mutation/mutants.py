"""The small faults that a file can hold: each is one change of one place, and all can be listed.

Left alone, since a change of them is no fault of behaviour: docstrings, annotations, the first
argument of `cast`, and sentences for people (texts with a blank in them); codes and keys change.
Comparisons, logic, arithmetic, constants, conditions, filters, loops, what is done and what is
returned can each be wrong in one place.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import Final, NamedTuple

SHOWN_MAX: Final = 90  # characters of a change in a report

_COMPARED: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_REVERSED: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
}
_RECKONED: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.Pow: ast.Mult,
}


class Mutant(NamedTuple):
    """One fault: the `choice`-th change of the `place`-th node of a file's tree."""

    path: str  # of the file, from the project's folder
    line: int
    last_line: int
    place: int
    choice: int
    kind: str
    before: str
    after: str

    @property
    def change(self) -> str:
        """What a report prints."""
        return f"{self.path}:{self.line} [{self.kind}] {self.before}  ->  {self.after}"


def list_mutants(path: str, text: str) -> list[Mutant]:
    """Every fault that a file can hold, in the order of its tree."""
    tree = ast.parse(text)
    left_alone = {id(node) for node in _left_alone(tree)}
    return [
        Mutant(
            path,
            node.lineno,
            node.end_lineno or node.lineno,
            place,
            choice,
            kind,
            _shown(node),
            _shown(changed),
        )
        for place, node in enumerate(ast.walk(tree))
        if isinstance(node, ast.expr | ast.stmt) and id(node) not in left_alone
        for choice, (kind, changed) in enumerate(_changes(node))
    ]


def mutated(text: str, mutant: Mutant) -> ast.Module:
    """The tree of the file with the fault in it."""
    tree = ast.parse(text)
    node = next(node for place, node in enumerate(ast.walk(tree)) if place == mutant.place)
    assert isinstance(node, ast.expr | ast.stmt)
    changed = list(_changes(node))[mutant.choice][1]
    _Exchange(node, changed).visit(tree)
    return ast.fix_missing_locations(tree)


class _Exchange(ast.NodeTransformer):
    """Puts one node in the place of another."""

    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old, self._new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        if node is self._old:
            return ast.copy_location(self._new, node)
        return self.generic_visit(node)


def _shown(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= SHOWN_MAX else text[: SHOWN_MAX - 1] + "…"


def _left_alone(tree: ast.Module) -> Iterator[ast.AST]:
    """What has no behaviour of its own, and all that is inside it."""
    for node in ast.walk(tree):
        inside: list[ast.AST | None] = []
        match node:
            case ast.Module() | ast.ClassDef() | ast.FunctionDef():
                inside = [
                    one
                    for one in node.body
                    if isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant)
                ]
                if isinstance(node, ast.FunctionDef):
                    inside.append(node.returns)
            case ast.arg() | ast.AnnAssign():
                inside = [node.annotation]
            case ast.Call(func=ast.Name(id="cast" | "TypeVar")):
                inside = [node.args[0]]
            case ast.JoinedStr():  # its plain pieces are no expressions of their own
                inside = [one for one in node.values if isinstance(one, ast.Constant)]
            case ast.Assign(targets=[ast.Name(id="__slots__" | "__all__")]):
                inside = [node]
        for one in inside:
            if one is not None:
                yield from ast.walk(one)


def _changes(node: ast.expr | ast.stmt) -> Iterator[tuple[str, ast.AST]]:
    """The faults of one node: what kind each is, and the node in its stead."""
    match node:
        case ast.Compare():
            yield from _comparisons(node)
        case ast.BoolOp():
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield "logic", ast.BoolOp(other, node.values)
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield "sign", node.operand
        case ast.BinOp() if type(node.op) in _RECKONED:
            yield "sum", ast.BinOp(node.left, _RECKONED[type(node.op)](), node.right)
        case ast.AugAssign():
            if type(node.op) in _RECKONED:
                yield "sum", ast.AugAssign(node.target, _RECKONED[type(node.op)](), node.value)
            yield "left out", ast.Pass()
        case ast.Constant():
            yield from _constants(node)
        case ast.GeneratorExp() | ast.ListComp() | ast.SetComp() | ast.DictComp():
            yield from _filters(node)
        case ast.If() | ast.While() | ast.IfExp():
            yield from _conditions(node)
        case _:
            yield from _statements(node)


def _comparisons(node: ast.Compare) -> Iterator[tuple[str, ast.AST]]:
    for number, op in enumerate(node.ops):
        for table in (_COMPARED, _REVERSED):
            if type(op) in table:
                ops = [*node.ops[:number], table[type(op)](), *node.ops[number + 1 :]]
                yield "comparison", ast.Compare(node.left, ops, node.comparators)


def _constants(node: ast.Constant) -> Iterator[tuple[str, ast.AST]]:
    match node.value:
        case bool():
            yield "constant", ast.Constant(not node.value)
        case int():
            yield "constant", ast.Constant(node.value + 1)
        case str() if " " not in node.value.strip():
            yield "text", ast.Constant(f"{node.value}?")
        case bytes():
            yield "text", ast.Constant(node.value + b"?")


def _filters(
    node: ast.GeneratorExp | ast.ListComp | ast.SetComp | ast.DictComp,
) -> Iterator[tuple[str, ast.AST]]:
    """A comprehension without one of its conditions."""
    for number, part in enumerate(node.generators):
        for which in range(len(part.ifs)):
            changed = copy.copy(node)
            less = copy.copy(part)
            less.ifs = [*part.ifs[:which], *part.ifs[which + 1 :]]
            changed.generators = [*node.generators[:number], less, *node.generators[number + 1 :]]
            yield "filter", changed


def _conditions(node: ast.If | ast.While | ast.IfExp) -> Iterator[tuple[str, ast.AST]]:
    """A condition turned round, where it is not a comparison or logic that is changed itself."""
    if not isinstance(node.test, ast.Compare | ast.UnaryOp):
        changed = copy.copy(node)
        changed.test = ast.UnaryOp(ast.Not(), node.test)
        yield "condition", changed


def _statements(node: ast.expr | ast.stmt) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.Expr(value=ast.Call()) | ast.Raise() | ast.Delete():
            yield "left out", ast.Pass()
        case ast.Expr(value=ast.Yield() | ast.YieldFrom()):
            yield "left out", _silent_yield()
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield "returned", ast.Return(ast.Constant(None))
        case ast.Break():
            yield "loop", ast.Continue()
        case ast.Continue():
            yield "loop", ast.Break()


def _silent_yield() -> ast.AST:
    """`yield from ()`: nothing is yielded, and the function is a generator still."""
    return ast.Expr(ast.YieldFrom(ast.Tuple([], ast.Load())))
