"""The listings are the reference's, and what they ask for is held against what comes."""

from datetime import datetime

import pytest

from core.errors import SettingsError
from extract.listing import ImageApi, Listing, all_fit, known_names, listings, mismatch

REFERENCE = {
    "public": {"__imagetype": "gold", "visibility": "public", "protected": "true"},
    "private": {"owner": "P"},
    "shared-accepted": {"member_status": "accepted", "visibility": "shared", "__imagetype": "shared"},
    "shared-rejected": {"member_status": "rejected", "visibility": "shared", "__imagetype": "shared"},
    "shared-pending": {"member_status": "pending", "visibility": "shared", "__imagetype": "shared"},
}


def test_ims_listings_have_exactly_the_references_parameters() -> None:
    assert {listing.name: dict(listing.filters) for listing in listings("ims", "P")} == REFERENCE


def test_market_is_read_only_where_it_is_set() -> None:
    assert "market" not in {listing.name for listing in listings("ims", "P")}
    assert [listing.name for listing in listings("ims", "P", ("market",))] == ["market"]


def test_plain_openstack_has_community_and_hidden_too() -> None:
    assert {"community", "hidden"} < {listing.name for listing in listings("openstack", None)}


def test_private_listing_without_a_project_is_a_mistake_in_the_settings() -> None:
    with pytest.raises(SettingsError, match="project"):
        listings("ims", None)


def test_listing_of_another_dialect_is_a_mistake_in_the_settings() -> None:
    with pytest.raises(SettingsError, match="community"):
        listings("ims", "P", ("community",))
    assert "community" in known_names()


@pytest.mark.parametrize(
    ("filters", "image", "fits"),
    [
        ({"protected": "true"}, {"protected": True}, True),
        ({"protected": "true"}, {"protected": "True"}, True),
        ({"protected": "true"}, {"protected": False}, False),
        ({"protected": "true"}, {}, False),
        ({"owner": "P"}, {"owner": "Q"}, False),
        ({"visibility": "all"}, {"visibility": "private"}, True),
        ({"member_status": "pending"}, {}, True),
    ],
)
def test_image_is_held_against_every_filter(filters: dict[str, str], image: dict[str, object], fits: bool) -> None:
    assert (mismatch(Listing("x", filters), image) is None) == fits


@pytest.mark.parametrize("odd", [1, "false", None, [True], {"true": True}])
def test_one_odd_image_among_fitting_ones_is_found(odd: object) -> None:
    (public,) = listings("ims", None, ("public",))
    fitting = {"__imagetype": "gold", "visibility": "public", "protected": True}
    assert all_fit(public, [fitting, {**fitting, "protected": "true"}])
    assert not all_fit(public, [fitting, {**fitting, "protected": odd}])
    assert mismatch(public, {**fitting, "protected": odd}) is not None


def _shared(project_id: str | None) -> Listing:
    (listing,) = listings("openstack", project_id, ("shared-accepted",))
    return listing


@pytest.mark.parametrize(
    ("project_id", "image", "fits"),
    [
        ("P", {"visibility": "private", "owner": "Q"}, True),
        ("P", {"visibility": "private", "owner": "P"}, False),
        ("P", {"visibility": "private", "owner": "p"}, False),
        ("P", {"visibility": "private", "owner": ""}, False),
        ("P", {"visibility": "private", "owner": None}, False),
        ("P", {"visibility": "private", "owner": ["Q"]}, False),
        ("P", {"visibility": "private"}, False),
        ("P", {"visibility": "public", "owner": "Q"}, False),
        ("P", {"owner": "Q"}, False),
        (None, {"visibility": "private", "owner": "Q"}, False),
    ],
)
def test_private_image_of_another_project_is_a_share_of_an_old_api(
    project_id: str | None, image: dict[str, object], fits: bool
) -> None:
    assert (mismatch(_shared(project_id), image) is None) == fits


def test_private_image_of_another_project_is_no_answer_to_any_other_question() -> None:
    (public,) = listings("openstack", "P", ("public",))
    assert mismatch(public, {"visibility": "private", "owner": "Q"}) is not None


@pytest.mark.parametrize(("project_id", "helps"), [("P", "api_version"), (None, "project_id")])
def test_what_helps_against_private_shares_is_named(project_id: str | None, helps: str) -> None:
    found = mismatch(_shared(project_id), {"visibility": "private", "owner": "P"})
    assert found is not None
    assert helps in found


def test_listings_that_an_old_api_does_not_have_are_left_out_unless_they_are_named() -> None:
    old = ImageApi(has_community=False, has_hidden=False)
    names = [listing.name for listing in listings("openstack", "P", api=old)]
    assert names == ["public", "private", "shared-accepted", "shared-pending", "shared-rejected"]
    assert [listing.name for listing in listings("openstack", "P", ("community",), old)] == ["community"]
    ocata = ImageApi(has_community=True, has_hidden=False)
    assert "community" in {listing.name for listing in listings("openstack", "P", api=ocata)}
    assert "hidden" not in {listing.name for listing in listings("openstack", "P", api=ocata)}
    assert listings("ims", "P", api=old) == listings("ims", "P")


def test_private_images_of_an_old_api_are_asked_for_by_owner() -> None:
    """There, accepted shares of others say `private` too, and would be in both listings."""
    old = ImageApi(has_community=False, has_hidden=False)
    (private,) = [listing for listing in listings("openstack", "P", api=old) if listing.name == "private"]
    assert dict(private.filters) == {"visibility": "private", "owner": "P"}
    (private,) = [listing for listing in listings("openstack", None, api=old) if listing.name == "private"]
    assert dict(private.filters) == {"visibility": "private"}


@pytest.mark.parametrize(
    ("updated_at", "is_before"),
    [
        ("2026-11-01T01:59:59Z", True),
        ("2026-11-01T02:00:00Z", False),
        ("2026-11-01T01:59:59.9Z", True),
        ("2026-11-01T09:59:59+08:00", True),
        ("2026-11-01T10:00:00+08:00", False),
        ("2026-11-01 01:59:59", True),
        ("9999-12-31T23:59:59-12:00", False),
        ("soon", False),
        (20261101, False),
        (None, False),
    ],
)
def test_image_is_held_against_the_time_it_was_asked_for(updated_at: object, is_before: bool) -> None:
    found = mismatch(Listing("x", {}), {"updated_at": updated_at}, datetime(2026, 11, 1, 2, 0, 0, 900_000))
    assert (found is not None) == is_before


@pytest.mark.parametrize(
    "spelled",
    [
        {"__imagetype": "Gold", "visibility": "PUBLIC", "protected": "TRUE"},
        {"__imagetype": "gold", "visibility": "public", "protected": True},
    ],
)
def test_filters_do_not_look_at_how_a_value_is_spelled(spelled: dict[str, object]) -> None:
    (public,) = listings("ims", None, ("public",))
    assert mismatch(public, spelled) is None
    assert all_fit(public, [spelled])
