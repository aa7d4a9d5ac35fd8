"""Checks clouds.yaml, secure.yaml and clouds-public.yaml before openstack.config reads them.

openstack.config ignores a file that it cannot read, and then says that the entry was not found; an entry with a wrong
type ends in a TypeError. Called by extract.account. Errors do not show values, because any value may be a secret.
"""

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from core.errors import SettingsError
from core.wording import reason
from extract.openstack_config import openstack_config

_QUOTES: Final = "Indent with spaces, never with tabs, and write values with special characters in quotes."
_EXAMPLE: Final = "The README shows an entry."
_Scalar = str | int | float | bool | None


class _Region(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    values: dict[str, Any] = {}


class _Auth(msgspec.Struct):
    auth_url: str | None = None


class _Entry(msgspec.Struct):
    """The types that openstack.config relies on without a check. The code that uses other values checks them."""

    auth: dict[str, _Scalar | list[str]] = {}
    regions: list[str | _Region] = []
    region_name: str | int | list[str] = ""
    profile: str | None = None
    cloud: str | None = None
    auth_type: str | None = None
    auth_plugin: str | None = None
    interface: str | list[str] | None = None
    endpoint_type: str | list[str] | None = None
    verify: bool | str = True
    insecure: bool | str = False
    cacert: str | None = None
    cert: str | None = None
    key: str | None = None
    networks: list[dict[str, Any]] = []
    metrics: dict[str, dict[str, Any]] = {}


class _Unusable(Exception):
    """The reason why a file cannot be read: a clause whose subject is the file."""


@dataclass(frozen=True, slots=True)
class ClientFiles:
    """The readable files, in the order of the search, and the problems of the others."""

    clouds: list[str]
    secure: list[str]
    vendors: list[str]
    problems: list[str]
    entries: Mapping[str, Any]
    """The content of the requested entry in each kind of file: `clouds`, `secure` and `vendors`."""

    def problems_text(self) -> str:
        return "".join(f"; {problem}" for problem in self.problems)


def client_files(name: str | None, where: str) -> ClientFiles:
    """Return the files that openstack.config may read for the entry `name` (None: for the OS_* variables alone).

    Raises: SettingsError if a needed file cannot be read, or its entry has values of the wrong type.
    """
    loader = openstack_config().loader

    problems: list[str] = []
    readable: dict[str, list[str]] = {}
    entries: dict[str, Any] = {}
    for kind, paths, variable, section in (
        ("clouds", loader.CONFIG_FILES, "OS_CLIENT_CONFIG_FILE", "clouds"),
        ("secure", loader.SECURE_FILES, "OS_CLIENT_SECURE_FILE", "clouds"),
        ("vendors", loader.VENDOR_FILES, "", "public-clouds"),
    ):
        named = os.environ.get(variable, "")
        if named and not Path(named).exists():
            problems.append(f"{variable} names {named}, which does not exist")
        contents, broken = _read_all([named, *paths])
        for path, problem in broken.items():
            # Without its secure.yaml an entry has no password, and the error would blame the cloud.
            if path == named or (kind != "clouds" and name is not None):
                raise SettingsError(f"{where}: {path} {problem}", _QUOTES)
            problems.append(f"{path} {problem}")
        readable[kind] = list(contents)
        of_vendor = kind == "vendors"
        for path, content in contents.items():
            wanted = (entries.get("clouds") or {}).get("profile") if of_vendor else name
            entries[kind] = _entry(content, section, wanted, f"{where}: {path}")
    return ClientFiles(readable["clouds"], readable["secure"], readable["vendors"], problems, entries)


def _read_all(paths: Iterable[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the content of the first readable file, by path, and the problems of the files before it."""
    broken: dict[str, str] = {}
    for path in filter(None, paths):
        try:
            if Path(path).exists():
                return {path: _content(path)}, broken
        except _Unusable as exc:
            broken[path] = str(exc)
    return {}, broken


def _content(path: str) -> Any:
    import yaml  # type: ignore[import-untyped] # openstack.config's parser

    try:
        text = Path(path).read_text(encoding="utf-8")
        return json.loads(text) if path.endswith("json") else yaml.safe_load(text)
    except UnicodeDecodeError as exc:
        raise _Unusable("is not UTF-8 text") from exc
    except OSError as exc:
        raise _Unusable(f"cannot be read ({reason(exc)})") from exc
    except yaml.MarkedYAMLError as exc:
        # The parser's message may quote a value: it reads `password: !x` as an unknown tag.
        raise _Unusable(_not_yaml(text, exc.problem_mark or exc.context_mark)) from None
    except json.JSONDecodeError as exc:
        raise _Unusable(f"is not JSON: line {exc.lineno}, column {exc.colno}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as exc:
        raise _Unusable(f"is not YAML ({type(exc).__name__})") from None


def _not_yaml(text: str, mark: Any) -> str:
    if mark is None:
        return "is not YAML"
    line = text.splitlines()[mark.line] if mark.line < len(text.splitlines()) else ""
    tab = "a tab in " if "\t" in line[: mark.column + 1] else ""
    return f"is not YAML: {tab}line {mark.line + 1}, column {mark.column + 1}"


def _entry(content: Any, section: str, name: str | None, where: str) -> Any:
    """Return the entry of that name; None if it does not exist. Raises: SettingsError."""
    if content is None:
        return None
    entries = content.get(section, {}) if isinstance(content, dict) else content
    if not isinstance(entries, dict):
        raise SettingsError(f"{where} is not a mapping with '{section}' in it", _EXAMPLE)
    if name is None or name not in entries:
        return None
    found = entries[name]
    if not isinstance(found, dict) or not found:
        raise SettingsError(f"{where}: the entry '{name}' is {_kind(found)}, not a mapping", _EXAMPLE)
    try:
        _check_keys(found)
        msgspec.convert(found, _Entry)
        msgspec.convert(found.get("auth", {}), _Auth)
    except msgspec.ValidationError as exc:
        raise SettingsError(f"{where}: in the entry '{name}', {_sentence(str(exc))}", _EXAMPLE) from None
    except RecursionError:
        raise SettingsError(f"{where}: the entry '{name}' contains itself", _EXAMPLE) from None
    return found


def _check_keys(value: Any) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise msgspec.ValidationError("Expected `str`, got another type - at `key` in `$`")
            _check_keys(inner)


_KINDS: Final = {
    "object": "a mapping",
    "array": "a list",
    "str": "text",
    "null": "empty",
    "bool": "true or false",
    "int": "a number",
    "float": "a number",
}


def _kind(value: Any) -> str:
    return "a list" if isinstance(value, list) else "empty" if value in (None, {}, "") else f"a {type(value).__name__}"


def _sentence(problem: str) -> str:
    """Reword msgspec's message "Expected `object`, got `str` - at `$.auth`" as "auth must be a mapping, not text"."""
    problem, _, at = problem.partition(" - at ")
    place = at.replace("`key` in", "a key in").replace("`", "").replace("$.", "").replace("$", "the entry") or "it"
    if found := re.fullmatch(r"Expected `(.*)`, got `?(.*?)`?", problem):
        wanted = dict.fromkeys(_KINDS.get(name, name) for name in found[1].split(" | ") if name != "null")
        return f"{place} must be {' or '.join(wanted)}, not {_KINDS.get(found[2], found[2])}"
    if found := re.fullmatch(r"Object (missing required|contains unknown) field `(.*)`", problem):
        return f"{place} {'needs' if found[1] == 'missing required' else 'must not have'} '{found[2]}'"
    return f"{place} has the wrong type"
