"""Finds the Prefect server that keeps our runs: PREFECT_API_URL, or the active profile of Prefect, names it.

This module reads the profile itself, because importing Prefect takes a second. Called by cli.sync and flows.start.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def named_server(environment: Mapping[str, str]) -> str | None:
    """The URL of the server's API, or None.

    Source: https://docs.prefect.io/v3/concepts/settings-and-profiles, for where profiles are and which is active.
    """
    return environment.get("PREFECT_API_URL") or _of_the_profile(environment)


def _of_the_profile(environment: Mapping[str, str]) -> str | None:
    file = _profiles(environment)
    try:
        profiles: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8")) if file else {}
    except (OSError, ValueError):  # if the profile is needed, Prefect reports what is wrong with it
        return None
    name = environment.get("PREFECT_PROFILE") or profiles.get("active")
    tables = profiles.get("profiles")
    profile = tables.get(name) if isinstance(tables, dict) else None
    url = profile.get("PREFECT_API_URL") if isinstance(profile, dict) else None
    return url if isinstance(url, str) and url else None


def _profiles(environment: Mapping[str, str]) -> Path | None:
    if path := environment.get("PREFECT_PROFILES_PATH"):
        return Path(path)
    if home := environment.get("PREFECT_HOME"):
        return Path(home) / "profiles.toml"
    try:
        return Path.home() / ".prefect" / "profiles.toml"
    except RuntimeError:  # a user without a home folder
        return None
