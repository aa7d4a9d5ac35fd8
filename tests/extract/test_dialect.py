"""The first look: which dialect a cloud speaks, and what its clock says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from core.errors import SettingsError
from extract.connection import Connection
from extract.dialect import probe_api
from tests.clouds.fake import FakeCloud, Reply


def _answers_with_date(cloud: FakeCloud, date: str | None) -> None:
    headers = {} if date is None else {"Date": date}
    cloud.faults.append(lambda _: Reply(200, b'{"images": []}', {"Date": "", **headers}))


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def test_clock_that_is_known_needs_no_more_than_the_overlap(cloud: FakeCloud, connection: Connection) -> None:
    api_probe = probe_api(connection)
    assert api_probe.clock_difference is not None
    assert api_probe.clock_uncertainty == timedelta(0)


@pytest.mark.parametrize(
    "date",
    [
        None,
        "",
        "yesterday",
        "2026-11-01T02:00:00Z",
        "Mon, 01 Jan 0100 00:00:00 GMT",
        "Sun, 00 Nov 2026 02:00:00 GMT",
    ],
)
def test_clock_that_nothing_shows_may_be_a_day_behind_ours(
    cloud: FakeCloud, connection: Connection, date: str | None
) -> None:
    _answers_with_date(cloud, date)
    api_probe = probe_api(connection)
    assert api_probe.clock_difference is None
    assert abs(api_probe.started_at - _now().replace(tzinfo=None)) < timedelta(seconds=30)
    assert api_probe.clock_uncertainty == timedelta(days=1)


@pytest.mark.parametrize("hours", [8, 24 * 400])
def test_date_that_is_ahead_may_be_a_gateways_and_our_own_clock_counts_too(
    cloud: FakeCloud, connection: Connection, hours: int
) -> None:
    ahead = _now() + timedelta(hours=hours)
    _answers_with_date(cloud, format_datetime(ahead, usegmt=True))
    api_probe = probe_api(connection)
    assert api_probe.started_at == ahead.replace(tzinfo=None)
    assert api_probe.started_at - api_probe.clock_uncertainty <= datetime.now(UTC).replace(tzinfo=None)


@pytest.mark.parametrize("behind", [timedelta(minutes=10), timedelta(days=400)])
def test_date_that_is_behind_is_the_start_as_it_is(cloud: FakeCloud, connection: Connection, behind: timedelta) -> None:
    served_at = _now() - behind
    _answers_with_date(cloud, format_datetime(served_at, usegmt=True))
    api_probe = probe_api(connection)
    assert api_probe.started_at == served_at.replace(tzinfo=None)
    assert api_probe.clock_uncertainty == timedelta(0)


def test_date_of_another_time_zone_is_read_as_what_it_says(cloud: FakeCloud, connection: Connection) -> None:
    _answers_with_date(cloud, "Sun, 01 Nov 2020 10:00:00 +0800")
    assert probe_api(connection).started_at == datetime(2020, 11, 1, 2)


def _settings(connection: Connection, **changes: Any) -> Connection:
    return replace(connection, settings=replace(connection.settings, **changes))


def _unmarked(cloud: FakeCloud, identity: str, listing: str = "private", **attributes: Any) -> None:
    del cloud.add(identity, listing, **attributes)["__imagetype"]


@pytest.fixture
def ims(cloud: FakeCloud) -> FakeCloud:
    """150 images of an IMS cloud, public and private ones in turn; one private image has no mark."""
    for number in range(150):
        cloud.add(f"{number:03d}", "public" if number % 2 else "private")
    _unmarked(cloud, "040")
    return cloud


@pytest.fixture
def glance(cloud: FakeCloud) -> FakeCloud:
    """A plain Glance, where a tenant made up the attribute, and his 100 images come before everybody else's."""
    for number in range(100):
        cloud.add(f"{number:03d}")
    for number in range(100, 150):
        _unmarked(cloud, f"{number:03d}", "public" if number % 2 else "private")
    return cloud


def test_one_image_without_the_mark_does_not_hide_that_this_is_ims(ims: FakeCloud, connection: Connection) -> None:
    api_probe = probe_api(connection)
    assert api_probe.dialect == "ims"
    assert len(ims.log) == 1


