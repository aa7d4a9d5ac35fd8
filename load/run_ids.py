"""A run's id and time: how they are made, recognised and compared. Light to import, for commands that only read."""

import re
import secrets
from datetime import datetime, timedelta
from typing import Final

RUN_ID: Final = re.compile(r"(?P<began>\d{8}T\d{6})Z-[0-9a-f]+")
"""The form of a run's id. It begins with the start of the run, UTC."""

CLOCKS_OF_MACHINES: Final = timedelta(minutes=1)
"""So far the clocks of machines that write a warehouse, or read its copy, may differ."""


def new_run_id(started_at: datetime) -> str:
    """The id of a run that starts then, UTC. Two runs of one second have different ones."""
    return f"{started_at:%Y%m%dT%H%M%S}Z-{secrets.token_hex(4)}"
