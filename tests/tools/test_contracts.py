"""The real dbt takes our sources.yml, and datacontract-cli our contract."""

import re
from pathlib import Path

import pytest

from load.contract import dbt_sources, open_data_contract
from load.statements import names
from tests.documents import document
from tests.tools.copies import published, run


def project(folder: Path, copy: Path) -> Path:
    """A dbt project as docs/tools.md has it, with our sources."""
    files = re.findall(r"```(?:yaml|sql)\n(?:#|--) (\S+)\n(.*?)```", document("tools.md"), re.DOTALL)
    written = {name: text for name, text in files if name.startswith("dbt/")}
    assert set(written) == {"dbt/dbt_project.yml", "dbt/profiles.yml", "dbt/models/growth.sql"}
    for name, text in written.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.replace("/srv/glanceback/data/published.duckdb", str(copy)))
    (folder / "dbt" / "models" / "sources.yml").write_text(dbt_sources(copy, "1"))
    return folder / "dbt"


@pytest.fixture(scope="module")
def well(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("well")
    return project(folder, published(folder))


@pytest.mark.parametrize("command", ["debug", "source freshness", "build"])
def test_dbt_takes_our_sources(well: Path, command: str) -> None:
    done = run(well, "dbt", *command.split(), "--profiles-dir", ".")
    assert done.returncode == 0, done.stdout
    assert "deprecat" not in done.stdout.lower(), done.stdout
    if command == "build":
        assert "ERROR=0" in done.stdout
        for name in names("checks"):
            assert re.search(rf"PASS .*rule_{name}_broken", done.stdout), name


def test_dbt_finds_a_broken_rule_and_an_old_catalogue(tmp_path: Path) -> None:
    copy = published(
        tmp_path,
        "INSERT INTO image_versions FROM image_versions WHERE id = 'a' AND seen_to IS NULL",
        "UPDATE runs SET started_at = started_at - INTERVAL 3 DAY",
    )
    folder = project(tmp_path, copy)
    tested = run(folder, "dbt", "test", "--profiles-dir", ".")
    assert tested.returncode == 1
    assert re.search(r"FAIL 1 .*rule_one_current_version", tested.stdout), tested.stdout
    stale = run(folder, "dbt", "source", "freshness", "--profiles-dir", ".")
    assert stale.returncode == 1
    assert "ERROR STALE freshness of glanceback.runs" in stale.stdout, stale.stdout


def test_contract_is_valid(tmp_path: Path) -> None:
    contract = tmp_path / "catalogue.odcs.yaml"
    contract.write_text(open_data_contract(published(tmp_path), "1"))
    valid = run(tmp_path, "datacontract", "lint", str(contract))
    assert valid.returncode == 0, valid.stdout
    contract.write_text(contract.read_text().replace("logicalType: timestamp", "logicalType: moment"))
    assert run(tmp_path, "datacontract", "lint", str(contract)).returncode == 1, "it looks at the types"
