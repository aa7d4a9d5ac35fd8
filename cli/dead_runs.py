"""Finds runs that the published copy has as running although their process died. Called by `status` and `runs`."""

from pathlib import Path

from load.living_runs import died
from load.published import ask
from pipeline.settings import Settings


def dead_runs(settings: Settings) -> list[str]:
    """The ids of the runs that died, as far as this machine knows. Raises: SettingsError without a published copy."""
    run_ids = died(settings.home, anywhere=isinstance(settings.warehouse, Path))
    query = "SELECT run_id FROM runs WHERE status = 'running' AND list_contains($run_ids, run_id)"
    return [run_id for (run_id,) in ask(settings.published, query, {"run_ids": run_ids}).rows()] if run_ids else []
