"""The metrics: what they say of a run, in Prometheus' format; and that alert rules and dashboard ask for them."""

import json
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from prometheus_client.parser import text_string_to_metric_families

from core.errors import SettingsError, WarehouseHeld
from load.publish import publish
from pipeline.metrics import METRICS, exposition, write_metrics
from pipeline.settings import Settings, load_settings
from tests.clouds.accounts import write_settings
from tests.clouds.fake import PROJECT, FakeCloud, Reply, fake_cloud
from tests.documents import ROOT
from tests.load.runs import Runs, held_by_another_process, image, new_warehouse
from tests.pipeline.syncing import sync

Samples = dict[tuple[str, tuple[str, ...]], float]
LABELS = {metric.name: metric.labels for metric in METRICS}


def read(text: str) -> Samples:
    """The samples by name and label values, in the order in which the metric has its labels."""
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        assert (family.type, bool(family.documentation)) == ("gauge", True), family
        for sample in family.samples:
            assert set(sample.labels) == set(LABELS[sample.name]), sample
            key = sample.name, tuple(sample.labels[label] for label in LABELS[sample.name])
            assert key not in found
            found[key] = sample.value
    return found


def of(found: Samples, name: str) -> dict[tuple[str, ...], float]:
    return {labels: value for (sample, labels), value in found.items() if sample == f"glanceback_{name}"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(write_settings(tmp_path, "[clouds.c]\n[clouds.never]"), {})


def published(settings: Settings, *spoiling: str) -> Samples:
    """The metrics of a history of two runs: what each listing shows, what the second found."""
    folder = settings.published.parent
    with new_warehouse(folder) as warehouse:
        runs = Runs(warehouse, folder / "stage")
        public = [image(one, size=1000) for one in "ab"]
        runs.run({"public": public, "private": [image("x", __image_size="7"), image("y"), image("z")]})
        changed = [image("a", name="other", size=1000), image("b", size=1000), image("new", size=30)]
        runs.run(
            {"public": changed, "private": []},
            gone=frozenset("y"), withheld=frozenset("z"), there=(image("x", __image_size="7"),),
        )  # fmt: skip
        for statement in spoiling:
            warehouse.execute(statement)
        publish(warehouse, settings.published)
    return read(exposition(settings))


def test_figures_are_those_of_the_history(settings: Settings) -> None:
    found = published(settings)
    assert of(found, "images") == {("c",): 5, ("never",): 0}
    assert of(found, "images_bytes") == {("c",): 2037, ("never",): 0}
    assert of(found, "unlisted_images")["c",] == 1
    assert of(found, "withheld_deletions") == {
        ("c", "too_many"): 0, ("c", "no_answer"): 1, ("never", "too_many"): 0, ("never", "no_answer"): 0,
    }  # fmt: skip
    assert of(found, "listing_images") == {("c", "public"): 3, ("c", "private"): 1}, "the withheld one stays"
    assert of(found, "listing_images_bytes")["c", "public"] == 2030
    assert of(found, "last_run_images") == {
        ("c", "full", "new"): 1, ("c", "full", "changed"): 1, ("c", "full", "unchanged"): 2,
        ("c", "full", "deleted"): 1, ("c", "full", "returned"): 0,
    }  # fmt: skip
    assert of(found, "last_run_received_bytes") == {("c", "full"): 2}
    assert of(found, "last_run_success") == {("full",): 1}
    assert not of(found, "last_run_requests"), "who did not count says nothing"
    assert not of(found, "sync_success"), "only a run says how it ended"


def test_cloud_that_was_never_read_is_as_old_as_can_be(settings: Settings) -> None:
    found = published(settings)
    ages = of(found, "last_full_reading_timestamp_seconds")
    assert ages["never",] == 0
    assert of(found, "up") == {("c",): 1, ("never",): 0}
    listed = of(found, "listing_last_full_reading_timestamp_seconds")
    assert set(listed.values()) == {ages["c",]}
    assert abs(ages["c",] - datetime.now(UTC).timestamp()) < 3600


def test_run_that_died_is_a_failed_one_and_a_run_that_goes_on_is_none(settings: Settings) -> None:
    started = "(SELECT max(started_at) + INTERVAL 1 SECOND FROM runs)"
    begun = f"INSERT INTO runs SELECT 'r', {started}, NULL, 'full', 'running', '0', NULL"
    going_on = published(settings, begun, "INSERT INTO run_targets VALUES ('r', 'c', true, NULL)")
    assert (of(going_on, "up")["c",], of(going_on, "last_run_success")["full",]) == (1, 1)
    lock = settings.home / "running" / f"r {os.uname().nodename}"
    lock.parent.mkdir()
    lock.touch()
    died = read(exposition(settings))
    assert (of(died, "up")["c",], of(died, "last_run_success")["full",]) == (0, 0)
    assert of(died, "last_run_end_timestamp_seconds") == {("full",): 0}
    assert not of(died, "last_run_duration_seconds")
    assert of(died, "images")["c",] == 5


def test_only_the_last_run_is_looked_into(settings: Settings) -> None:
    """A year of runs of 200 clouds has 365,000 readings, each with its evidence: to parse them all takes seconds."""
    evidence = """UPDATE run_listings SET evidence = '{"requests": "%s", "pages": "1"}' WHERE run_id %s"""
    last = "(SELECT max_by(run_id, started_at) FROM runs)"
    found = published(settings, evidence % ("no number", f"<> {last}"), evidence % ("3", f"= {last}"))
    assert of(found, "last_run_requests") == {("c", "full"): 6}
    assert of(found, "last_run_retries") == {("c", "full"): 4}


def test_names_that_others_wrote_stay_labels(settings: Settings) -> None:
    name = 'a"} 1\nglanceback_up{cloud="x\\'
    tables = (
        "image_versions",
        "listing_memberships",
        "run_clouds",
        "run_listings",
        "withheld_deletions",
        "unlisted_images",
    )
    quoted = name.replace("'", "''")
    found = published(settings, *(f"UPDATE {table} SET cloud = '{quoted}'" for table in tables))
    assert of(found, "images") == {(name,): 5, ("c",): 0, ("never",): 0}
    assert read(exposition(settings, [name])).keys() < found.keys()
    assert {labels[0] for _, labels in read(exposition(settings, [name])) if len(labels) > 1} == {name}


def test_promtool_accepts_metrics_and_rules(settings: Settings) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not on this machine; the tests below check names and labels")
    published(settings)
    for command, given in (
        ("check metrics", exposition(settings)),
        ("check rules docs/alerts.yml", ""),
        ("test rules tests/pipeline/alerts.yml", ""),
    ):
        ran = [promtool, *command.split()]
        done = subprocess.run(ran, input=given, cwd=ROOT, text=True, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        for number in range(5):
            running.add(f"{number:03d}", "private")
        yield running


def settings_of(folder: Path, cloud: FakeCloud, metrics: str = "out/glanceback.prom", more: str = "") -> str:
    account = (
        f'[clouds.c]\nauth_type = "none"\nendpoint = "{cloud.url}"\nproject_id = "{PROJECT}"\nlistings = ["private"]'
    )
    return write_settings(folder, f"{account}\n{more}", f'metrics = "{metrics}"')


def test_each_run_writes_the_file_also_one_that_failed(cloud: FakeCloud, tmp_path: Path) -> None:
    file = tmp_path / "out" / "glanceback.prom"
    config = settings_of(tmp_path, cloud, more="tries = 2")
    failing = iter([True, False])
    cloud.faults.append(lambda asked: Reply(503) if "owner" in asked.query and next(failing, False) else None)
    mask = os.umask(0o077)
    try:
        assert sync(config).status == "completed"
    finally:
        os.umask(mask)
    assert stat.S_IMODE(file.stat().st_mode) == 0o644, "node_exporter has a user of its own"
    assert [one.name for one in file.parent.iterdir()] == [file.name]
    well = read(file.read_text())
    assert (of(well, "sync_success"), of(well, "up")) == ({(): 1}, {("c",): 1})
    pages = of(well, "last_run_pages")["c", "full"]
    assert of(well, "last_run_requests") == {("c", "full"): pages + 1}
    assert of(well, "last_run_retries") == {("c", "full"): 1}
    assert {name for name, _ in well} == set(LABELS), "every metric is written"
    shown = read(exposition(load_settings(config)))
    assert {name for name, _ in well.keys() - shown.keys()} == {
        "glanceback_sync_success", "glanceback_sync_end_timestamp_seconds",
    }  # fmt: skip
    assert {key: well[key] for key in shown} == shown

    cloud.faults.append(lambda asked: Reply(403) if asked.query.get("sort_key") == "id" else None)
    assert sync(config).status == "failed"
    failed = read(file.read_text())
    assert (of(failed, "sync_success"), of(failed, "up")) == ({(): 0}, {("c",): 0})
    assert of(failed, "last_full_reading_timestamp_seconds") == of(well, "last_full_reading_timestamp_seconds")

    cloud.faults.clear()
    sync(config)
    with held_by_another_process(tmp_path), pytest.raises(WarehouseHeld):
        sync(config_without_patience(config))
    held = read(file.read_text())
    assert (of(held, "sync_success"), of(held, "up")) == ({(): 0}, {("c",): 1})


def config_without_patience(config: str) -> str:
    path = Path(config)
    path.write_text("lock_wait_seconds = 0\n" + path.read_text())
    return config


def test_first_run_that_cannot_be_made_says_so_too(cloud: FakeCloud, tmp_path: Path) -> None:
    config = settings_of(tmp_path, cloud)
    with pytest.raises(SettingsError):
        sync(config, clouds=["unknown"])
    found = read((tmp_path / "out" / "glanceback.prom").read_text())
    assert {name for name, _ in found} == {
        "glanceback_build_info", "glanceback_sync_success", "glanceback_sync_end_timestamp_seconds",
    }  # fmt: skip


def test_file_that_cannot_be_written_loses_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "taken").touch()
    settings = load_settings(write_settings(tmp_path, "", 'metrics = "taken/glanceback.prom"'), {})
    write_metrics(settings, completed=True)
    assert "taken/glanceback.prom cannot be written" in caplog.text

    def fail(_: object) -> str:
        raise ValueError("odd")

    settings = load_settings(write_settings(tmp_path, "", 'metrics = "out/glanceback.prom"'), {})
    write_metrics(settings, completed=True)
    before = (tmp_path / "out" / "glanceback.prom").read_text()
    monkeypatch.setattr("pipeline.metrics._text", fail)
    write_metrics(settings, completed=True)
    assert "are not written: odd" in caplog.text
    assert [(one.name, one.read_text()) for one in (tmp_path / "out").iterdir()] == [("glanceback.prom", before)]


@pytest.mark.parametrize("setting", ["warehouse.duckdb", "published.duckdb"])
def test_metrics_do_not_replace_the_history(tmp_path: Path, setting: str) -> None:
    with pytest.raises(SettingsError, match="metrics are the same file"):
        load_settings(write_settings(tmp_path, "", f'metrics = "{setting}"'), {})


def expressions() -> Iterator[str]:
    rules = yaml.safe_load((ROOT / "docs" / "alerts.yml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            assert {"summary", "description"} <= set(rule["annotations"])
            yield rule["expr"]
            for text in rule["annotations"].values():
                labels = set(re.findall(r"\$labels\.(\w+)", text))
                assert all(labels <= set(LABELS[name]) for name in names_in(rule["expr"])), rule["alert"]
    dashboard: dict[str, Any] = json.loads((ROOT / "docs" / "grafana.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield target["expr"]
            labels = set(re.findall(r"{{(\w+)}}", target["legendFormat"]))
            assert all(labels <= set(LABELS[name]) for name in names_in(target["expr"])), panel["title"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"]


def names_in(expression: str) -> list[str]:
    return re.findall(r"glanceback_\w+", expression)


def test_rules_and_dashboard_ask_for_metrics_and_labels_that_there_are() -> None:
    asked = list(expressions())
    assert len(asked) > 15
    for expression in asked:
        assert names_in(expression), expression
        for name, selectors in re.findall(r"(glanceback_\w+)(?:{([^}]*)})?", expression):
            assert name in LABELS, expression
            assert set(re.findall(r"(\w+)\s*=~?", selectors)) <= set(LABELS[name]), expression
