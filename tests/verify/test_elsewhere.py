"""Landing in an object store, a warehouse on DuckLake, and clouds that were retired or got another name."""

from pathlib import Path

import pytest

from core import storage
from load.warehouse import Warehouse
from pipeline.retirement import rename, retire
from pipeline.settings import Settings, load_settings
from pipeline.verification import verify_landing
from tests.clouds.accounts import write_settings
from tests.clouds.fake import fake_cloud
from tests.clouds.store import bucket, object_store
from tests.verify.landings import cuts, fill, reader_of
from verify.runs import Finding

ELSEWHERE = """warehouse = "ducklake:sqlite:lake.sqlite"
ducklake_data = "lake"
published = "published.duckdb"
"""


def found(settings: Settings, run: str = "all") -> list[Finding]:
    findings = list[Finding]()
    verify_landing(settings, run, findings.append)
    return findings


def wrong(settings: Settings, run: str = "all") -> list[str]:
    return [one.text for one in found(settings, run) if one.is_fault]


def edit(settings: Settings, *statements: str) -> None:
    with Warehouse(settings.warehouse) as warehouse:
        for statement in statements:
            warehouse.execute(statement)


def without_a_membership(settings: Settings, name: str, run_id: str) -> list[str]:
    """What is wrong with a run as long as the warehouse has lost that the cloud's image 04 was in a listing."""
    edit(
        settings,
        f"CREATE TABLE kept AS FROM listing_memberships WHERE cloud = '{name}' AND id = '04'",
        f"DELETE FROM listing_memberships WHERE cloud = '{name}' AND id = '04'",
    )
    found = wrong(settings, run_id)
    edit(settings, "INSERT INTO listing_memberships FROM kept", "DROP TABLE kept")
    return found


def lost(run_id: str, name: str) -> list[str]:
    return [f"run {run_id}, cloud {name}: the pages show image 04 in private, but the warehouse does not"]


@pytest.mark.slow
def test_nights_are_compared_whatever_their_cloud_is_called_now(tmp_path: Path) -> None:
    settings = load_settings(write_settings(tmp_path, ""))
    with fake_cloud() as cloud:
        fill(cloud)
        for name in ("gone", "first"):
            with reader_of(cloud, name, settings.warehouse, settings.landing) as here:
                full, changes = here.run(), here.run(mode="changes", watermark=True)
        retire(settings, "gone", None)
        rename(settings, "first", "second")
        cloud.images["01"]["name"] = "changed"
        with reader_of(cloud, "second", settings.warehouse, settings.landing) as here:
            last = here.run()
        rename(settings, "second", "third")
        with reader_of(cloud, "first", settings.warehouse, settings.landing) as here:
            another = here.run()  # a cloud of its own, under a name that was another's
        retire(settings, "third", "public")
    findings = found(settings)
    assert [one.text for one in findings if one.is_fault] == []
    assert sum("Proven" in one.text for one in findings) == 6
    assert not [one.text for one in findings if "not loaded" in one.text]
    assert findings[-1].text.endswith("not known: 0")
    for name, run in (("third", full), ("third", changes), ("third", last), ("first", another)):
        assert without_a_membership(settings, name, run.run_id) == lost(run.run_id, name)
    assert wrong(settings) == []


@pytest.mark.slow
def test_landing_in_a_store_and_a_warehouse_on_ducklake_are_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Path(write_settings(tmp_path, ""))
    with object_store() as store, bucket(store, monkeypatch) as url, fake_cloud() as cloud:
        config.write_text(f'{ELSEWHERE}landing = "{url}"\n')
        settings = load_settings(str(config))
        fill(cloud)
        with reader_of(cloud, "first", settings.warehouse, settings.landing) as here:
            run_id = here.run(parts={"private": cuts("05", "10")}).run_id
        rename(settings, "first", "second")
        findings = found(settings)
        assert [one.text for one in findings if one.is_fault] == []
        assert [one.text for one in findings if "Proven" in one.text]
        assert findings[-1].text.endswith("not known: 0")
        assert without_a_membership(settings, "second", run_id) == lost(run_id, "second")

        folder = settings.landing / run_id / "first" / "private"
        page = storage.get(folder / "page-000001.json.zst")
        for changed, name, fault in (
            (page[:-1] + bytes([page[-1] ^ 1]), "page-000001.json.zst", "is not what was written: its SHA-256 differs"),
            (None, "page-000001.json.zst", "is missing"),
            (b"{}", "night.json", "not what was written"),
            (None, "manifest.jsonl/000002", "does not follow the line before"),
        ):
            file = (folder.parent if name == "night.json" else folder) / name
            before = storage.get(file)
            storage.put(file, changed) if changed is not None else storage.delete(file)
            assert any(fault in one for one in wrong(settings, run_id)), name
            storage.put(file, before)
