"""Makes, recognises and compares run ids. Fast to import, for commands that only read."""

import re
import secrets
from datetime import datetime, timedelta
from typing import Final

RUN_ID: Final = re.compile(r"(?P<began>\d{8}T\d{6})Z-[0-9a-f]+")
"""The form of a run's id. It begins with the start of the run, UTC."""

CLOCKS_OF_MACHINES: Final = timedelta(minutes=1)
"""How much the clocks of machines that write a warehouse, or read its copy, may differ."""


def new_run_id(started_at: datetime) -> str:
    """The id of a run that starts at this time (UTC). Two runs in one second have different ids."""
    return f"{started_at:%Y%m%dT%H%M%S}Z-{secrets.token_hex(4)}"
