"""Mapping expressions give what Microsoft's function reference says, and refuse what is none."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrasim.expressions import ExpressionError, Value, compile_expression

SOURCE: dict[str, Value] = {
    "givenName": "John",
    "surname": "Doe",
    "mail": "john.doe@contoso.com",
    "state": "QLD",
    "title": "Product Developer",
    "phone": "+91 9998887777",
    "address": "545 Tremont Street",
    "flag": "True",
    "empty": "",
    "many": ["b", "a", "b"],
    "number": "12",
}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('Append([mail], ".test")', "john.doe@contoso.com.test"),
        ('Coalesce([nothing], [mail], "x")', "john.doe@contoso.com"),
        ("Coalesce([nothing])", None),
        ('Switch([state], "Australia/Sydney", "NSW", "Australia/Sydney", "QLD", "Australia/Brisbane")',
         "Australia/Brisbane"),
        ('Switch([nothing], "Default Value", "true", "1", "", "0")', "0"),
        ('Switch([flag], , "False", "True")', None),
        ('Switch([flag], , "True", "yes")', "yes"),
        ('Join(" ", [givenName], [nothing], [surname])', "John Doe"),
        ('Join(", ", "", [surname], [givenName])', "Doe, John"),
        ('Join("-", [many])', "b-a-b"),
        ('Append(Mid([givenName], 1, 3), Mid([surname], 1, 5))', "JohDoe"),
        ('Left("John Doe", 3)', "Joh"),
        ('Left("John", -1)', "John"),
        ('Right("John", 2)', "hn"),
        ('ToLower([givenName])', "john"),
        ('ToUpper([givenName], "en-US")', "JOHN"),
        ('Trim("  a ")', "a"),
        ('StripSpaces(" a b ")', "ab"),
        ('NormalizeDiacritics("Zoë Łęcka-Strauß")', "Zoe Lecka-Strauss"),
        ("Not([flag])", "False"),
        ("IsPresent([mail])", "True"),
        ("IsNullOrEmpty([empty])", "True"),
        ("IsNull([empty])", "False"),
        ("IsNull([nothing])", "True"),
        ('IIF([state]="QLD",[mail],[title])', "john.doe@contoso.com"),
        ('IIF([state]<>"QLD",[mail],[title])', "Product Developer"),
        ('IIF([number] > 9, "many", "few")', "many"),
        ('IIF(IsNullOrEmpty([nothing]),"Other",[state])', "QLD"),  # documented: such a condition is not met
        ("Item([many], 2)", "a"),
        ("Item([many], 0)", None),
        ("Count([many])", "3"),
        ("RemoveDuplicates([many])", ["b", "a"]),
        ('Split("PermissionSetOne, PermissionSetTwo", ",")', ["PermissionSetOne", "PermissionSetTwo"]),
        ('Word("The quick brown fox",3," ")', "brown"),
        ('Word("This,string!has&many separators",3,",!&#")', "has"),
        ('InStr("The quick brown fox","quick")', "5"),
        ('InStr("repEated","e",3,"vbBinaryCompare")', "7"),
        ('PCase("PABLO GONSALVES (SECOND)")', "Pablo Gonsalves (Second)"),
        ("PCase(\"PINTO-DE'SILVA\",\" '-\")", "Pinto-De'Silva"),
        ('ConvertToBase64("Hello world!")', "SABlAGwAbABvACAAdwBvAHIAbABkACEA"),
        ('ConvertToUTF8Hex("Hello world!")', "48656C6C6F20776F726C6421"),
        ("IgnoreFlowIfNullOrEmpty([empty])", None),
        ('Replace([mail], "@contoso.com", , ,"", ,)', "john.doe"),
        ('Replace([title],"Product Developer", , , "Software Engineer", , )', "Software Engineer"),
        ('Replace([givenName],"<username>", , , , , "<username>@contoso.com")', "John@contoso.com"),
        (r'Replace([phone], , "\\+(?<isdCode>\\d* )(?<phoneNumber>\\d{10})", , "${phoneNumber}", , )', "9998887777"),
        (r'Replace("+1 (999) 888-7777", , "[()\\s-]+", , "", , )', "+19998887777"),
        (r'Replace([address], ,"(?<streetNumber>^\\d*)","streetNumber", "888", , )', "888 Tremont Street"),
        (r'Replace([mail], , "(?<Suffix>@(.)*)", "Suffix", "", , )', "john.doe"),
        (r'Replace([empty], , "\\+(?<isd>\\d* )(?<phone>\\d{10})", "phone", , [phone], )', "9998887777"),
        ('"a \\"quoted\\" \\\\ text"', 'a "quoted" \\ text'),
    ],
)  # fmt: skip
def test_functions_give_what_their_reference_says(written: str, value: Value) -> None:
    assert compile_expression(written).evaluate(SOURCE) == value


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("", "is missing before 'the end'"),
        ("tolower([mail])", "no function 'tolower'"),
        ("ToLower", "parentheses"),
        ("ToLower([mail]", "closing parenthesis"),
        ("ToLower([mail]) x", "nothing more"),
        ("Mid([mail], 1)", "takes 3 arguments, not 2"),
        ('Switch([a], "b", "c")', "takes 4 to 64"),
        ('Switch([a], "b", "c", "d", "e")', "in pairs"),
        ("ToLower([mail)", "cannot be read"),
        ('SelectUniqueValue("a", "b")', "Active Directory"),
        ("Not(" * 30 + "[a]" + ")" * 30, "inside one another"),
        ("Append([a], " + '"' + "x" * 10_001 + '")', "longer"),
    ],
)
def test_what_is_no_expression_is_refused_with_the_reason(written: str, problem: str) -> None:
    with pytest.raises(ExpressionError, match=problem.replace("(", r"\(")):
        compile_expression(written)


@pytest.mark.parametrize("written", ["Mid([mail], 0, 1)", 'Mid([mail], "x", 1)', 'Replace([mail], , "(", , "")'])
def test_what_a_function_cannot_work_on_is_an_expression_error(written: str) -> None:
    with pytest.raises(ExpressionError):
        compile_expression(written).evaluate(SOURCE)


def test_an_expression_knows_the_attributes_that_it_reads() -> None:
    compiled = compile_expression('IIF([a]="x", Join("", [b], ToLower([c])), [a])')
    assert compiled.attributes == {"a", "b", "c"}


@given(st.text(max_size=60))
def test_any_text_is_compiled_or_refused(written: str) -> None:
    with suppress(ExpressionError):
        assert compile_expression(written).text == written


@given(st.text(max_size=40))
def test_any_text_survives_being_quoted(value: str) -> None:
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    assert compile_expression(f'"{quoted}"').evaluate({}) == value
