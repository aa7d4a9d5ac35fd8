"""A question -> the conditions of a query on `shown` and `version`. Values and unknown names are bound, never quoted.

`shown` is the table of sql/api/shown.sql; `version` is image_versions, which is joined if `needs_version` is set.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from api.operators import COMPARISONS, parse_time, split_list, split_operator
from api.question import EVERY_STATUS, Question
from api.refusal import Refusal
from api.spelling import names_of
from extract.listing import IMS
from transform.attribute import Attribute, Kind
from transform.values import PARSERS, Misfit, parse_json_text

_WITH_IN: Final = ("name", "id", "status", "container_format", "disk_format")
"""The attributes that accept `in:`, and `eq:` before a value with a colon."""

_RANGES: Final = ("size", "virtual_size", "min_disk", "min_ram")
_ON_SHOWN: Final = (*_WITH_IN, "size", "owner", "visibility", "created_at", "updated_at")
_NEVER: Final = "false"
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1


@dataclass(slots=True)
class Conditions:
    """`text` is SQL; `parameters` has the values of its $names."""

    parts: list[str] = field(default_factory=list)
    parameters: dict[str, object] = field(default_factory=dict)
    needs_version: bool = False
    _numbers: Callable[[], int] = field(default_factory=lambda: count().__next__)

    @property
    def text(self) -> str:
        return " AND ".join(self.parts) or "true"

    def bind(self, value: object) -> str:
        """The $name that stands for the value."""
        name = f"p{self._numbers()}"
        self.parameters[name] = value
        return f"${name}"

    def of_version(self, column: str) -> str:
        self.needs_version = True
        return f'version."{column}"'


def conditions(question: Question, dialect: str) -> Conditions:
    """The conditions for the images that the question asks for. Raises: Refusal, 400, if a filter has a wrong value."""
    found = Conditions()
    filters = dict(question.filters)
    found.parts += _visible(question, found)
    found.parts.append(_hidden(filters.pop("os_hidden", None)))
    if (protected := filters.pop("protected", None)) is not None:
        found.parts.append(f"{found.of_version('protected')} = {_truth('protected', protected)}")
    filters.pop("deleted", None)  # Glance ignores it: deleted images are never listed
    for tag in question.tags:
        spellings = [tag, tag.replace("=", ".", 1)] if dialect == IMS else [tag]
        found.parts.append(f"list_has_any({found.of_version('tags')}, {found.bind(spellings)})")
    for name, value in filters.items():
        found.parts.append(_filter(name, value, dialect, found))
    return found


def _visible(question: Question, found: Conditions) -> list[str]:
    """Which images a list shows. Source: openstack/glance, `_select_images_query` and `_image_get_all`."""
    parts = ["shown.is_listed"]
    if question.member_status != EVERY_STATUS:
        parts.append(f"(shown.is_open OR shown.is_own OR shown.is_{question.member_status})")
    if question.visibility is None:
        parts.append("(shown.is_own OR shown.visibility IS DISTINCT FROM 'community')")
    elif question.visibility == "shared":
        # Before version 2.5 of Glance's API a shared image says that it is private.
        parts.append("(shown.visibility = 'shared' OR (shown.is_received AND shown.visibility = 'private'))")
    elif question.visibility != "all":
        parts.append(f"shown.visibility = {found.bind(question.visibility)}")
    return parts


def _hidden(asked: str | None) -> str:
    if asked is None or _truth("os_hidden", asked.lower()) == "false":
        return "NOT shown.is_hidden"
    return "shown.says_hidden"


def _truth(name: str, value: str) -> str:
    if value not in ("true", "false"):
        raise Refusal(400, f"Invalid value '{value}' for '{name}' filter. Valid values are 'true' or 'false'.")
    return value


def _filter(name: str, value: str, dialect: str, found: Conditions) -> str:
    if name in _WITH_IN:
        return _with_in(name, value, found)
    if name.endswith(("_min", "_max")) and name[:-4] in _RANGES:
        comparison = ">=" if name.endswith("_min") else "<="
        return f"{_column(name[:-4], found)} {comparison} {found.bind(_whole_number(value))}"
    attribute, also_extra = names_of(name, dialect)
    if attribute is None:
        found.needs_version = True
        return f"version.extra[{found.bind(name)}] = {found.bind(value)}"
    condition = _of_attribute(attribute, value, found)
    if not also_extra:
        return condition
    found.needs_version = True
    of_extra = f"version.extra[{found.bind(name)}]"
    return f"if({of_extra} IS NULL, {condition}, {of_extra} = {found.bind(value)})"


def _with_in(name: str, value: str, found: Conditions) -> str:
    operator, rest = split_operator(value)
    if operator == "in":
        return f"list_contains({found.bind(split_list(rest))}, shown.{name})"
    if operator == "eq":
        return f"shown.{name} = {found.bind(rest)}"
    raise Refusal(400, f"Unable to filter by unknown operator '{operator}'.")


def _whole_number(text: str) -> int:
    try:
        return max(_SMALLEST, min(_LARGEST, int(text)))
    except ValueError as exc:
        raise Refusal(400, "Unable to filter on a range with a non-numeric value.") from exc


def _of_attribute(attribute: Attribute, value: str, found: Conditions) -> str:
    """The condition for one attribute: its whole value is compared; a time may have an operator."""
    column = _column(attribute.column, found)
    match attribute.kind:
        case Kind.TIMESTAMP:
            return _compared(attribute.api_name, column, value, found)
        case Kind.BOOLEAN:
            return f"{column} = {value.lower()}" if value.lower() in ("true", "false") else _NEVER
        case Kind.FLAG | Kind.DAY:
            try:
                return f"{column} = {found.bind(PARSERS[attribute.kind](value))}"
            except Misfit:
                return _NEVER
        case Kind.INTEGER | Kind.BIGINT:
            return f"CAST({column} AS VARCHAR) = {found.bind(value)}"
        case Kind.TAGS:
            return f"list_contains({column}, {found.bind(value)})"
        case Kind.JSON:
            try:
                return f"CAST({column} AS VARCHAR) = {found.bind(parse_json_text(value))}"
            except Misfit:
                return _NEVER
    return f"{column} = {found.bind(value)}"


def _compared(name: str, column: str, value: str, found: Conditions) -> str:
    operator, rest = split_operator(value)
    time = parse_time(rest)
    if time is None:
        raise Refusal(400, f'Bad "{name}" query filter format. Use ISO 8601 DateTime notation.')
    if operator not in COMPARISONS:
        raise Refusal(400, "Unable to filter on a unknown operator.")
    return f"{column} {COMPARISONS[operator]} CAST({found.bind(time)} AS TIMESTAMP)"


def _column(name: str, found: Conditions) -> str:
    return f"shown.{name}" if name in _ON_SHOWN else found.of_version(name)
