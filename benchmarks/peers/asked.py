"""What every contender is told on its command line, and the questions all of them ask."""

import argparse
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Asked:
    """`folder` is kept from stage to stage; `since` (UTC) asks for changes only, None for everything."""

    url: str
    project: str
    folder: Path
    since: str | None

    @property
    def listings(self) -> dict[str, dict[str, str]]:
        """The five listings of the IMS reference, 'Common Query Methods'."""
        received = {"__imagetype": "shared", "visibility": "shared"}
        return {
            "public": {"__imagetype": "gold", "visibility": "public"},
            "private": {"owner": self.project},
            **{
                f"shared_{state}": {**received, "member_status": state} for state in ("accepted", "pending", "rejected")
            },
        }


def asked() -> Asked:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("project")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--since")
    return Asked(**vars(parser.parse_args()))
