"""A site's settings: one TOML file, complete in its meaning, an unknown key is an error. `boneage serve --settings FILE`."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from boneage.report.language import Language
from boneage.serve.toml import read_toml

SQLITE = "sqlite:///"


def _web_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("http://... or https://... is expected")
    if parts.username or parts.password:  # it would stand in logs
        raise ValueError("no user or password in the address: give a token")
    return url


def _address(text: str) -> str:
    ip_address(text)
    return text


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


AETitle = Annotated[str, Field(pattern=r"^[!-\[\]-~](?:[ -\[\]-~]{0,14}[!-\[\]-~])?$")]
Host = Annotated[str, Field(min_length=1, max_length=253)]
Port = Annotated[int, Field(ge=0, le=65535)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Poll = Annotated[float, Field(gt=0, le=7 * 86400)]
MAP: Final = "map"  # no report format: the heat maps, each as a capture
Formats = Annotated[tuple[Literal["sr", "sc", "gsps", "map"], ...], Field(min_length=1)]


class Part(BaseModel):
    """A table of the file. The text under a key stands beside it in the example file."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, hide_input_in_errors=True)


class Send(str, Enum):
    """When a result leaves for the archive."""

    ON_SIGN = "on-sign"
    ON_READ = "on-read"  # unverified; a signed one that names it follows


