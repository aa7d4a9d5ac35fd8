"""Writes rows as YAML, row by row: a list of mappings, as openstackclient does. Called by cli.formats.

PyYAML needs minutes for a large answer. The values come as JSON. Its texts and numbers are also valid YAML, with a few
exceptions, which are written differently. Simple texts have no quotes. Source: YAML 1.1 and 1.2.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

_PLAIN: Final = re.compile(
    r"[A-Za-z_/][\w./@+-]*(?: [\w./@+(-][\w./@+()-]*)*|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII
)
_WORDS: Final = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
"""Words that YAML 1.1 does not read as text, in upper or lower case."""

_LONGEST_KEY: Final = 1000
"""A longer key needs a question mark in front: YAML searches only 1,024 characters for the colon."""

_LONGEST_KEPT: Final = 100


def yaml_rows(columns: Sequence[str], rows: Iterable[Sequence[str | None]]) -> Iterator[str]:
    """Each row as an item of a YAML list; `[]` if there are no rows. Values are JSON texts, or None for null."""
    keys = [f"{'- ' if number == 0 else '  '}{_key(name, '  ')}" for number, name in enumerate(columns)]
    is_empty = True
    for row in rows:
        yield "".join([f"{key}{_value(text)}\n" for key, text in zip(keys, row, strict=True)])
        is_empty = False
    if is_empty:
        yield "[]\n"


def _value(text: str | None) -> str:
    """The text after a row's key, and the lines below it: lists and maps have one line per entry."""
    if text is None:
        return " null"
    if text[0] not in "[{":
        return f" {_kept(text) if len(text) <= _LONGEST_KEPT else _scalar(text)}"
    value = json.loads(text)
    if not value:
        return f" {text}"
    if isinstance(value, list):
        return "".join([f"\n  - {_flow(one)}" for one in value])
    return "".join([f"\n    {_key(name, '    ')} {_flow(one)}" for name, one in value.items()])


def _key(name: str, indent: str) -> str:
    text = _scalar(json.dumps(name, ensure_ascii=False))
    return f"{text}:" if len(text) <= _LONGEST_KEY else f"? {text}\n{indent}:"


def _flow(value: Any) -> str:
    """A value inside a list or a map, on one line."""
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'? {_flow(name)} : {_flow(one)}' for name, one in value.items())}}}"
    return _scalar(json.dumps(value, ensure_ascii=False))


def _scalar(text: str) -> str:
    """A text, a number, true, false or null, from its JSON."""
    if text[0] == '"':
        content = text[1:-1]
        if _PLAIN.fullmatch(content) and content.lower() not in _WORDS:
            return content
        return text if text.isprintable() else "".join(map(_printable, text))
    if "e" in text and text[-1].isdigit():
        mantissa, _, exponent = text.partition("e")
        return f"{mantissa}{'' if '.' in mantissa else '.0'}e{'' if exponent[0] in '+-' else '+'}{exponent}"
    return text


_kept = lru_cache(maxsize=10_000)(_scalar)


def _printable(char: str) -> str:
    """Escape a character that JSON allows, but that YAML refuses or takes as the end of a line."""
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"
