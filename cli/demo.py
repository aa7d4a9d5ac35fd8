"""`glanceback demo`: runs twice against the sample cloud, with the code for a real one, and shows what changed."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from cli.console import Screen, stderr_console, stdout_console
from cli.demo_settings import MARK
from cli.display import log_to_stderr, progress, table
from cli.program import program
from cli.sample_cloud import RECORDED_RUNS, SampleCloud, sample_cloud
from cli.sync import tell
from core.errors import SettingsError
from core.packages import PACKAGES
from load.published import ask
from page.dashboard import write_page
from pipeline.paths import OVERRIDES
from pipeline.run import RunRequest, run
from pipeline.settings import FILE_NAME, load_settings
from pipeline.threads import ThreadSteps

FOLDER: Final = Path("data", "demo")
"""Below the working folder, like the warehouse of a run."""

_QUESTIONS = (
    (
        "Which operating systems are in the catalogue, and how large are their images?",
        """SELECT os_type, platform, count(*) AS images, round(sum(image_size) / 1e9, 1) AS gigabytes
FROM images GROUP BY ALL ORDER BY images DESC, platform LIMIT 8""",
    ),
    (
        "Which images were deleted since the first run, and what were they?",
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
    """Read a sample cloud twice, and show what changed in between. You need no account.

    The warehouse is made in data/demo below the working folder, and replaces that of an earlier demo.
    """
    sys.exit(run_demo(stdout_console(), stderr_console()))


def run_demo(console: Screen, progress_console: Screen) -> int:
    """Run twice in data/demo, which is made again; return 0 if both runs completed. Raises: SettingsError."""
    log_to_stderr(PACKAGES, verbose=False, console=progress_console)
    with _without_overrides(), sample_cloud() as cloud:
        config = _new_folder() / FILE_NAME
        config.write_text(_settings(cloud), encoding="utf-8")
        published = load_settings(str(config)).published
        for number, recorded in enumerate(RECORDED_RUNS, 1):
            cloud.shows = recorded
            console.print(f"\nRun {number} of the sample cloud", style="bold")
            with progress(progress_console), ThreadSteps() as steps:
                report = run(RunRequest("full", str(config)), steps, write_page)
            tell(report, console)
            if report.status != "completed":
                return 1
    console.print("\nWhat changed between the runs", style="bold")
    _show(published, _CHANGES, console)
    console.print("\nShares that moved", style="bold")
    _show(published, _MOVES, console)
    for question, query in _QUESTIONS:
        console.print(f"\n{question}", style="bold")
        console.print(query, style="dim", highlight=False, markup=False)
        _show(published, query, console)
    console.print("\nAsk it yourself:", style="bold")
    ((runs,),) = ask(published, "SELECT list(run_id ORDER BY started_at) FROM runs").rows()
    first, second = runs
    for asked in ('sql "FROM images LIMIT 5"', "sql --query public_changes", f"diff {first} {second}", "dashboard"):
        line = f"  {program()} {asked} --config {config}"
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    console.print("\nAsk it with openstackclient: the first run, and the second", style="bold")
    for asked in (
        f"{program()} api --config {config}",
        f"OS_AUTH_TYPE=none OS_ENDPOINT=http://127.0.0.1:9292/as-of/{first} openstack image list",
        "OS_AUTH_TYPE=none OS_ENDPOINT=http://127.0.0.1:9292 openstack image list",
    ):
        console.print(f"  {asked}", highlight=False, markup=False, soft_wrap=True)
    console.print("\nYour own cloud, with an entry `mycloud` in clouds.yaml:", style="bold")
    for command in ("check", "sync"):
        console.print(f"  OS_CLOUD=mycloud {program()} {command}", highlight=False, markup=False, soft_wrap=True)
    return 0


def _new_folder() -> Path:
    """The demo's folder, empty. Raises: SettingsError if it cannot be made, or has files that are not a demo's."""
    try:
        if FOLDER.exists() and any(FOLDER.iterdir()):
            settings = FOLDER / FILE_NAME
            if not settings.is_file() or not settings.read_text(encoding="utf-8").startswith(MARK):
                raise SettingsError(
                    f"{FOLDER} has files that are not an earlier demo's", "Run glanceback demo in another folder."
                )
            shutil.rmtree(FOLDER)
        FOLDER.mkdir(parents=True, exist_ok=True)
    except (OSError, UnicodeDecodeError) as exc:
        reason = getattr(exc, "strerror", None) or exc
        raise SettingsError(
            f"{FOLDER.absolute()} cannot be made ({reason})", "Run glanceback demo in another folder."
        ) from exc
    return FOLDER


@contextmanager
def _without_overrides() -> Iterator[None]:
    """Inside, no environment variable points the demo to the user's own warehouse."""
    kept = {name: os.environ.pop(name) for name in OVERRIDES.values() if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)


def _settings(cloud: SampleCloud) -> str:
    return f"""{MARK} The sample cloud runs only while the demo does; the warehouse stays.
warehouse = "warehouse.duckdb"
published = "published.duckdb"
landing = "landing"

[clouds.sample]
auth_type = "none"
endpoint = "{cloud.url}"
project_id = "{cloud.project_id}"
"""


def _show(published: Path, query: str, console: Screen) -> None:
    answer = ask(published, query)
    table(answer.columns, answer.rows(), console)