class Web(Part):
    """The page and REST."""

    host: Host = "127.0.0.1"
    """address to listen at; another than this machine's own asks for HTTPS"""
    port: Port = 8080
    certificate: Path | None = None
    """PEM file; with the key: HTTPS"""
    key: Path | None = None
    """PEM file"""
    behind_https: bool = False
    """a proxy in front speaks HTTPS"""
    upload_mib: int = Field(default=64, ge=1, le=1024)
    """largest upload in MiB"""
    request_seconds: float = Field(default=60, gt=0, le=3600)
    """a request that takes longer is ended"""

    @property
    def secure(self) -> bool:
        """Whether the browser speaks HTTPS."""
        return self.certificate is not None or self.behind_https

    @model_validator(mode="after")
    def _https(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key come together")
        if not self.secure and not _is_loopback(self.host):
            raise ValueError("passwords would cross the network in the clear: give certificate and key, or behind_https = true")
        return self


class SignIn(Part):
    """How users come in."""

    by: Literal["accounts", "proxy"] = "accounts"
    """with a password here, or by the site's proxy"""
    header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")] = "X-Remote-User"
    """proxy: the header that names the user"""
    trusted: tuple[Annotated[str, AfterValidator(_address)], ...] = ("127.0.0.1", "::1")
    """proxy: IP addresses whose header counts"""
    hours: float = Field(default=10, gt=0, le=744)
    """a session ends after so many"""


class Reads(Part):
    """How films are read."""

    system: str = "reference-2026-11"
    """as `boneage systems` lists them"""
    blind: bool = False
    """the reader first, the estimate after"""
    language: Language = Language.ENGLISH
    """of reports and pages: en, de, fr, es, zh"""
    maps: bool = True
    """make heat maps while no film waits"""
    plates: Path | None = None
    """a site's own reference plates"""
    workers: int = Field(default=1, ge=1, le=64)
    """processes that read films; each takes a core and about 1 GiB"""


class ListenerTls(Part):
    """DICOM over TLS to the listener; without it, DICOM in the clear."""

    certificate: Path
    """PEM file: ours, and those between it and its root"""
    key: Path
    """PEM file without a password"""
    ca: Path | None = None
    """PEM file: whose signature on a caller's certificate counts"""
    client_certificate: bool = True
    """a caller without a certificate is refused"""

    @model_validator(mode="after")
    def _both_sides(self) -> Self:
        if self.client_certificate and self.ca is None:
            raise ValueError("give ca, whose signature on a caller's certificate counts, or client_certificate = false")
        return self


class PeerTls(Part):
    """TLS to an archive; without it, DICOM in the clear."""

    ca: Path
    """PEM file: whose signature on the archive's certificate counts"""
    certificate: Path | None = None
    """PEM file: ours, and those between it and its root"""
    key: Path | None = None
    """PEM file without a password"""
    client_certificate: bool = True
    """we show ours; false: only the archive shows one"""
    check_host: bool = True
    """the archive's certificate must name its host"""

    @model_validator(mode="after")
    def _both_sides(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key come together")
        if self.client_certificate != (self.certificate is not None):
            raise ValueError("give certificate and key, or client_certificate = false")
        return self


class Listener(Part):
    """The DICOM listener; without this table there is none."""

    ae_title: AETitle = "BONEAGE"
    """of this service, as the archive calls it"""
    host: Host = "127.0.0.1"
    """address to listen at"""
    port: Port = 11112
    accepted: tuple[AETitle, ...] = ()
    """AE titles that may call; empty: nobody"""
    associations: int = Field(default=16, ge=1, le=256)
    """at most so many at once"""
    tls: ListenerTls | None = None
    """DICOM over TLS; absent: in the clear"""


class CStore(Part):
    """An archive that results go to by C-STORE."""

    kind: Literal["c-store"]
    name: Name
    ae_title: AETitle
    host: Host
    port: Port
    formats: Formats = ("sr", "sc")
    """structured report, secondary capture, presentation state (gsps), heat maps (map)"""
    rejection_notes: bool = False
    """a note that takes back what an amendment or a withdrawal made wrong (IHE IOCM)"""
    tls: PeerTls | None = None
    """absent: DICOM in the clear"""


class Stow(Part):
    """An archive that results go to by STOW-RS."""

    kind: Literal["stow"]
    name: Name
    url: WebAddress
    token: SecretStr | None = None
    """bearer token"""
    formats: Formats = ("sr", "sc")
    """structured report, secondary capture, presentation state (gsps), heat maps (map)"""
    rejection_notes: bool = False
    """a note that takes back what an amendment or a withdrawal made wrong (IHE IOCM)"""
    tls: PeerTls | None = None
    """absent: as the address says, with the system's roots"""


Destination = Annotated[CStore | Stow, Field(discriminator="kind")]


class DicomSource(Part):
    """An archive that films are pulled from by C-FIND with C-MOVE or C-GET."""

    kind: Literal["dimse"]
    name: Name
    ae_title: AETitle
    host: Host
    port: Port
    by: Literal["c-get", "c-move"] = "c-get"
    """c-move needs the listener"""
    poll_seconds: Poll | None = None
    """absent: only when asked"""
    days: int = Field(default=1, ge=0, le=3650)
    """of study dates that a poll looks back"""
    tls: PeerTls | None = None
    """absent: DICOM in the clear"""


class WebSource(Part):
    """An archive that films are pulled from by QIDO-RS and WADO-RS."""

    kind: Literal["dicomweb"]
    name: Name
    url: WebAddress
    token: SecretStr | None = None
    """bearer token"""
    poll_seconds: Poll | None = None
    """absent: only when asked"""
    days: int = Field(default=1, ge=0, le=3650)
    """of study dates that a poll looks back"""
    tls: PeerTls | None = None
    """absent: as the address says, with the system's roots"""


Source = Annotated[DicomSource | WebSource, Field(discriminator="kind")]


class Settings(Part):
    """All of a site."""

    folder: Path = Path("boneage-data")
    """received films and, unless `database` says else, the database"""
    database: SecretStr = SecretStr("")
    """postgresql://USER:PASSWORD@HOST/NAME or sqlite:///FILE; empty: SQLite in the folder"""
    send: Send = Send.ON_SIGN
    """on-sign, or on-read: unverified at once, and again when signed"""
    mapping: Path | None = None
    """which films count as bone age; absent: all hand radiographs"""
    keep_days: int | None = Field(default=None, ge=1, le=36500)
    """films and readings are deleted after so many days; absent: never"""
    web: Web = Web()
    sign_in: SignIn = SignIn()
    reads: Reads = Reads()
    listener: Listener | None = None
    destinations: tuple[Destination, ...] = ()
    sources: tuple[Source, ...] = ()

    @property
    def database_url(self) -> str:
        """With its password: not for logs."""
        return self.database.get_secret_value() or f"{SQLITE}{(self.folder / 'boneage.sqlite').absolute()}"

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        _once("destination", self.destinations)
        _once("source", self.sources)
        for one in (*self.destinations, *self.sources):
            if isinstance(one, Stow | WebSource) and one.tls is not None and urlsplit(one.url).scheme != "https":
                raise ValueError(f"tls of {one.name} asks for an address that begins with https://")
        if not self.reads.maps and any(MAP in one.formats for one in self.destinations):
            raise ValueError("a destination takes heat maps ('map'): give reads.maps = true, or other formats")
        if self.listener is None and any(isinstance(one, DicomSource) and one.by == "c-move" for one in self.sources):
            raise ValueError("a source by c-move sends its films to the listener: give [listener], or by = 'c-get'")
        polled = [one.days for one in self.sources if one.poll_seconds is not None]
        if self.keep_days is not None and polled and max(polled) >= self.keep_days:
            raise ValueError("keep_days must be more than a polled source's days: what is deleted would be pulled again")
        return self


def read_settings(path: Path) -> Settings:
    """Raises BoneAgeError that names the key; paths in the file are relative to it."""
    settings = read_toml(
        path,
        Settings,
        what="settings",
        expected="the keys of docs/settings.md",
        todo="Correct the file; `boneage serve --show-settings` prints one with every key.",
    )
    near = path.parent.absolute()
    url = settings.database.get_secret_value()
    if url.startswith(SQLITE):
        url = SQLITE + str(near / url.removeprefix(SQLITE))
    return settings.model_copy(update=_near(settings, near) | {"database": SecretStr(url)})


def _near(part: Part, folder: Path) -> dict[str, object]:
    """What changes where relative paths of a table, and of all tables in it, are of that folder."""

    def settled(value: object) -> object:
        match value:
            case Path():
                return folder / value
            case Part():
                return value.model_copy(update=_near(value, folder))
            case tuple():
                return tuple(map(settled, value))
            case _:
                return value

    return {name: settled(value) for name, value in part if isinstance(value, Path | Part | tuple)}


def _once(kind: str, named: Sequence[CStore | Stow | DicomSource | WebSource]) -> None:
    names = [one.name for one in named]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"two {kind}s of one name: {sorted(twice)[0]}")
