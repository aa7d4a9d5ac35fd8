"""Finds questions of the cookbook for the command line, and reads the values of their parameters."""

import difflib
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from pathlib import Path
from typing import Final

from cli.beginnings import beginnings, first_readings
from cli.display import printable
from cli.formats import write_rows
from cli.timestamps import day, timestamp
from core.errors import SettingsError
from load.cookbook import A_CLOUD, CLOUDS, Parameter, Question, question, questions, with_values
from load.published import ask

_OF_THE_HISTORY: Final = ("at", "day", "from", "since", "to", "until")
"""Parameters that name a time for which the history is asked. Others, such as `on`, judge what is there now."""


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

    Raises: SettingsError if a parameter is unknown, missing, not of its type, or has a value that it must not have.
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


def before_the_history(asked: Question, given: Sequence[str], found: Mapping[str, str], published: Path) -> list[str]:
    """A line for each cloud whose history begins after a time that the user gave, or after `yesterday`."""
    named = dict(_pair(text) for text in given)
    ends = [
        _end(parameter, found[parameter.name])
        for parameter in asked.parameters
        if parameter.name in _OF_THE_HISTORY and (parameter.name in named or parameter.default in ("now", "yesterday"))
    ]
    return beginnings(first_readings(published), min(ends), "nothing is known before that") if ends else []


def _end(parameter: Parameter, value: str) -> datetime:
    found = datetime.fromisoformat(value)
    return datetime.combine(found, time.max) if parameter.type == "DATE" else found


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
    return f"{parameter.name}{default}" + (f" ({', '.join(parameter.choices)})" if parameter.choices else "")


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
    _check_choice(asked, parameter, text, published)
    if parameter.type == "INTEGER" and not text.strip().isdecimal():
        raise SettingsError(f"the query {asked.name} wants a whole number as {parameter.name}, not '{text}'")
    return text


def _check_choice(asked: Question, parameter: Parameter, text: str, published: Path) -> None:
    """Raises: SettingsError if the text is not one of the parameter's values, or names no cloud of the history."""
    known: Sequence[str] = parameter.choices
    fits = text in known
    if known in ((A_CLOUD,), (CLOUDS,)):
        query = "SELECT DISTINCT cloud, cloud LIKE $text FROM image_versions ORDER BY cloud"
        fitting: dict[str, bool] = dict(ask(published, query, {"text": text}).rows())
        fits = any(fitting.values()) if known == (CLOUDS,) else text in fitting
        fits = fits or (known == (CLOUDS,) and text == parameter.default)
        known = list(fitting)
    if known and not fits:
        raise SettingsError(
            f"the query {asked.name} has no {parameter.name} '{text}'",
            f"There are: {', '.join(map(printable, known))}.",
        )
