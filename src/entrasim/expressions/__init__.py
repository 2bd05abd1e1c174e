"""Expressions of attribute mappings: `compile_expression` turns a text into a function of a person's attributes.

The language is the one that Entra documents for attribute mappings: functions with arguments in parentheses,
attributes in square brackets, texts in double quotes, empty arguments. Every value is a text, a list of texts, or
nothing. Pure.
"""

from entrasim.expressions.language import Expression, ExpressionError, Source, Value, compile_expression

__all__ = ["Expression", "ExpressionError", "Source", "Value", "compile_expression"]
