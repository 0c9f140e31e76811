"""DICOM over TLS: the profile of PS3.15 B.12, BCP 195 with RFC 8996 and 9325, as far as Python's ssl gives it.

TLS 1.2 and 1.3 alone; for TLS 1.2 the cipher suites that RFC 9325, 4.2 recommends; keys of at least 112 bits of security
(RSA 2048) and no SHA-1; no compression, no renegotiation. Not in the profile: both sides show a certificate unless the
settings say else, for a calling AE title proves nothing.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from boneage.errors import BoneAgeError, Kind
from boneage.serve.settings import ListenerTls, PeerTls

SUITES = "ECDHE+AESGCM:@SECLEVEL=2"  # of TLS 1.2; those of 1.3 are all good
LEAST = ssl.TLSVersion.TLSv1_2


class Calling(ssl.SSLContext):
    """Of connections that we open. What failed last is kept, since the network library drops it."""

    failure = ""


class _Socket(ssl.SSLSocket):
    def do_handshake(self, block: bool = False) -> None:
        self._keep(super().do_handshake, block)

    def read(self, *arguments: Any) -> Any:  # with TLS 1.3 the other side refuses our certificate only here
        return self._keep(super().read, *arguments)

    def _keep(self, act: Any, *arguments: Any) -> Any:
        try:
            return act(*arguments)
        except ssl.SSLError as error:
            if isinstance(self.context, Calling):
                self.context.failure = reason(error)
            raise


def calling(settings: PeerTls, name: str) -> Calling:
    """For an archive, by its name in the settings. Raises BoneAgeError where a file is not usable."""
    context = Calling(ssl.PROTOCOL_TLS_CLIENT)
    context.sslsocket_class = _Socket
    context.check_hostname = settings.check_host
    _set_up(context, settings.certificate, settings.key, settings.ca, f"tls of {name}")
    return context


def listening(settings: ListenerTls) -> ssl.SSLContext:
    """For the listener. Raises BoneAgeError where a file is not usable."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED if settings.client_certificate else ssl.CERT_NONE
    _set_up(context, settings.certificate, settings.key, settings.ca, "listener.tls")
    return context


def reason(error: ssl.SSLError) -> str:
    """In the library's words, without anything of the other side's certificate."""
    said = getattr(error, "verify_message", "")
    return f"{error.reason or type(error).__name__}{f': {said}' if said else ''}"


class TlsAdapter(HTTPAdapter):
    """HTTPS with that context, and with those who may sign alone: neither the system's nor the environment's."""

    def __init__(self, context: Calling, ca: Path) -> None:
        self._context, self._ca = context, str(ca)
        super().__init__()

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **options: Any) -> None:
        hosts = {} if self._context.check_hostname else {"assert_hostname": False}
        super().init_poolmanager(connections, maxsize, block, ssl_context=self._context, **hosts, **options)

    def send(self, request: requests.PreparedRequest, *arguments: Any, **options: Any) -> requests.Response:
        return super().send(request, *arguments, **options | {"verify": self._ca, "cert": None})


def _set_up(context: ssl.SSLContext, certificate: Path | None, key: Path | None, ca: Path | None, where: str) -> None:
    context.minimum_version = LEAST
    context.set_ciphers(SUITES)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    try:
        if certificate is not None:
            context.load_cert_chain(certificate, key, password=lambda: b"")  # nobody is there to be asked for one
        if ca is not None:
            context.load_verify_locations(ca)
    except (OSError, ValueError) as error:  # ssl's errors too
        said = error.reason if isinstance(error, ssl.SSLError) and error.reason else type(error).__name__
        raise BoneAgeError(
            Kind.BAD_OPTION,
            came=f"{where}: certificate, key or ca that cannot be used ({said})",
            expected="PEM files that this user may read, a key that belongs to the certificate, without a password",
            todo="Correct the files or the settings.",
        ) from None
