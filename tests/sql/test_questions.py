"""Questions that only a memory can answer, each on runs with one known answer."""

from pathlib import Path
from typing import Any

from load.cookbook import question
from tests.load.runs import Runs, image, new_warehouse
from tests.sql.asking import COMPLETE, GIGABYTE, MONDAY, TUESDAY, ask

SHARED = {"owner": "friend", "visibility": "shared"}


def test_images_whose_parent_is_gone_or_past_its_support(tmp_path: Path) -> None:
    old = {"os_distro": "ubuntu", "os_version": "16.04", "visibility": "public"}
    parents = [image("old", **old), image("gone", visibility="public", os_distro="ubuntu", os_version="24.04")]
    children = [
        image("of gone", __originalimagename="gone", visibility="private"),
        image("of old", base_image_ref="old", __originalimagename="", visibility="private"),
        image("of unseen", __source_image_id="unseen", visibility="private"),
        image("public", base_image_ref="old", visibility="public"),
    ]
    catalogues = [{"public": parents, "private": children}, {"public": parents[:1], "private": children}]
    catalogues[1]["private"].append(image("of itself", base_image_ref="of itself", visibility="private"))
    (tmp_path / "unjudged").mkdir()
    copied = [dict(catalogue) for catalogue in catalogues]
    (unjudged,) = ask(tmp_path / "unjudged", "unjudged_parents", copied)
    assert list(unjudged.values()) == ["c", None, 1, 1, "image of unseen", "of unseen", "unseen"]
    found = ask(tmp_path, "orphaned_images", catalogues, on="2026-11-04")
    assert [(row["id"], row["parent_id"], row["parent_is"], row["parents_system"]) for row in found] == [
        ("of gone", "gone", "deleted", "ubuntu 24.04"),
        ("of old", "old", None, "ubuntu 16.04"),
    ]


def test_images_that_became_visible_are_not_those_of_the_first_reading(tmp_path: Path) -> None:
    public, opened = {"visibility": "public"}, {"visibility": "community"}
    catalogues: list[dict[str, Any]] = [
        {"public": [image("a", **public)], "private": [image("b", visibility="private")]},
        {"public": [image("a", **public), image("b", **public)], "private": []},
        {"public": [image("a", **public), image("b", **public, min_disk=1)], "community": [image("c", **opened)]},
        {"public": [image("a", **public), image("b", **opened), image("d", **public)]},
    ]
    found = ask(tmp_path, "newly_visible", catalogues, since="2026-11-01")
    assert [(row["id"], row["was"], row["became"]) for row in found] == [
        ("b", "public", "community"),
        ("d", None, "public"),
        ("b", "private", "public"),
    ]


def test_withdrawn_share_is_gone_from_all_listings(tmp_path: Path) -> None:
    moved, withdrawn, opened, hidden = (image(name, **SHARED) for name in ("moved", "withdrawn", "opened", "hidden"))
    catalogues: list[dict[str, Any]] = [
        {"shared-pending": [moved, withdrawn], "shared-accepted": [opened, hidden], "public": [image("x")]},
        {"shared-pending": [], "shared-accepted": [moved], "public": [image("x"), opened], "there": [hidden]},
    ]
    found = ask(tmp_path, "withdrawn_shares", catalogues, since="2026-11-01")
    assert [(row["id"], row["listing"], row["withdrawn_at"], row["image_is"]) for row in found] == [
        ("hidden", "shared-accepted", TUESDAY, "unlisted"),
        ("withdrawn", "shared-pending", TUESDAY, "gone"),
    ]


def test_images_in_no_listing_say_since_when(tmp_path: Path) -> None:
    catalogues: list[dict[str, Any]] = [
        {"public": [image("a"), image("b")]},
        {"public": [image("b")], "there": [image("a", os_hidden=True)]},
    ]
    found = ask(tmp_path, "images_in_no_listing", catalogues)
    assert [(row["id"], row["os_hidden"], row["unlisted_since"]) for row in found] == [("a", True, TUESDAY)]


def test_images_that_one_cloud_has_and_the_other_has_not(tmp_path: Path) -> None:
    sha = {"os_hash_algo": "sha512"}
    ours = [
        image("a", name="A", checksum="1" * 32, os_hash_value="1" * 128, **sha),
        image("b", name="B", checksum="2" * 32, os_hash_value="2" * 128, **sha),
        image("c", name="C", os_hash_value="3" * 128, **sha),
    ]
    theirs = [
        image("their a", name="A", checksum="9" * 32),
        image("their b", name="b", checksum=f"{'2' * 32} ", os_hash_value="2" * 128, os_hash_algo="SHA512"),
        image("their c", name="C", os_hash_value="4" * 128, **sha),
    ]
    with new_warehouse(tmp_path) as warehouse:
        Runs(warehouse, tmp_path / "stage").run({"public": ours + theirs}, at=MONDAY)
        for table in ("image_versions", "listing_memberships"):
            warehouse.execute(f"UPDATE {table} SET cloud = 'd' WHERE id LIKE 'their%'")
        for by, missing in (("name", ["b"]), ("checksum", ["a"]), ("hash", ["a", "c"])):
            given: dict[str, object] = {"cloud": "c", "other": "d", "by": by}
            found = warehouse.execute(question("missing_in_cloud").text, given).fetchall()
            assert [row[1] for row in found] == missing, by


