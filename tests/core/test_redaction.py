"""What is shown of foreign text: no secret, however the server spells it, and wherever the text is cut."""

import base64
import html
import json
import pickle
import re
import threading
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.redaction import MASK, SHORTEST, Secrets, excerpt, shown_url

TOKEN = "gAAAAABn+Xy7/q<2>&\"t0K'en_%41-of=the==rest"
LONG = "MIIF" + "".join(f"{number:04x}" for number in range(0, 60_000, 7))
PASSWORD = "pä ss/w\\rd&"


def percent(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def entities(text: str) -> str:
    return "".join(f"&#x{ord(character):x};" for character in text)


def escapes(text: str) -> str:
    return "".join(f"\\u{ord(character):04x}" for character in text)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "upper case": str.upper,
    "in a URL": lambda text: quote(text, safe=""),
    "in a URL's path": quote,
    "in a form": quote_plus,
    "interrupted by styles": lambda text: "<style>b{}</style>".join(re.findall(".{1,7}", text)),
    "every character in percent": percent,
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "JSON": json.dumps,
    "JSON with escaped slashes": lambda text: json.dumps(text).replace("/", "\\/"),
    "JSON in JSON": lambda text: json.dumps(json.dumps({"token": text})),
    "JSON in HTML": lambda text: html.escape(json.dumps(text)),
    "HTML": html.escape,
    "HTML twice": lambda text: html.escape(html.escape(text)),
    "numbered entities": entities,
    "JSON code points": escapes,
    "folded": lambda text: "\r\n\t".join((text[:5], text[5:11], text[11:])),
    "wrapped after each character": "\n".join,
    "interrupted by markup": lambda text: f"{text[:6]}<b></b>{text[6:9]}<wbr>{text[9:]}",
    "interrupted by an escaped break": lambda text: f"{text[:6]}\\n{text[6:]}",
    "interrupted by what is not shown": lambda text: f"{text[:6]}\u200b{text[6:9]}\x00{text[9:]}",
    "of 16 bits": "\0".join,
    "Basic": lambda text: "Basic " + base64.b64encode(f"user:{text}".encode()).decode(),
    "Basic, by another user": lambda text: base64.b64encode(f"a user:{text}".encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(f"u:{text}:x".encode()).decode(),
    "Python's repr": lambda text: repr(text.encode()),
    "without its end": lambda text: text[:-3],
    "the first eight": lambda text: text[:8],
    "sixteen from the middle": lambda text: text[3:19],
    "its end": lambda text: text[-16:],
}


def leaks(shown: str, secret: str) -> bool:
    """Whether eight characters in a row of the secret's beginning, or sixteen of any of it, are shown."""
    dense = "".join(shown.split())
    return any(spelling(secret[:8]) in dense for spelling in (str, percent, entities, escapes, base64_of)) or any(
        secret[start : start + 16] in dense for start in range(len(secret) - 15)
    )


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode().rstrip("=")[:-1]


@pytest.mark.parametrize("secret", [TOKEN, PASSWORD + "and more of it", LONG[:900]], ids=["token", "password", "long"])
@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_secret_is_masked_however_it_is_spelled(spelling: Callable[[str], str], secret: str) -> None:
    shown = Secrets(secret).excerpt(f"The request had {spelling(secret)} as its token.".encode())
    assert not leaks(shown, secret)
    assert shown.startswith("The request")
    assert shown.endswith("its token.")
    assert MASK in shown
    assert len(shown) < 80


@pytest.mark.parametrize("spelling", [str, percent, entities, escapes, json.dumps, html.escape, str.upper])
def test_short_password_is_masked_too(spelling: Callable[[str], str]) -> None:
    assert Secrets("s3cr").excerpt(f"bad {spelling('s3cr')}!") in (f"bad {MASK}!", f'bad "{MASK}"!')


def test_one_of_three_characters_is_not() -> None:
    assert SHORTEST == 4
    assert Secrets("a", "the", "").excerpt("the account may not") == "the account may not"


def test_words_of_an_error_stay() -> None:
    said = "The security-token of this request is wrong: signature, Authorization, password"
    assert Secrets("canary-security-token", "canary-password").excerpt(said) == said


@pytest.mark.parametrize("before", [*range(150, 205), 3_990, 16_370, 16_380, 65_530])
@pytest.mark.parametrize("filler", ["x", "<b>", "ä"])
def test_nothing_of_a_secret_is_left_at_a_cut(before: int, filler: str) -> None:
    """Behind so much, of which markup counts for what is read but not for what is shown."""
    body = (filler * (before // len(filler.encode())) + " " + TOKEN + " and more").encode()
    shown = Secrets(TOKEN).excerpt(body)
    assert "gA" not in shown
    assert len(shown) <= 201


def test_secret_longer_than_what_is_read_is_masked() -> None:
    assert Secrets(LONG).excerpt(f"no entry for {LONG}") == f"no entry for {MASK}"


def test_half_a_tag_in_a_secret_hides_none_of_it() -> None:
    secret = "canary<1234567890abcdef"
    assert Secrets(secret).mask(f"{secret[:12]}\n{secret[12:]} >") == f"{MASK} >"


def test_markup_and_folding_together_hide_none_of_it() -> None:
    assert Secrets("canary-1234567890").mask("a can<b>\n</b>ary-123<b>\n</b>4567890 b") == f"a {MASK} b"


def test_two_secrets_side_by_side_leave_nothing_between() -> None:
    assert Secrets("first-secret", "second-secret").mask("a first-secretsecond-secret b") == f"a {MASK} b"


@given(st.text(min_size=8, max_size=40), st.text(max_size=60), st.text(max_size=60))
def test_any_text_is_masked_and_nothing_raises(secret: str, before: str, after: str) -> None:
    shown = Secrets(secret).mask(f"{before}{secret}{after}")
    assert secret not in shown or not secret.strip()


@given(st.binary(max_size=400), st.text(max_size=30))
def test_any_body_has_an_excerpt(body: bytes, secret: str) -> None:
    shown = Secrets(secret).excerpt(body)
    assert shown.isprintable()
    assert len(shown) <= 201


HEADERS = {
    "Accept": "application/json",
    "X-Auth-Token": "canary-auth-token",
    "X-Security-Token": "canary-temporary-key",
    "X-Subject-Token": "canary-subject",
    "X-Project-Id": "a-project-id",
    "Proxy-Authorization": "Basic " + base64.b64encode(b"u:canary").decode(),
    "Authorization": "SDK-HMAC-SHA256 Access=AKCANARYKEY, SignedHeaders=host;x-sdk-date, Signature=0123456789abcdef",
    "Cookie": "language=en; session=canary-session",
}


def test_what_a_request_carried_is_masked_where_the_answer_repeats_it() -> None:
    body = "\n".join(f"{name}: {value}" for name, value in HEADERS.items())
    shown = " ".join(Secrets().excerpt(part, HEADERS) for part in body.split("\n"))
    assert "canary" not in shown.lower()
    assert "0123456789abcdef" not in shown
    assert HEADERS["Proxy-Authorization"][6:14] not in shown
    for word in ("application/json", "a-project-id", "SDK-HMAC-SHA256", "SignedHeaders=host;x-sdk-date"):
        assert word in shown


def test_headers_of_one_request_are_not_kept() -> None:
    secrets = Secrets()
    secrets.excerpt("", HEADERS)
    assert secrets.mask("canary-session") == "canary-session"


@pytest.mark.parametrize(
    "url",
    [
        "https://me:canary-pass@host/path",
        "https://canary-pass@host/path",
        "http://me:canary%2Dpass@[::1]:80",
        "http://me:canary-pass/with@slash@host",
        "//me:canary-pass@proxy:3128",
    ],
)
def test_password_of_a_url_is_masked(url: str) -> None:
    secrets = Secrets()
    secrets.add_url(url)
    assert "canary" not in secrets.mask(f"no {url}, {quote(url)}, canary-pass")
    assert "canary" not in shown_url(url)


def test_passwords_of_proxies_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:canary-pass@proxy:3128")
    monkeypatch.setenv("ALL_PROXY", "me:canary-other@proxy:3128")
    secrets = Secrets()
    secrets.add_proxies()
    assert secrets.mask("canary-pass canary-other") == f"{MASK} {MASK}"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:secret@h:1/p?token=secret#secret", "https://h:1/p"),
        ("https://h/p", "https://h/p"),
        ("http://[::1]:9292/v2", "http://[::1]:9292/v2"),
        ("http://h:99999/", "http://h:99999/"),
        ("/v2/images?token=secret", "/v2/images"),
        ("http://[x", "http://…"),
        ("http://[x]secret/", "http://…"),
        ("http://u:sec/ret@h/", "http://…"),
        ("http://u:1/ret@h/", "http://…"),
        ("http://u:1?ret@h/", "http://…"),
        ("http://u:sec?ret@h/", "http://…"),
        ("http://u:sec#ret@h/", "http://…"),
        ("http://u:sec\\ret@h/", "http://…"),
        ("http://u:secret@@h/", "http://h/"),
        ("//u:secret@h/", ""),
        ("u:secret@h", ""),
        ("ht\x1btp\n://h\ud800/p\x00", "http://h/p"),
        ("", ""),
    ],
)
def test_url_is_shown_without_user_password_query_and_fragment(url: str, shown: str) -> None:
    assert shown_url(url) == shown


@given(st.text())
def test_any_text_can_be_shown_as_a_url(url: str) -> None:
    shown = shown_url(url)
    assert shown.isprintable()
    assert not {"@", "?", "#"} & set(shown)


def test_secret_in_the_path_of_a_url_is_masked() -> None:
    assert Secrets("canary-token").url("http://h/canary-token/p?x") == f"http://h/{MASK}/p"


def test_secrets_are_in_no_repr_and_stay_in_their_process() -> None:
    secrets = Secrets("canary-token")
    sent = pickle.dumps(secrets)
    assert b"canary" not in sent
    assert "canary" not in repr(secrets)
    assert pickle.loads(sent).mask("canary-token") == "canary-token"


def test_threads_may_add_while_others_mask() -> None:
    secrets = Secrets()

    def add() -> None:
        for number in range(300):
            secrets.add(f"{number:x}-secret", f"s{number:03}")

    adding = threading.Thread(target=add)
    adding.start()
    while adding.is_alive():
        secrets.mask("an error of some length")
    assert secrets.mask("12b-secret s299") == f"{MASK} {MASK}"


def test_excerpt_has_no_markup_no_control_characters_and_no_secret() -> None:
    page = b"<html><style>x</style><h1>No\x1b[31m</h1> entry for T0KEN</html>"
    assert excerpt(page, ["T0KEN"]) == f"No [31m entry for {MASK}"
