"""The plain rules of a set as one Python expression, because nearly every request passes them all: asked of CEL, 31
rules take a sixth of what a decision costs.

Only what means the same in both languages is taken: known facts and literals of one type compared, added or
subtracted, and combined by ``&&``, ``||`` and ``!`` of a fact. Every other rule stays with CEL, and so does every
request of which this cannot say that all rules hold. It never says that a rule is broken.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from keyword import iskeyword
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<name>[a-z][a-z0-9_]*)|(?P<int>(?:0|[1-9][0-9]{0,14})(?![\w.]))|(?P<text>'[^'\\\x00-\x1f]*'|\"[^\"\\\x00-\x1f]*\")"
    r"|(?P<sign>&&|\|\||[=!<>]=|[<>()+-])|(?P<not>!)(?=[a-z]))"
)
_SIGNS = {"&&": "and", "||": "or"}
_CONSTANTS = {"true": "True", "false": "False"}


class NotPlain(Exception):
    """An expression that is left to CEL."""


@dataclass(frozen=True, slots=True)
class PlainCheck:
    """Whether all of some expressions hold, as far as that is plain."""

    names: tuple[str, ...]
    types: list[type]
    check: Callable[..., bool]

    def holds(self, facts: Mapping[str, Any]) -> bool:
        """False also where a fact is missing or of another type than the expressions take it for."""
        values = [facts.get(name) for name in self.names]
        return [*map(type, values)] == self.types and self.check(*values)


def plain_check(conditions: Sequence[ast.expr], types: Mapping[str, type]) -> PlainCheck:
    """One function of all the facts that these read; each condition is one of ``plain_condition``."""
    names = sorted({one.id for each in conditions for one in ast.walk(each) if isinstance(one, ast.Name)})
    arguments = ast.arguments(
        posonlyargs=[], args=[ast.arg(name) for name in names], kwonlyargs=[], kw_defaults=[], defaults=[]
    )
    body = ast.BoolOp(ast.And(), [ast.Constant(True), ast.Constant(True), *conditions])
    function = ast.fix_missing_locations(ast.Expression(ast.Lambda(arguments, body)))
    check = eval(compile(function, "<rules>", "eval"), {"__builtins__": {}})  # only nodes that _type_of knows
    return PlainCheck(tuple(names), [types[name] for name in names], check)


def plain_condition(when: str, expression: str, types: Mapping[str, type]) -> ast.expr:
    """``when ? expression : true``. ``types`` are those of the facts. Raises NotPlain."""
    made = ast.BoolOp(ast.Or(), [ast.UnaryOp(ast.Not(), _parsed(when)), _parsed(expression)])
    if _type_of(made, types) is not bool:
        raise NotPlain
    return made


def _parsed(expression: str) -> ast.expr:
    """CEL, token by token, as Python's parser reads it. ``!`` binds a name closer than Python's ``not`` would."""
    tokens: list[str] = []
    at, text = 0, expression.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise NotPlain
        at = found.end()
        token = found[0].strip()
        negated = bool(tokens) and tokens[-1] == "(not"
        if found["name"] and iskeyword(token):
            raise NotPlain
        if found["not"]:
            tokens.append("(not")
        elif found["text"]:
            tokens.append(f"({token})")  # Python would join two that stand side by side
        else:
            tokens.append(_SIGNS.get(token) or _CONSTANTS.get(token, token))
        if negated:
            tokens.append(")")
    try:
        return ast.parse(" ".join(tokens), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise NotPlain from None


def _type_of(node: ast.expr, types: Mapping[str, type]) -> type:
    """bool, int or str. Raises NotPlain where CEL might see it otherwise."""
    match node:
        case ast.Constant(value=bool() | int() | str() as value):
            return type(value)
        case ast.Name(id=name) if types.get(name) in (bool, int, str):
            return types[name]
        case ast.UnaryOp(op=ast.Not(), operand=operand) if _type_of(operand, types) is bool:
            return bool
        case ast.BoolOp(values=values) if all(_type_of(one, types) is bool for one in values):
            return bool
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            if _type_of(left, types) is _type_of(right, types) is int:
                return int
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            kind = _type_of(left, types)
            ordered = not isinstance(op, (ast.Eq, ast.NotEq))
            if kind is _type_of(right, types) and (kind is int or not ordered):
                return bool
    raise NotPlain
