"""Runs that the published copy calls running, although their process has died. Called by `status` and `runs`."""

from pathlib import Path
from typing import Final

from load.living_runs import died
from load.published import ask
from pipeline.settings import Settings

DIED: Final = "the run died: its process ended without a word"


def dead_runs(settings: Settings) -> list[str]:
    """Their ids, as far as this machine can tell. Raises: SettingsError where there is no published copy."""
    run_ids = died(settings.home, anywhere=isinstance(settings.warehouse, Path))
    query = "SELECT run_id FROM runs WHERE status = 'running' AND list_contains($run_ids, run_id)"
    return [run_id for (run_id,) in ask(settings.published, query, {"run_ids": run_ids}).rows()] if run_ids else []
