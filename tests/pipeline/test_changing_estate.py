"""An account whose projects and regions change between runs, or have odd names: nothing ends that has not ended."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import SettingsError
from pipeline.metrics import exposition
from pipeline.settings import load_settings
from tests.clouds.accounts import write_settings
from tests.clouds.estate import REGIONS, FakeEstate, fake_estate
from tests.clouds.fake import Reply
from tests.clouds.identity import AskedIdentity
from tests.pipeline.test_large_estate import ESTATE, ROWS, Place, names, of_estate, statuses
from tests.verify.landings import faults

WEB = "0" * 31 + "1"
EVER = "SELECT cloud, id, name FROM image_versions WHERE end_reason IS NULL ORDER BY ALL"
ENDED = "SELECT count(*) FROM image_versions WHERE end_reason IS NOT NULL"


@pytest.fixture
def estate() -> Iterator[FakeEstate]:
    with fake_estate(2) as made:
        made.fill(2, public=1)
        yield made


@pytest.fixture
def place(estate: FakeEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return of_estate(tmp_path, estate, monkeypatch)


def test_renamed_project_keeps_its_cloud_and_its_history(
    estate: FakeEstate, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.sync()
    before = place.rows(EVER)
    estate.names[WEB] = "renamed"
    with caplog.at_level(logging.INFO):
        report = place.sync()
    assert (report.status, sorted(statuses(report))) == (
        "completed", sorted(f"prod/{region}/project-00{number}" for region in REGIONS for number in (1, 2)),
    )  # fmt: skip
    assert "cloud prod/eu-de/project-001: its project is called renamed now" in caplog.text
    assert place.rows(EVER) == before
    found = place.rows("SELECT DISTINCT cloud, project_name FROM images WHERE cloud LIKE 'prod/eu-de/%' ORDER BY ALL")
    assert found == [("prod/eu-de/project-001", "renamed"), ("prod/eu-de/project-002", "project-002")]
    caplog.clear()
    place.sync()
    assert "is called" not in caplog.text, "it is told once"


def test_new_project_of_the_name_of_a_deleted_one_does_not_end_its_images(estate: FakeEstate, place: Place) -> None:
    place.sync()
    before = place.rows(EVER)
    estate.forbidden.add(WEB)
    estate.add_project("9" * 32, "project-001")
    report = place.sync()
    assert place.rows(ENDED) == [(0,)]
    assert set(before) < set(place.rows(EVER))
    assert [name for name in statuses(report) if name.endswith("@default")] == [
        f"prod/{region}/project-001@default" for region in REGIONS
    ]
    assert {name for name, status in statuses(report).items() if status == "failed"} == {
        f"prod/{region}/project-001" for region in REGIONS
    }


def test_namesake_in_another_domain_changes_nothing_for_the_first(estate: FakeEstate, place: Place) -> None:
    place.sync()
    estate.add_project("9" * 32, "project-001", "other")
    report = place.sync()
    assert report.status == "completed"
    new = {cloud.cloud: cloud.new for cloud in report.clouds if cloud.new}
    assert new == {f"prod/{region}/project-001@other": 1 for region in REGIONS}, "the public one"
    assert place.rows(ENDED) == [(0,)]
    (seen_by,) = place.rows("SELECT seen_by FROM estate_images WHERE projects > 1 AND region = 'eu-de'")[0]
    assert seen_by == {
        "prod/eu-de/project-001": "owned",
        "prod/eu-de/project-001@other": "public",
        "project-002": "public",
    }


ODD = ("a/b", "a%2Fb", 'say "x"', "it's", "*", "[!a]", "two\nlines", "\x1b[31mred", "project-001@other", "..", " ")


def test_odd_names_are_read_like_others(estate: FakeEstate, place: Place, tmp_path: Path) -> None:
    write_settings(tmp_path, ESTATE.replace('regions = "all"', 'regions = ["eu-de"]'))
    for number, name in enumerate(ODD):
        project = f"{number + 100:032x}"
        estate.add_project(project, name)
        estate.add("eu-de", project, f"own-{number}", name=f"own of {number}")
    estate.add_project("8" * 32, "project-001", "other")
    report = place.sync()
    assert report.status == "completed"
    assert len(statuses(report)) == 2 + len(ODD) + 1
    own = "SELECT count(DISTINCT cloud), count(*) FROM images WHERE name LIKE 'own of %' AND listings = ['private']"
    assert place.rows(own) == [(len(ODD), len(ODD))]
    assert place.rows("SELECT count(DISTINCT project_name) FROM clouds") == [(len(ODD) + 2,)]
    assert len(place.rows("FROM estate_images")) == 2 + 1 + len(ODD)
    again = place.sync()
    assert sum(cloud.new + cloud.changed + cloud.deleted for cloud in again.clouds) == 0
    assert faults(tmp_path) == []


def test_command_in_the_message_is_one_that_a_shell_reads_as_it_is_meant(estate: FakeEstate, place: Place) -> None:
    odd = "x'; touch y; '"
    estate.add_project("9" * 32, odd)
    place.sync()
    estate.forbidden.add("9" * 32)
    (text, _) = [cloud.error for cloud in place.sync().clouds if cloud.error]
    quoted = odd.replace("'", "'\"'\"'")
    assert f"the account no longer has project {odd} ({'9' * 32}), or it is disabled" in str(text)
    assert f"glanceback retire 'prod/eu-de/{quoted}'. This is reported once." in str(text)


def test_empty_list_of_projects_ends_nothing_and_is_said_each_time(estate: FakeEstate, place: Place) -> None:
    place.sync()
    before = place.rows(ROWS)
    everyone = set(estate.names)
    estate.forbidden |= everyone
    for _ in range(2):
        report = place.sync()
        assert report.status == "failed"
        assert {cloud.error for cloud in report.clouds} == {
            "cloud prod: the identity service lists no enabled project of the account. Ask an administrator whether "
            "the user still has its roles. What earlier runs read stays as it is."
        }
        assert len(report.clouds) == 4
    assert place.rows(ROWS) == before
    assert place.rows("SELECT count(*) FROM clouds WHERE gone_since IS NOT NULL") == [(0,)]
    estate.forbidden.clear()
    assert place.sync().status == "completed"
    assert place.rows(ENDED) == [(0,)]


def test_region_that_leaves_the_catalogue_ends_nothing_and_is_said_once(estate: FakeEstate, place: Place) -> None:
    place.sync()
    before = place.rows(ROWS)
    estate.not_in_catalogue.add("eu-nl")
    report = place.sync()
    errors = {cloud.cloud: str(cloud.error) for cloud in report.clouds if cloud.error}
    assert (report.status, sorted(errors)) == ("partial", names(estate, "eu-nl"))
    assert all("no longer has an image service in region eu-nl; its images stay" in one for one in errors.values())
    assert place.sync().status == "completed"
    assert place.rows(ROWS) == before
    estate.not_in_catalogue.clear()
    assert len(place.sync().clouds) == 4
    assert place.rows(ENDED) == [(0,)]


def test_disabled_project_ends_nothing_and_no_alert_goes_on_about_it(
    estate: FakeEstate, place: Place, tmp_path: Path
) -> None:
    place.sync()
    before = place.rows(ROWS)
    estate.disabled.add(WEB)
    assert place.sync().status == "partial"
    assert place.sync().status == "completed"
    assert place.rows(ROWS) == before
    metrics = exposition(load_settings(place.config))
    assert "prod/eu-de/project-002" in metrics
    assert "project-001" not in metrics
    estate.disabled.clear()
    place.sync()
    assert "project-001" in exposition(load_settings(place.config))


def test_project_that_the_settings_leave_out_is_said_to_be_that(
    estate: FakeEstate, place: Place, tmp_path: Path
) -> None:
    place.sync()
    estate.names[WEB] = "www"
    write_settings(tmp_path, ESTATE.replace('"all"', '["project-*"]', 1))
    (error, _) = [cloud.error for cloud in place.sync().clouds if cloud.error]
    assert f"the settings leave out project project-001 ({WEB}), which is called www now, or region eu-de" in str(error)


def test_project_or_region_that_is_named_and_not_there_is_said(
    estate: FakeEstate, place: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_settings(tmp_path, '[clouds.prod]\nprojects = ["project-001", "wbe"]\nregions = ["eu-de", "eu-nk"]\n')
    assert sorted(statuses(place.sync())) == ["prod/eu-de/project-001"]
    said = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert said == [
        "cloud prod: projects has 'wbe', and the account has none such; its projects: project-001, project-002",
        "cloud prod: regions has 'eu-nk', and the account has none such; its regions: eu-de, eu-nl",
    ]


def test_account_reads_its_own_project_among_namesakes(
    estate: FakeEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    estate.add_project("0" * 32, "project-001", "other")
    entry = estate.entry
    entry["auth"] |= {"project_name": "project-001", "project_domain_id": "default"}
    place = Place(tmp_path, {"prod": entry}, '[clouds.prod]\nregions = "all"\n', monkeypatch)
    assert sorted(statuses(place.sync())) == [f"prod/{region}/project-001" for region in REGIONS]
    assert place.rows("SELECT DISTINCT project_id, domain FROM clouds") == [(WEB, "default")]


def test_account_without_a_project_says_what_to_set(
    estate: FakeEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path, {"prod": estate.entry}, '[clouds.prod]\nregions = "all"\n', monkeypatch)
    with pytest.raises(SettingsError, match=r"entry names no project .* Its projects: project-001, project-002"):
        place.sync()


def test_cloud_of_the_settings_keeps_its_name(
    estate: FakeEstate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = {"prod": estate.entry, "web": estate.entry_of("eu-de", WEB)}
    tables = ESTATE + '[clouds."prod/eu-de/project-001"]\nos_cloud = "web"\n'
    place = Place(tmp_path, entries, tables, monkeypatch)
    assert len(statuses(place.sync(clouds=["prod/eu-de/*"]))) == 3
    assert [name for name in statuses(place.sync()) if "project-001" in name] == [
        "prod/eu-de/project-001@default", "prod/eu-nl/project-001", "prod/eu-de/project-001",
    ]  # fmt: skip


def test_account_that_cannot_be_asked_is_told_once(
    estate: FakeEstate, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.sync()
    before = place.rows(ROWS)

    def refuse(asked: AskedIdentity) -> Reply | None:
        return Reply(500) if asked.path.startswith("/v3/auth/projects") else None

    estate.identity.faults.insert(0, refuse)
    report = place.sync()
    assert (report.status, len(report.clouds)) == ("failed", 4)
    assert [record.levelname for record in caplog.records if "identity service" in record.message] == ["ERROR"]
    assert place.rows(ROWS) == before


def test_answer_that_is_no_list_of_projects_ends_nothing(estate: FakeEstate, place: Place) -> None:
    place.sync()
    before = place.rows(ROWS)
    answers = [b"<html>Please log in</html>", b"[" * 100_000, b'{"projects": 5}', b'{"projects": [{"name": "x"}]}']
    estate.identity.faults.insert(0, lambda asked: Reply(200, answers[-1]) if "/auth/projects" in asked.path else None)
    while answers:
        report = place.sync()
        assert report.status == "failed"
        assert all(str(cloud.error).startswith("cloud prod: ") for cloud in report.clouds)
        answers.pop()
    assert place.rows(ROWS) == before
