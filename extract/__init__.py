"""Talks to a cloud: login, listings, pages, and the proof that a listing is complete.

In: a cloud's settings. Out: parsed pages in order, each with the place of its raw bytes in landing; at the end the
evidence that the listing is complete. It must not know Arrow, DuckDB, or what is already loaded.
"""

import sys

# httpx imports its command line if it can, and with it rich and pygments: a third of the time that httpx takes. This
# has the same effect as if these were not installed; nothing here uses that command.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