FAULTS: dict[str, Any] = {
    "architecture": "amd64", "min_disk": 0, "min_ram": None, "os_version": "", "os_distro": "RedHat",
    "os_purpose": "oldest", "hw_disk_bus": "nvme", "replace_frequency": "often", "uuid_validity": "last-",
    "provided_until": "2027-02-30", "image_source": "a.img", "image_description": "", "image_build_date": "soon",
    "image_original_user": None, "hypervisor_type": "bochs", "hotfix_hours": "-1",
}  # fmt: skip


def test_metadata_that_is_missing_or_not_of_the_standard_is_found_and_no_other(tmp_path: Path) -> None:
    images = [
        image("complete", **COMPLETE),
        image("least", **COMPLETE | {"os_purpose": "minimal", "uuid_validity": "2027-01-31", "provided_until": "none"}),
        image("old", **COMPLETE | {"os_purpose": "oldgeneric", "image_source": "private", "uuid_validity": "notice"}),
        image("hidden", **COMPLETE | {"os_hidden": True, "architecture": ""}),
        *(image(f"no {name}", **COMPLETE | {"os_purpose": "custom", name: value}) for name, value in FAULTS.items()),
        image("small", **COMPLETE | {"os_purpose": "gpu", "min_disk": 1, "size": 2 * GIGABYTE}),
        image("licence", **COMPLETE | {"os_purpose": "gpu", "license_required": "yes", "license_included": True}),
    ]
    found = ask(tmp_path, "incomplete_metadata", [{"public": images, "private": [image("private")]}], version="2")
    faults = {row["id"]: row["missing"] + [fault.partition(" = ")[0] for fault in row["wrong"]] for row in found}
    expected = {f"no {name}": [name] for name in FAULTS}
    assert faults == expected | {"small": ["min_disk"], "licence": ["license_required"]}
    wrong = {row["id"]: row["wrong"] for row in found}
    assert wrong["no image_build_date"] == ["image_build_date = soon"]
    assert wrong["no os_version"] == []


def test_generic_image_must_be_the_only_one_of_its_system(tmp_path: Path) -> None:
    images = [
        image("one", **COMPLETE),
        image("two", **COMPLETE),
        image("arm", **COMPLETE | {"architecture": "aarch64"}),
        image("old", **COMPLETE | {"os_purpose": "oldgeneric"}),
    ]
    for version, expected in (("2", ["one", "two"]), ("1", ["old", "one", "two"])):
        (tmp_path / version).mkdir()
        found = ask(tmp_path / version, "incomplete_metadata", [{"public": list(images)}], version=version)
        wrong = {row["id"]: [fault.partition(" = ")[0] for fault in row["wrong"]] for row in found}
        assert wrong == {identity: ["os_purpose"] for identity in expected}


def test_names_are_overdue_by_their_promise_or_else_by_their_habit(tmp_path: Path) -> None:
    def created(day: str, **more: str) -> dict[str, str]:
        return {"created_at": f"{day}T00:00:00Z", "visibility": "public", **more}

    images = [
        image("a1", name="habit", **created("2026-01-01")),
        image("a2", name="habit", **created("2026-02-01")),
        image("b1", name="promise", **created("2026-01-01")),
        image("b2", name="promise", **created("2026-03-01", replace_frequency="monthly")),
        image("c1", name="fresh", **created("2026-02-01")),
        image("c2", name="fresh", **created("2026-03-15")),
    ]
    for on, overdue in (("2026-04-04", ["habit"]), ("2026-04-05", ["habit", "promise"])):
        (tmp_path / on).mkdir()
        found = ask(tmp_path / on, "name_renewals", [{"public": list(images)}], on=on)
        assert [row["name"] for row in found if row["is_overdue"]] == overdue
    assert {row["name"]: (row["renewals"], row["usual_days"], row["id"]) for row in found} == {
        "habit": (1, 31, "a2"),
        "promise": (1, 59, "b2"),
        "fresh": (1, 42, "c2"),
    }


