"""What a credential may look like, before anything is sent."""

import pytest

from core.errors import SettingsError
from extract.credentials import header_safe


@pytest.mark.parametrize("value", ["t", "gAAAA-_=", "a b", "with:colon/slash+plus=="])
def test_what_a_header_can_hold_is_returned(value: str) -> None:
    assert header_safe(value, "the token", "cloud c") == value


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("canary\n", "line break"),
        ("can\r\nary", "line break"),
        ("canary\u2028", "not ASCII"),
        ("canarÿ", "not ASCII"),
        ("canary\ud800", "not ASCII"),
        ("can\x00ary", "control character"),
        ("canary\t", "control character"),
        ("\x7fcanary", "control character"),
        (" canary", "blank"),
        ("canary ", "blank"),
        ("", "empty"),
        (None, "not a text"),
        (["canary"], "not a text"),
        (b"canary", "not a text"),
    ],
)
def test_anything_else_is_refused_with_its_name_and_without_its_value(value: object, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem) as caught:
        header_safe(value, "the security token", "cloud c", "Check HUAWEICLOUD_SDK_SECURITY_TOKEN.")
    assert str(caught.value).startswith("cloud c: the security token ")
    assert "HUAWEICLOUD_SDK_SECURITY_TOKEN" in str(caught.value)
    assert "canar" not in repr(caught.value)
