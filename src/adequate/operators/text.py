"""Operators from text: ``parse_operator("drum(8,8,4)")``; the other way is ``str(operator)``."""

import ast
from dataclasses import MISSING, fields
from typing import Any

from adequate.formats import FORMATS, parse
from adequate.operators.adders import ADDERS
from adequate.operators.multipliers import MULTIPLIERS
from adequate.operators.operator import Operator
from adequate.operators.tabulated import Tabulated

_CLASSES: dict[str, type[Operator]] = {kind.name: kind for kind in (*MULTIPLIERS, Tabulated, *ADDERS)}
_FORMATS = {kind.name for kind in FORMATS}
_LONGEST = 1000  # characters; a deeper nesting than this allows is none of ours


def parse_operator(text: str) -> Operator:
    """The multiplier or adder that ``text`` describes; ``parse_operator(str(operator)) == operator``.

    >>> parse_operator("broken_array(8,8,vertical=4)")
    BrokenArray(width_a=8, width_b=8, horizontal=0, vertical=4)
    >>> print(parse_operator("sign_magnitude(drum(8,8,4),signed_a=False)"))
    sign_magnitude(drum(8,8,4),signed_a=False)

    Raises:
        ValueError: ``text`` is no operator; the message says what is wrong and what there is.
    """
    shown = text if len(text) <= 60 else text[:57] + "..."
    try:
        if len(text) > _LONGEST:
            raise ValueError(f"it has {len(text)} characters, more than any operator")
        value = _value(ast.parse(text.strip(), mode="eval").body, text.strip())
    except (SyntaxError, RecursionError, MemoryError):
        raise ValueError(f"{shown!r} is no operator: write name(argument,...,name=argument)") from None
    except (TypeError, ValueError) as error:
        raise ValueError(f"{shown!r}: {error}") from None
    if not isinstance(value, Operator):
        raise ValueError(f"{shown!r} is no operator; {_alternatives()}")
    return value


def _value(node: ast.expr, text: str) -> Any:
    match node:
        case ast.Constant(value=bool() | int() | str() | None as value):
            return value
        case ast.Name(id=name) if name in _CLASSES:
            return _built(name, [], {})
        case ast.Call(func=ast.Name(id=name)) if name in _FORMATS:
            return parse(ast.get_source_segment(text, node) or "")
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=named):
            keywords = {one.arg or "**": _value(one.value, text) for one in named}
            return _built(name, [_value(argument, text) for argument in arguments], keywords)
        case _:
            raise ValueError(f"there is {ast.unparse(node)!r} where an argument should be")


def _built(name: str, arguments: list[Any], named: dict[str, Any]) -> Operator:
    kind = _CLASSES.get(name)
    if kind is None:
        raise ValueError(f"no such operator {name!r}; {_alternatives()}")
    known = [field for field in fields(kind) if field.repr]  # pyright: ignore[reportArgumentType]
    given = dict(zip((field.name for field in known), arguments, strict=False)) | named
    missing = [field.name for field in known if field.default is MISSING and field.name not in given]
    unknown = [key for key in named if key not in {field.name for field in known}]
    if missing or unknown or len(arguments) + len(named) != len(given):
        raise ValueError(f"write {_usage(kind)}")
    for field in known:
        value = given.get(field.name, field.default)
        if isinstance(field.type, type) and field.type is not int and not isinstance(value, field.type):
            raise ValueError(f"{field.name} of {name} is a {field.type.__name__}, not {value}")
    return kind(**given)


def _usage(kind: type[Operator]) -> str:
    arguments = [
        field.name if field.default is MISSING else f"[{field.name}=...]"
        for field in fields(kind)  # pyright: ignore[reportArgumentType]
        if field.repr
    ]
    return f"{kind.name}({','.join(arguments)})" if arguments else kind.name


def _alternatives() -> str:
    return f"operators are {', '.join(map(_usage, _CLASSES.values()))}"
