"""`glanceback demo`: what a newcomer sees first."""

from io import StringIO
from pathlib import Path

import duckdb
import pytest
from rich.console import Console

from cli.demo import run_demo as demo


@pytest.mark.parametrize("times", [1, 2])
def test_demo_shows_what_changed_between_two_nights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefect_home: str, times: int
) -> None:
    folder = tmp_path / "demo"
    monkeypatch.setattr("cli.demo.FOLDER", folder)
    for _ in range(times):
        shown, told = StringIO(), StringIO()
        assert demo(Console(file=shown, width=120), Console(file=told, width=120)) == 0, told.getvalue()
    for said in ("Night 2 of the sample cloud", "What changed between the nights", "Shares that moved", "deleted"):
        assert said in shown.getvalue()
    assert "WARNING" not in told.getvalue()
    assert "400" not in told.getvalue()
    assert "glanceback sql --query rejected_values" in shown.getvalue()
    with duckdb.connect(str(folder / "published.duckdb"), read_only=True) as reader:
        assert reader.execute("SELECT count(*) FROM runs WHERE status = 'completed'").fetchall() == [(2,)]
        ended = reader.execute("SELECT count(*) FROM image_versions WHERE end_reason = 'deleted'").fetchall()
        moved = reader.execute("SELECT count(*) FROM listing_memberships WHERE seen_to IS NOT NULL").fetchall()
    assert ended[0][0] > 0
    assert moved[0][0] > ended[0][0]
