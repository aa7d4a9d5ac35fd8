"""`glanceback demo`: two nights of the sample cloud, through the same code as a real one, and what changed."""

import shutil
import sys
from pathlib import Path

import click
from rich.console import Console

from cli.display import log_to_stderr, progress, table
from cli.sample_cloud import NIGHTS, SampleCloud, sample_cloud
from cli.sync import tell
from core.packages import PACKAGES
from flows.embedded import stop_embedded_server
from flows.start import run_flow
from load.published import ask
from pipeline.run import RunRequest
from pipeline.settings import load_settings

FOLDER = Path(__file__).resolve().parent.parent / "data" / "demo"

_QUESTIONS = (
    (
        "Which operating systems are in the catalogue, and what do their images weigh?",
        """SELECT os_type, platform, count(*) AS images, round(sum(image_size) / 1e9, 1) AS gigabytes
FROM images GROUP BY ALL ORDER BY images DESC, platform LIMIT 8""",
    ),
    (
        "Which images were deleted since the first night, and what were they?",
        """SELECT event.name, version.os_version, version.image_size, version.updated_at
FROM image_events AS event JOIN image_versions AS version
ON version.cloud = event.cloud AND version.id = event.id AND version.seen_to = event.happened_at
WHERE event.event IN ('deleted', 'gone') ORDER BY event.name""",
    ),
    (
        "Which shares are waiting for an answer the longest?",
        """SELECT name, owner, created_at FROM images
WHERE list_contains(listings, 'shared-pending') ORDER BY created_at LIMIT 5""",
    ),
)

_MOVES = """SELECT name, from_listing AS "from", to_listing AS "to" FROM image_moves ORDER BY ALL"""

_CHANGES = """SELECT event, count(*) AS images, string_agg(name, ', ' ORDER BY name)[:90] AS names
FROM image_events WHERE happened_at > (SELECT min(started_at) FROM runs) GROUP BY event ORDER BY event"""


@click.command
def demo() -> None:
    """Read two nights of a sample cloud, and show what changed between them. Needs no account."""
    try:
        code = run_demo(Console(), Console(stderr=True))
    finally:
        stop_embedded_server()
    sys.exit(code)


def run_demo(console: Console, progress_console: Console) -> int:
    """Run both nights in data/demo, made afresh; 0 when they completed."""
    log_to_stderr(PACKAGES, verbose=False, console=progress_console)
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    with sample_cloud() as cloud:
        config = FOLDER / "glanceback.toml"
        config.write_text(_settings(cloud), encoding="utf-8")
        published = load_settings(str(config)).published
        for number, night in enumerate(NIGHTS, 1):
            cloud.night = night
            console.print(f"\nNight {number} of the sample cloud", style="bold")
            with progress(progress_console):
                # Prefect's own data outlives the demo: making its database takes longer than the two nights.
                report = run_flow(RunRequest("full", str(config)), FOLDER.parent / "prefect")
            tell(report, console)
            if report.status != "completed":
                return 1
    console.print("\nWhat changed between the nights", style="bold")
    _show(published, _CHANGES, console)
    console.print("\nShares that moved", style="bold")
    _show(published, _MOVES, console)
    for question, query in _QUESTIONS:
        console.print(f"\n{question}", style="bold")
        console.print(query, style="dim", highlight=False, markup=False)
        _show(published, query, console)
    console.print("\nAsk it yourself:", style="bold")
    for asked in ('sql "FROM images LIMIT 5"', "sql --query public_changes", "diff yesterday", "dashboard"):
        line = f"  .venv/bin/glanceback {asked} --config {_short(config)}"
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    console.print("\nYour own cloud, with an entry `mycloud` in clouds.yaml:", style="bold")
    console.print(
        "  OS_CLOUD=mycloud .venv/bin/glanceback check\n  OS_CLOUD=mycloud .venv/bin/glanceback sync", highlight=False
    )
    return 0


def _settings(cloud: SampleCloud) -> str:
    return f"""# Written by `glanceback demo`. The sample cloud runs only while the demo does; the warehouse stays.
warehouse = "warehouse.duckdb"
published = "published.duckdb"
landing = "landing"

[clouds.sample]
auth_type = "none"
endpoint = "{cloud.url}"
project_id = "{cloud.project_id}"
"""


def _show(published: Path, query: str, console: Console) -> None:
    answer = ask(published, query)
    table(answer.columns, answer.rows(), console)


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
