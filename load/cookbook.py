"""Reads the questions in sql/queries and their parameters. For `glanceback sql --query`.

After its description, a file's header may say `-- $name = default: meaning`, or `-- $name: meaning` for a required
parameter. The query's cast gives the type of a parameter: `$name::DATE`. Without a cast it is text. Before the colon,
`[one, other]` lists the values that it may have; `[a cloud]` is the name of a cloud, `[clouds]` a pattern of names. The
comment behind a column says what it means, as in a view.
"""

import re
from dataclasses import dataclass
from typing import Final

from load.statements import names, quoted, statement

_FOLDER: Final = "queries"
_NOW: Final = "make_timestamp(epoch_us(now()))"
_TODAY: Final = f"{_NOW}::DATE"
_DAYS: Final = {
    "now": _NOW,
    "today": f"({_TODAY})",
    "yesterday": f"({_TODAY} - 1)",
    "tomorrow": f"({_TODAY} + 1)",
    "this month": f"date_trunc('month', {_TODAY})",
}
_DAYS_AGO: Final = re.compile(r"(\d+) days ago")
_PARAMETER: Final = re.compile(
    r"^-- \$(?P<name>\w+)(?: = (?P<default>[^:\[]+?))?(?: \[(?P<choices>[^\]]+)\])?: (?P<meaning>.+)$", re.MULTILINE
)
A_CLOUD: Final = "a cloud"
CLOUDS: Final = "clouds"


@dataclass(frozen=True, slots=True)
class Parameter:
    """`type`: TIMESTAMP, DATE, INTEGER or VARCHAR. `default`: as a user writes it; None if required.

    `choices`: the values that it may have, or A_CLOUD or CLOUDS alone; empty if any.
    """

    name: str
    type: str
    default: str | None
    meaning: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """`text`: the SQL with its comments. `columns`: the meaning of its columns that `images` does not have."""

    name: str
    asks: str
    text: str
    parameters: tuple[Parameter, ...]

    @property
    def columns(self) -> dict[str, str]:
        return statement(_FOLDER, self.name).columns


def questions() -> list[Question]:
    """All questions, sorted by name."""
    return [question(name) for name in names(_FOLDER)]


def question(name: str) -> Question:
    """The question with this name. Raises: KeyError if it does not exist."""
    if name not in names(_FOLDER):
        raise KeyError(name)
    text = statement(_FOLDER, name).text
    parameters = tuple(
        Parameter(
            found["name"],
            _type_of(found["name"], text),
            found["default"],
            found["meaning"],
            tuple(found["choices"].split(", ")) if found["choices"] else (),
        )
        for found in _PARAMETER.finditer(text)
    )
    return Question(name, text.partition("\n")[0].partition(": ")[2], text, parameters)


def with_values(asked: Question, values: dict[str, str]) -> str:
    """The SQL without its header, with these values instead of the parameters. A user can paste it elsewhere."""
    body = "".join(line for line in asked.text.splitlines(keepends=True) if not line.startswith("--"))
    return re.sub(r"\$(\w+)", lambda found: "'" + values[found[1]].replace("'", "''") + "'", body)


def runnable(asked: Question) -> str:
    """The SQL that runs as it is, header and all: the defaults stand for the parameters that have one.

    Days and times are expressions, in UTC, so that the SQL asks for the day on which it runs.
    """
    defaults = {one.name: _in_sql(one.default) for one in asked.parameters if one.default is not None}
    return re.sub(
        r"^(?!--).*$",
        lambda line: re.sub(r"\$(\w+)", lambda found: defaults.get(found[1], found[0]), line[0]),
        asked.text,
        flags=re.MULTILINE,
    )


def _in_sql(default: str) -> str:
    """What the default means, as an expression."""
    if default in _DAYS:
        return _DAYS[default]
    days = _DAYS_AGO.fullmatch(default)
    return f"({_TODAY} - {days[1]})" if days else quoted(default)


def _type_of(name: str, text: str) -> str:
    cast = re.search(rf"\${name}::([A-Z]+)", text)
    return cast[1] if cast else "VARCHAR"
