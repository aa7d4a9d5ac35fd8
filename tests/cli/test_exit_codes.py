"""What the exit codes say, to cron and to people."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli import exit_codes
from cli.main import main
from core.errors import CloudError, SettingsError, WarehouseError, WarehouseHeld
from pipeline.report import CloudReport, ListingReport, RunReport, Status
from tests.clouds.fake import FakeCloud
from tests.documents import document
from tests.load.runs import held_by_another_process
from tests.pipeline.test_sync import Place, cloud

pytestmark = pytest.mark.slow

__all__ = ["cloud"]


@pytest.fixture
def place(tmp_path: Path, cloud: FakeCloud) -> Place:
    return Place(tmp_path, c=cloud)


@pytest.fixture
def held(place: Place) -> Iterator[int]:
    """The process that holds the warehouse."""
    with held_by_another_process(place.folder) as holder:
        settings = Path(place.config)
        settings.write_text("lock_wait_seconds = 0\n" + settings.read_text())
        yield holder.pid


def of_cloud(
    status: Status, *, withheld: int = 0, to_decide: int = 0, complete: tuple[bool, ...] = (True,)
) -> CloudReport:
    listings = tuple(ListingReport(str(number), 1, 1, whole, None) for number, whole in enumerate(complete))
    return CloudReport("c", status, None, withheld_deletions=withheld, deletions_to_decide=to_decide, listings=listings)


@pytest.mark.parametrize(
    ("clouds", "expected"),
    [
        ([of_cloud("completed")], 0),
        ([of_cloud("failed", complete=())], 1),
        ([of_cloud("partial", complete=(True, False))], 1),
        ([of_cloud("partial", withheld=50, to_decide=50)], 3),
        ([of_cloud("completed"), of_cloud("partial", withheld=50, to_decide=50)], 3),
        ([of_cloud("failed", complete=()), of_cloud("partial", withheld=50, to_decide=50)], 1),
        ([of_cloud("partial", withheld=50, to_decide=50, complete=(True, False))], 1),
        ([of_cloud("partial", withheld=51, to_decide=50)], 1),
        ([of_cloud("partial", withheld=1)], 1),
    ],
)
def test_exit_code_of_a_run_tells_what_another_try_mends_from_what_a_person_must_decide(
    clouds: list[CloudReport], expected: int
) -> None:
    status: Status = "completed" if expected == 0 else "partial"
    assert exit_codes.of_report(RunReport("r", status, 1.0, tuple(clouds))) == expected


def test_exit_code_of_an_error_tells_whose_turn_it_is() -> None:
    errors = (CloudError("x"), SettingsError("x"), WarehouseError("x"), WarehouseHeld("x"))
    assert [exit_codes.of_error(error) for error in errors] == [1, 2, 1, 4]


def test_one_table_is_in_the_reference_and_one_in_the_help() -> None:
    told = re.findall(r"^\| (\d+) \| (.+) \|$", document("reference.md"), re.MULTILINE)
    assert dict(told) == {str(code): meaning for code, meaning in exit_codes.MEANINGS.items()}
    shown = " ".join(CliRunner().invoke(main, ["--help"]).output.split())
    for code, meaning in exit_codes.MEANINGS.items():
        assert f"{code} {meaning}" in shown


def test_warehouse_that_another_process_holds_is_exit_code_4(place: Place, held: int) -> None:
    for command in ("sync", "publish", "replay"):
        done = place.command(command)
        assert (done.returncode, f"PID {held}" in done.stderr) == (4, True), done.stderr
        assert "Traceback" not in done.stderr


def test_withheld_deletions_are_exit_code_3_until_a_person_decides(place: Place, cloud: FakeCloud) -> None:
    for number in range(40):
        cloud.add(f"p{number:03d}", "public")
    assert place.command("sync").returncode == 0
    for number in range(20):
        del cloud.images[f"p{number:03d}"]
    done = place.command("sync")
    assert (done.returncode, "image p000" in done.stderr) == (3, True), done.stderr
    listed = place.command("sql", "--query", "withheld_deletions", "--format", "csv")
    assert len(listed.stdout.splitlines()) == 21
    assert place.command("sync", "--changes").returncode == 0
    waiting = place.command("status", "--max-age", "26h")
    assert waiting.returncode == 3, "no run since then has decided it"
    assert "20 deletions withheld, a person must decide" in waiting.stderr
    assert place.command("status", "--max-age", "0s").returncode == 1, "what is stale comes first"
    assert place.command("sync", "--accept-deletions").returncode == 0
    assert place.command("status", "--max-age", "26h").returncode == 0
