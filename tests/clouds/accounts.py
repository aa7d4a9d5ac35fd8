"""clouds.yaml entries and settings files for the real cloud."""

from pathlib import Path
from typing import Any

import msgspec

from tests.clouds.openstack import REGION, OpenStackCloud


def account(cloud: OpenStackCloud, project: str) -> dict[str, Any]:
    """The clouds.yaml entry of the project's user, by password."""
    who = cloud.projects[project]
    return {
        "auth": {
            "auth_url": cloud.keystone_url,
            "username": who.user,
            "password": who.password,
            "project_name": who.name,
            "user_domain_id": "default",
            "project_domain_id": "default",
        },
        "region_name": REGION,
    }


def write_clouds_yaml(folder: Path, **entries: dict[str, Any]) -> Path:
    path = folder / "clouds.yaml"
    path.write_bytes(msgspec.json.encode({"clouds": entries}))  # JSON is YAML
    return path


def write_settings(folder: Path, clouds: str, more: str = "") -> str:
    """A glanceback.toml whose warehouse lies beside it; its path. If there is no warehouse yet, it is an empty one.

    A run would make one too, which takes longer than most runs.
    """
    from tests.load.runs import copy_empty_warehouse  # DuckDB

    path = folder / "glanceback.toml"
    if not (folder / "warehouse.duckdb").exists():
        copy_empty_warehouse(folder)
    path.write_text(
        f"""warehouse = "warehouse.duckdb"
published = "published.duckdb"
landing = "landing"
{more}
{clouds}
"""
    )
    return str(path)
