"""The listings are the reference's, and what they ask for is held against what comes."""

import pytest

from extract.errors import SettingsError
from extract.listing import Listing, all_fit, known_names, listings, mismatch

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
