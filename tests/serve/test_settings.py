"""A site's settings: what is wrong is told with its place, nothing secret is shown, and the example file means the defaults."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from boneage.errors import BoneAgeError
from boneage.serve.example import example_settings
from boneage.serve.settings import (
    CStore,
    DicomSource,
    Listener,
    ListenerTls,
    PeerTls,
    Reads,
    Settings,
    SignIn,
    Stow,
    Web,
    WebSource,
    read_settings,
)

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"
TABLES = (Settings, Web, SignIn, Reads, Listener, ListenerTls, CStore, PeerTls, Stow, DicomSource, WebSource)
STOW = '[[destinations]]\nkind = "stow"\nname = "a"\nurl = "https://a"\n'
POLLED = '[[sources]]\nkind = "dicomweb"\nname = "a"\nurl = "https://a"\npoll_seconds = 30\ndays = 30\n'
BY_MOVE = '[[sources]]\nkind = "dimse"\nname = "a"\nae_title = "A"\nhost = "a"\nport = 1\nby = "c-move"\n'


def read(tmp_path: Path, text: str) -> Settings:
    (tmp_path / "site.toml").write_text(text, encoding="utf-8")
    return read_settings(tmp_path / "site.toml")


def test_an_empty_file_means_the_defaults(tmp_path: Path) -> None:
    settings = read(tmp_path, "")
    assert settings == Settings().model_copy(update={"folder": tmp_path / "boneage-data"})
    assert settings.web.host == "127.0.0.1"
    assert settings.listener is None
    assert settings.database_url == f"sqlite:///{tmp_path}/boneage-data/boneage.sqlite"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("foldr = 'a'", "foldr: unknown key, did you mean 'folder'"),
        ("[web]\nprot = 1", "web.prot: unknown key, did you mean 'port'"),
        ("[web]\nxyzzy = 1", "web.xyzzy: unknown key"),
        ("[web]\nport = 70000", "web.port: .*65535"),
        ("[web]\nport = '8080x'", "web.port"),
        ("send = 'later'", "send: .*'on-sign' or 'on-read'"),
        ("[web]\nhost = '0.0.0.0'", "in the clear"),
        ("[web]\nhost = 'boneage.clinic'", "in the clear"),
        ("[web]\ncertificate = 'a.pem'", "come together"),
        ("[sign_in]\ntrusted = ['proxy.clinic']", "sign_in.trusted.0"),
        ("[sign_in]\nheader = 'X: y'", "sign_in.header"),
        ("[sign_in]\nhours = inf", "sign_in.hours"),
        ("[reads]\nworkers = 0", "reads.workers"),
        ("[listener]\nae_title = 'SEVENTEEN_LETTERS'", "listener.ae_title"),
        ("[listener]\nae_title = ' A'", "listener.ae_title"),
        ("[listener]\naccepted = ['A\\\\B']", "listener.accepted.0"),
        (STOW + STOW, "two destinations of one name: a"),
        (STOW.replace("https://a", "ftp://a"), "destinations.0.stow.url"),
        (STOW.replace("https://a", "https://u:hunter2@a"), "destinations.0.stow.url: .*token"),
        (STOW + "formats = ['pdf']", "destinations.0.stow.formats.0"),
        (STOW + "formats = []", "destinations.0.stow.formats"),
        (STOW.replace("stow", "ftp"), "destinations.0"),
        ("keep_days = 30\n" + POLLED, "pulled again"),
        (BY_MOVE, "listener"),
        (STOW.replace("https", "http") + "tls = { ca = 'c', client_certificate = false }", "tls of a asks for .*https"),
        (STOW + "tls = { ca = 'c' }", "destinations.0.stow.tls: .*client_certificate = false"),
        ("[listener.tls]\ncertificate = 'a'\nkey = 'b'", "listener.tls: .*ca"),
        ("folder = \nsend = 1", "TOMLDecodeError.*line 1"),
        ("keep_days = 0", "keep_days"),
        ("[reads]\nmaps = false\n" + STOW + "formats = ['sr', 'map']", "reads.maps"),
    ],
    ids=range(30),
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(BoneAgeError, match=told) as caught:
        read(tmp_path, text)
    assert "site.toml" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(BoneAgeError, match="FileNotFoundError"):
        read_settings(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(BoneAgeError, match="UnicodeDecodeError"):
        read_settings(tmp_path / "bad.toml")


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    text = """
        folder = "data"
        database = "sqlite:///db/a.sqlite"
        mapping = "/etc/mapping.toml"
        [web]
        certificate = "tls/a.pem"
        key = "../b.pem"
        [reads]
        plates = "plätze"
        [listener.tls]
        certificate = "tls/b.pem"
        key = "/etc/b.key"
        client_certificate = false
        [[sources]]
        kind = "dicomweb"
        name = "a"
        url = "https://a"
        tls = { ca = "tls/ca.pem", client_certificate = false }
    """
    settings = read(tmp_path, "\ufeff" + text)  # as Notepad saves it
    assert settings.folder == tmp_path / "data"
    assert settings.database_url == f"sqlite:///{tmp_path}/db/a.sqlite"
    assert settings.mapping == Path("/etc/mapping.toml")
    assert (settings.web.certificate, settings.web.key) == (tmp_path / "tls/a.pem", tmp_path / ".." / "b.pem")
    assert settings.reads.plates == tmp_path / "plätze"
    assert settings.listener is not None
    tls = settings.listener.tls
    assert tls is not None
    assert (tls.certificate, tls.key, tls.ca) == (tmp_path / "tls/b.pem", Path("/etc/b.key"), None)
    assert settings.sources[0].tls == PeerTls(ca=tmp_path / "tls/ca.pem", client_certificate=False)
    assert read(tmp_path, "database = 'postgresql://a@b/c'").database_url == "postgresql://a@b/c"
    assert read(tmp_path, "database = 'sqlite:////var/a.sqlite'").database_url == "sqlite:////var/a.sqlite"


@pytest.mark.parametrize(
    ("web", "secure"),
    [({}, False), ({"behind_https": True, "host": "0.0.0.0"}, True), ({"certificate": "a", "key": "b", "host": "::"}, True)],
)
def test_who_listens_to_the_network_speaks_https(web: dict[str, Any], secure: bool) -> None:
    assert Web(**web).secure is secure
    for host in ("localhost", "::1", "127.0.0.2"):
        assert Web(**web | {"host": host}).secure is secure


def test_nothing_secret_is_in_a_repr(tmp_path: Path) -> None:
    settings = read(tmp_path, "database = 'postgresql://u:hunter2@b/c'\n" + STOW + "token = 'hunter2'")
    assert "hunter2" not in repr(settings) + str(settings) + settings.model_dump_json()
    assert "hunter2" in settings.database_url
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"database": ["hunter2"], "folder": 7})
    assert "hunter2" not in str(caught.value)


def test_the_example_means_the_defaults(tmp_path: Path) -> None:
    assert Settings.model_validate(tomllib.loads(example_settings())) == Settings()
    assert read(tmp_path, example_settings()) == read(tmp_path, "")


def test_what_is_commented_out_in_the_example_is_valid(tmp_path: Path) -> None:
    text = re.sub(r"(?m)^# (?=\[|\w+ = )", "", example_settings())
    text = text.replace("poll_seconds = 30", "poll_seconds = 60")
    settings = read(tmp_path, text)
    assert [type(one) for one in settings.destinations] == [CStore, Stow]
    assert [type(one) for one in settings.sources] == [DicomSource, WebSource]
    pems = {name: tmp_path / f"{name}.pem" for name in ("certificate", "key", "ca")}
    assert settings.listener == Listener(tls=ListenerTls(**pems))
    assert settings.destinations[0].tls == PeerTls(**pems)
    assert settings.keep_days == 365


@pytest.mark.parametrize("table", TABLES)
def test_every_key_is_in_the_example_and_in_the_docs(table: type[BaseModel]) -> None:
    text, docs = example_settings(), DOCS.read_text(encoding="utf-8")
    for key in table.model_fields:
        if key not in {"web", "sign_in", "reads", "listener", "destinations", "sources", "tls"}:
            assert re.search(rf"(?m)^(# )?{key} = ", text), key
        assert re.search(rf"`\[*{key}\]*`", docs), key


def test_the_settings_in_the_docs_are_valid(tmp_path: Path) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 4
    for block in blocks:
        if "[[bone_age]]" not in block:
            read(tmp_path, block)
