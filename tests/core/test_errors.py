"""Errors travel between processes, and say what and what to do."""

import pickle

import pytest

from core.errors import CloudError, GlancebackError, Refused, SettingsError, TransientError, WarehouseError
from core.redaction import excerpt, shown_url
from pipeline.listing_reading import ListingIncomplete

EVERY = [
    GlancebackError("a", "b"),
    SettingsError("a", "b"),
    CloudError("a", "b"),
    Refused("a", "b", 404),
    TransientError("a", "b", 3.0),
    WarehouseError("a", "b"),
    ListingIncomplete("a", "b", None, True),
]


@pytest.mark.parametrize("error", EVERY, ids=lambda error: type(error).__name__)
def test_error_pickles_whole(error: GlancebackError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), copy.args, vars(copy)) == (type(error), error.args, vars(error))


def test_error_says_what_and_what_to_do() -> None:
    assert str(CloudError("it broke.", "Mend it.")) == "it broke. Mend it."


def test_url_is_shown_without_user_password_and_query() -> None:
    assert shown_url("https://user:secret@h:1/p?token=secret") == "https://h:1/p"


def test_excerpt_has_no_markup_no_control_characters_and_no_secret() -> None:
    page = b"<html><style>x</style><h1>No\x1b[31m</h1> entry for T0KEN</html>"
    assert excerpt(page, ["T0KEN"]) == "No [31m entry for ***"