def test_one_tenants_images_do_not_hide_that_this_is_plain_glance(glance: FakeCloud, connection: Connection) -> None:
    api_probe = probe_api(connection)
    assert api_probe.dialect == "openstack"
    assert "public" in api_probe.reason


def test_private_images_without_the_mark_do_not_hide_that_this_is_ims(cloud: FakeCloud, connection: Connection) -> None:
    for number in range(100):
        _unmarked(cloud, f"{number:03d}")
    for number in range(100, 115):
        cloud.add(f"{number:03d}", "public")
    assert probe_api(connection).dialect == "ims"
    assert probe_api(_settings(connection, dialect="ims")).dialect == "ims"


def test_public_image_that_came_from_an_ims_cloud_does_not_make_a_glance_one(
    cloud: FakeCloud, connection: Connection
) -> None:
    cloud.add("000", "public")
    for number in range(1, 30):
        _unmarked(cloud, f"{number:03d}")
    assert probe_api(connection).dialect == "openstack"


def test_attribute_with_a_value_that_ims_does_not_have_is_made_up(cloud: FakeCloud, connection: Connection) -> None:
    for number in range(20):
        cloud.add(f"{number:03d}", __imagetype="iso")
    assert probe_api(connection).dialect == "openstack"


@pytest.mark.parametrize(("unmarked", "dialect"), [(1, "ims"), (2, "openstack")])
def test_one_in_ten_may_have_no_mark(cloud: FakeCloud, connection: Connection, unmarked: int, dialect: str) -> None:
    for number in range(10):
        cloud.add(f"{number:03d}")
    for number in range(unmarked):
        _unmarked(cloud, f"{number:03d}")
    assert probe_api(connection).dialect == dialect


def test_few_images_must_all_have_the_mark(cloud: FakeCloud, connection: Connection) -> None:
    for number in range(9):
        cloud.add(f"{number:03d}")
    _unmarked(cloud, "004")
    assert probe_api(connection).dialect == "openstack"


def test_public_images_that_cannot_be_asked_for_leave_the_sample_to_tell(
    glance: FakeCloud, connection: Connection
) -> None:
    glance.faults.append(lambda asked: Reply(403) if "visibility" in asked.query else None)
    assert probe_api(connection).dialect == "ims"


@pytest.mark.parametrize("remembered", ["ims", "openstack"])
def test_remembered_dialect_stays_whatever_the_sample_shows(
    cloud: FakeCloud, connection: Connection, remembered: str, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(20):
        if remembered == "ims":
            _unmarked(cloud, f"{number:03d}", "public")
        else:
            cloud.add(f"{number:03d}", "public")
    assert probe_api(connection, remembered).dialect == remembered
    other = {"ims": "openstack", "openstack": "ims"}[remembered]
    (warning,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "of 20 public images" in warning
    assert f'set dialect = "{other}"' in warning


def test_sample_that_fits_the_remembered_dialect_costs_one_request_and_no_warning(
    ims: FakeCloud, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    assert probe_api(connection, "ims").dialect == "ims"
    assert len(ims.log) == 1
    assert "WARNING" not in caplog.text


def test_one_tenants_images_raise_no_alarm_about_a_remembered_dialect(
    glance: FakeCloud, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    assert probe_api(connection, "openstack").dialect == "openstack"
    assert "WARNING" not in caplog.text


def test_cloud_that_shows_nothing_keeps_its_dialect(cloud: FakeCloud, connection: Connection) -> None:
    assert probe_api(connection, "ims").dialect == "ims"


@pytest.mark.parametrize("chosen", ["ims", "openstack"])
def test_what_a_person_sets_is_used_whatever_was_remembered(
    ims: FakeCloud, connection: Connection, chosen: str
) -> None:
    for remembered in ("ims", "openstack", None):
        assert probe_api(_settings(connection, dialect=chosen), remembered).dialect == chosen


def test_set_dialect_that_would_list_nothing_is_refused_unless_it_has_listed_images(
    cloud: FakeCloud, connection: Connection
) -> None:
    for number in range(150):
        _unmarked(cloud, f"{number:03d}", "public" if number % 2 else "private")
    by_hand = _settings(connection, dialect="ims")
    with pytest.raises(SettingsError, match="__imagetype"):
        probe_api(by_hand)
    assert probe_api(by_hand, "ims").dialect == "ims"
