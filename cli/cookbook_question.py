"""Finds questions of the cookbook for the command line, and reads the values of their parameters."""

import difflib
from collections.abc import Sequence
from pathlib import Path

from cli.formats import write_rows
from cli.timestamps import day, timestamp
from core.errors import SettingsError
from load.cookbook import Parameter, Question, question, questions, with_values


def chosen(name: str) -> Question:
    """The question with this name. Raises: SettingsError, which suggests similar names."""
    try:
        return question(name)
    except KeyError:
        near = difflib.get_close_matches(name, [known.name for known in questions()], cutoff=0.4)
        meant = f"Did you mean {' or '.join(near)}? " if near else ""
        raise SettingsError(f"there is no query '{name}'", f"{meant}glanceback sql --list shows them all.") from None


def values(asked: Question, given: Sequence[str], published: Path) -> dict[str, str]:
    """The value of each parameter, from `name=value` texts and the defaults; times are UTC.

    Raises: SettingsError if a parameter is unknown, missing, or not of its type.
    """
    named = dict(_pair(text) for text in given)
    known = {parameter.name: parameter for parameter in asked.parameters}
    for name in named.keys() - known.keys():
        there = f"It has: {', '.join(known)}." if known else "It has none."
        raise SettingsError(f"the query {asked.name} has no parameter '{name}'", there)
    found = {}
    for parameter in asked.parameters:
        text = named.get(parameter.name, parameter.default)
        if text is None:
            raise SettingsError(
                f"the query {asked.name} needs {parameter.name}: {parameter.meaning}",
                f"Give it with --param {parameter.name}=...",
            )
        found[parameter.name] = _value(asked, parameter, text, published)
    return found


def as_pasted(asked: Question, given: Sequence[str], published: Path) -> str:
    """The question's SQL with values instead of its parameters."""
    return with_values(asked, values(asked, given, published))


def show_list(form: str, output: Path | None, *, vertical: bool = False) -> None:
    """Print all questions with their text and parameters in this format."""
    rows: list[tuple[str, str, object]]
    if form in ("json", "yaml"):
        rows = [(known.name, known.asks, {one.name: one.default for one in known.parameters}) for known in questions()]
    else:
        rows = [(known.name, known.asks, "; ".join(map(_told, known.parameters))) for known in questions()]
    write_rows(["query", "question", "parameters"], rows, form, output, vertical=vertical)


def _told(parameter: Parameter) -> str:
    default = f" = {parameter.default}" if parameter.default is not None else ""
    return f"{parameter.name}{default}"


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise SettingsError(f"--param {text} is not name=value", "Write for instance --param since=2026-11-01.")
    return name.strip(), value


def _value(asked: Question, parameter: Parameter, text: str, published: Path) -> str:
    if parameter.type == "DATE":
        return day(text).isoformat()
    if parameter.type == "TIMESTAMP":
        return timestamp(text, published).isoformat(sep=" ")
    if parameter.type == "INTEGER" and not text.strip().isdecimal():
        raise SettingsError(f"the query {asked.name} wants a whole number as {parameter.name}, not '{text}'")
    return text
