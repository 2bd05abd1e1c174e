"""The grammar of mapping expressions, and the compiler that turns a text into nested functions.

    expression = operand [ ("=" / "<>" / "<" / "<=" / ">" / ">=") operand ]
    operand    = Name "(" [argument *("," argument)] ")" / "[" attribute "]" / text / integer
    argument   = [expression]

Function names keep their case, as in Entra. Texts escape `"` and the backslash with a backslash.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from entrasim.expressions.functions import FUNCTIONS
from entrasim.expressions.values import Evaluator, ExpressionError, Source, Value, text, truth

__all__ = ["Expression", "ExpressionError", "Source", "Value", "compile_expression"]

LONGEST, DEEPEST = 10_000, 24
_TOKEN = re.compile(
    r"""\s*(?:(?P<name>[A-Za-z]\w*)|\[(?P<attribute>[^\[\]"]{1,200})\]|"(?P<text>(?:[^"\\]|\\.)*)"
    |(?P<number>-?\d{1,15})|(?P<operator><>|<=|>=|[=<>])|(?P<mark>[(),]))""",
    re.VERBOSE | re.DOTALL,
)
_COMPARISONS: dict[str, Callable[[int], bool]] = {
    "=": lambda order: order == 0,
    "<>": lambda order: order != 0,
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}
_ELSEWHERE = {
    "SelectUniqueValue": "Entra offers SelectUniqueValue for Active Directory targets only, not for SCIM applications",
}


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression and the attributes that it reads."""

    text: str
    evaluate: Evaluator
    attributes: frozenset[str]


@dataclass
class _Parser:
    tokens: list[tuple[str, str]]
    place: int = 0
    attributes: set[str] = field(default_factory=set)

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.place] if self.place < len(self.tokens) else ("end", "")

    def take(self) -> tuple[str, str]:
        token = self.peek()
        self.place += 1
        return token

    def expression(self, depth: int) -> Evaluator:
        left = self.operand(depth)
        kind, operator = self.peek()
        if kind != "operator":
            return left
        self.take()
        return _comparison(left, operator, right=self.operand(depth))

    def operand(self, depth: int) -> Evaluator:
        if depth > DEEPEST:
            raise ExpressionError(f"more than {DEEPEST} functions inside one another")
        kind, value = self.take()
        if kind == "attribute":
            self.attributes.add(value)
            return lambda source: source.get(value)
        if kind in ("text", "number"):
            return lambda source: value
        if kind == "name":
            return self.call(value, depth)
        raise ExpressionError(f"a function, an [attribute] or a text is missing before {value or 'the end'!r}")

    def call(self, name: str, depth: int) -> Evaluator:
        function = FUNCTIONS.get(name)
        if function is None:
            raise ExpressionError(_ELSEWHERE.get(name, f"there is no function {name!r}"))
        if self.take() != ("mark", "("):
            raise ExpressionError(f"{name} needs its arguments in parentheses")
        outer, self.attributes = self.attributes, set()
        arguments: list[Evaluator] = []
        condition: frozenset[str] = frozenset()
        for argument in self.arguments(depth):
            arguments.append(argument)
            condition = condition if len(arguments) > 1 else frozenset(self.attributes)
        self.attributes |= outer
        _check_count(name, len(arguments))
        if name == "IIF":
            return _conditional(arguments, condition)
        return lambda source: function.call([argument(source) for argument in arguments])

    def arguments(self, depth: int) -> Iterator[Evaluator]:
        if self.peek() == ("mark", ")"):
            self.take()
            return
        while True:
            if self.peek() in (("mark", ","), ("mark", ")")):
                yield _nothing
            else:
                yield self.expression(depth + 1)
            kind, mark = self.take()
            if (kind, mark) == ("mark", ")"):
                return
            if (kind, mark) != ("mark", ","):
                raise ExpressionError(f"a comma or a closing parenthesis is missing before {mark or 'the end'!r}")


def compile_expression(written: str) -> Expression:
    """Compile an expression. Raises `ExpressionError`, which says what is wrong."""
    if len(written) > LONGEST:
        raise ExpressionError(f"longer than {LONGEST} characters")
    parser = _Parser(list(_tokens(written)))
    evaluate = parser.expression(0)
    if parser.peek()[0] != "end":
        raise ExpressionError(f"nothing more is expected from {parser.peek()[1]!r} on")
    return Expression(written, evaluate, frozenset(parser.attributes))


def _tokens(written: str) -> Iterator[tuple[str, str]]:
    place, end = 0, len(written.rstrip())
    while place < end:
        found = _TOKEN.match(written, place)
        if found is None:
            raise ExpressionError(f"{written[place : place + 20].strip()!r} cannot be read")
        kind = str(found.lastgroup)
        value = found[kind]
        yield kind, re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL) if kind == "text" else value
        place = found.end()


def _check_count(name: str, count: int) -> None:
    function = FUNCTIONS[name]
    if not function.least <= count <= function.most:
        most = "" if function.most == function.least else f" to {function.most}"
        raise ExpressionError(f"{name} takes {function.least}{most} arguments, not {count}")
    if name == "Switch" and count % 2:
        raise ExpressionError("Switch takes a source, a default, and keys and values in pairs")


def _conditional(arguments: list[Evaluator], needed: frozenset[str]) -> Evaluator:
    """Build an IIF: where an attribute of its condition is empty, the condition is not met, as Entra documents."""

    def evaluate(source: Source) -> Value:
        if not all(text(source.get(name)) for name in needed):
            return arguments[2](source)
        return FUNCTIONS["IIF"].call([argument(source) for argument in arguments])

    return evaluate


def _comparison(left: Evaluator, operator: str, *, right: Evaluator) -> Evaluator:
    holds = _COMPARISONS[operator]
    return lambda source: truth(holds(_order(text(left(source)), text(right(source)))))


def _order(left: str, right: str) -> int:
    """Order two texts, as integers where both are."""
    try:
        one, two = int(left), int(right)
    except ValueError:
        return (left > right) - (left < right)
    return (one > two) - (one < two)


def _nothing(source: Source) -> Value:
    return None