def test_newest_image_of_each_system_and_architecture(tmp_path: Path) -> None:
    debian = {"visibility": "public", "os_distro": "debian", "os_version": "12"}
    on_x86, march = {**debian, "architecture": "x86_64"}, {"created_at": "2026-03-01T00:00:00Z"}
    images = [
        image("old", created_at="2026-01-01T00:00:00Z", **on_x86),
        image("new", created_at="2026-02-01T00:00:00Z", **on_x86),
        image("arm", created_at="2026-01-01T00:00:00Z", __support_arm="true", **debian),
        image("gpu", os_purpose="gpu", **on_x86, **march),
        image("queued", status="queued", **on_x86, **march),
        image("own", **{**on_x86, "visibility": "private"}, **march),
    ]
    found = ask(tmp_path, "newest_images", [{"public": images}])
    assert [(row["architecture"], row["id"]) for row in found] == [("aarch64", "arm"), ("x86_64", "new")]


def test_gigabyte_days_go_to_whom_or_what_held_them_when(tmp_path: Path) -> None:
    debian = {"os_distro": "debian", "owner": "p"}
    catalogues: list[dict[str, Any]] = [
        {"public": [image("a", size=GIGABYTE, os_version="12", tags=["x", "y"], **debian)]},
        {"public": [image("a", size=3 * GIGABYTE, os_version="13", tags=["y"], **debian)]},
        {"public": []},
    ]
    found = ask(tmp_path, "gigabyte_days", catalogues, by="system", since="2026-11-01", until="2026-12-01")
    assert [(row["held_by"], *list(row.values())[3:]) for row in found] == [
        ("debian 13", 0.0, 0.0, 3.0),
        ("debian 12", 1.0, 0.0, 1.0),
    ]


def test_names_that_differ_in_their_date_are_renewals_of_one_name(tmp_path: Path) -> None:
    """As promises are judged. A date inside a name, and one that is not at its end, are part of the name."""
    public = {"visibility": "public"}
    images = [
        image("1", name="Debian 12 20260101", created_at="2026-01-01T00:00:00Z", **public),
        image("2", name="Debian 12 2026-02-01", created_at="2026-02-01T00:00:00Z", **public),
        image("3", name="Debian 12", created_at="2026-03-01T00:00:00Z", **public),
        image("4", name="Debian 20260101 x", created_at="2026-03-02T00:00:00Z", **public),
    ]
    found = ask(tmp_path, "name_renewals", [{"public": images}], on="2026-03-11")
    assert [(row["name"], row["id"], row["renewals"], row["days"], row["is_overdue"]) for row in found] == [
        ("Debian 12", "3", 2, 10, False),
        ("Debian 20260101 x", "4", 0, 9, None),
    ]


def test_digest_tells_what_came_from_what_the_first_reading_showed(tmp_path: Path) -> None:
    """Also of a listing that is read for the first time."""
    catalogues: list[dict[str, Any]] = [
        {"public": [image("a"), image("b")]},
        {"public": [image("a", min_ram=5), image("old", created_at="2020-01-01T00:00:00Z")], "private": [image("p")]},
    ]
    for day, expected in (
        ("2026-11-02", [("first reading", 2)]),
        ("2026-11-03", [("deleted", 1), ("first seen", 1), ("changed", 1), ("first reading", 1)]),
        ("2026-11-04", []),
    ):
        (tmp_path / day).mkdir()
        found = ask(tmp_path / day, "digest", [dict(catalogue) for catalogue in catalogues], day=day)
        assert [(row["event"], row["images"]) for row in found] == expected


def test_growth_by_what_the_images_are(tmp_path: Path) -> None:
    """A group that is empty again has a row, and so has a month without a run."""
    ubuntu, debian = ({"os_distro": name, "size": GIGABYTE} for name in ("ubuntu", "debian"))
    with new_warehouse(tmp_path) as warehouse:
        nights = Runs(warehouse, tmp_path / "stage")
        nights.run({"public": [image("a", **ubuntu), image("b", **debian)]}, at=MONDAY)
        nights.run({"public": [image("a", **ubuntu), image("c", **ubuntu)], "private": [image("c", **ubuntu)]},
                   at=MONDAY.replace(year=2027, month=1))  # fmt: skip
        text = question("growth_by_month").text
        by_platform = warehouse.execute(text, {"by": "platform"}).fetchall()
        by_listing = warehouse.execute(text, {"by": "listing"}).fetchall()
        by_owner = warehouse.execute(text, {"by": "owner"}).fetchall()
    months = ("2026-11", "2026-12", "2027-01")
    debians, ubuntus = ((1, None), (1, 0), (0, -1)), ((1, None), (1, 0), (2, 1))
    assert [row[1:5] for row in by_platform] == [
        *(("debian", month, *counts) for month, counts in zip(months, debians, strict=True)),
        *(("ubuntu", month, *counts) for month, counts in zip(months, ubuntus, strict=True)),
    ]
    assert [row[5:] for row in by_platform[3:]] == [(1.0, None), (1.0, 0.0), (2.0, 1.0)]
    assert [row[1:4] for row in by_listing] == [("private", "2027-01", 1), *(("public", month, 2) for month in months)]
    assert [row[1:4] for row in by_owner] == [(None, month, 2) for month in months]
