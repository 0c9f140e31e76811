"""The DICOM listener: C-ECHO and C-STORE for the radiographs of known senders, each kept for certain before it is told so.

Over TLS where the site wants it.
"""

from __future__ import annotations

import secrets
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]
from pynetdicom.transport import AssociationSocket, RequestHandler, ThreadedAssociationServer

from boneage.errors import BoneAgeError, Kind
from boneage.serve.dicom.entity import IDLE_SECONDS, PDU_BYTES, entity
from boneage.serve.dicom.kinds import FILMS, SYNTAXES
from boneage.serve.dicom.taking import LOGGER, bound, take
from boneage.serve.dicom.tls import listening, reason
from boneage.serve.intake import Intake
from boneage.serve.settings import Listener

CONNECTIONS_PER_ASSOCIATION = 4  # open ones that may not have said yet who they are
HELLO_SECONDS = 15.0  # from a connection to the request for an association
MOST_PDU_BYTES = 4 * PDU_BYTES  # some senders take our maximum without its header


class DicomListener:
    """Listens from `start` to `stop`, each association in a thread of its own."""

    def __init__(self, settings: Listener, intake: Intake) -> None:
        self.settings = settings
        self._entity = entity(settings.ae_title)
        self._entity.maximum_associations = settings.associations
        self._entity.acse_timeout = HELLO_SECONDS
        self._entity.require_called_aet = True
        # pynetdicom takes an empty list for everybody; here it is nobody, for whom a title stands that nobody knows
        self._entity.require_calling_aet = list(settings.accepted) or [secrets.token_hex(8)]
        self._entity.add_supported_context(Verification)
        for film in FILMS:
            self._entity.add_supported_context(film, list(SYNTAXES))
        self._tls = None if settings.tls is None else listening(settings.tls)
        self._events: list[Any] = [(evt.EVT_C_STORE, take, [intake, settings.ae_title]), (evt.EVT_PDU_RECV, bound)]
        self._server: _Server | None = None

    def start(self) -> None:
        """Raises BoneAgeError where the address cannot be had."""
        try:
            server = self._entity.make_server(
                (self.settings.host, self.settings.port),
                ssl_context=self._tls,
                evt_handlers=self._events,
                server_class=_Server,
                request_handler=_Request,
            )
        except OSError as error:
            raise BoneAgeError(
                Kind.BAD_OPTION,
                came=f"the DICOM port {self.settings.port} on {self.settings.host}, which cannot be had ({error.strerror})",
                expected="a free port of this machine",
                todo="Change `listener.port` or `listener.host`, or stop what listens there.",
            ) from error
        assert isinstance(server, _Server)
        server.most_connections = CONNECTIONS_PER_ASSOCIATION * self.settings.associations
        self._server = server
        self._entity._servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="dicom-listener", daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens; another than the settings' where they say 0."""
        assert self._server is not None
        return int(self._server.server_address[1])

    @property
    def associations(self) -> int:
        """How many are open."""
        return 0 if self._server is None else len(self._server.active_associations)

    def stop(self) -> None:
        """No new association; open ones are aborted, and films that were not yet told to be safe are sent again."""
        if self._server is not None:
            self._entity.shutdown()
            self._server = None


class _Socket(AssociationSocket):
    """Hangs up on a PDU of a length that nobody needs, before its first byte is read, and on one that breaks off."""

    def recv(self, nr_bytes: int) -> bytearray:
        if nr_bytes <= MOST_PDU_BYTES:
            try:
                return super().recv(nr_bytes)
            except OSError:  # also the time that is over
                pass
        self._shutdown_socket()
        return bytearray()  # too short for whatever was expected, which ends the association


class _Request(RequestHandler):
    """A new connection."""

    server: _Server

    def handle(self) -> None:
        with self.server.greeting():
            self._shake_hands()
        super().handle()

    def _shake_hands(self) -> None:
        """In the connection's own thread: whoever says nothing keeps nobody else waiting. Raises OSError."""
        if not isinstance(self.request, ssl.SSLSocket):
            return
        self.request.settimeout(HELLO_SECONDS)  # for all of it
        try:
            self.request.do_handshake()
        except OSError as error:
            why = reason(error) if isinstance(error, ssl.SSLError) else type(error).__name__
            LOGGER.warning("a connection was refused, for no TLS came about: %s", why)
            raise

    def _create_association(self) -> Association:
        self.request.settimeout(IDLE_SECONDS)
        association = super()._create_association()
        assert association.dul.socket is not None
        association.dul.socket.__class__ = _Socket
        for thread in (association, association.dul):
            setattr(thread, "run", partial(_run, thread.run, self.request))  # noqa: B010
        return association


def _run(run: Callable[[], None], connection: socket.socket) -> None:
    """A thread of the network library, which ends its connection however it ends.

    PDUs out of turn make it raise, and the exception would be printed with what a stranger sent.
    """
    try:
        run()
    except Exception as error:  # noqa: BLE001
        LOGGER.warning("an association was ended by what the other side sent (%s)", type(error).__name__)
    finally:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()


class _Server(ThreadedAssociationServer):
    """Limits the connections too, since an association counts only once it was asked for."""

    daemon_threads = True
    most_connections = 0
    _greeting = 0  # connections whose TLS is not yet agreed on
    _count = threading.Lock()

    @contextmanager
    def greeting(self) -> Iterator[None]:
        """While a connection is not yet an association."""
        with self._count:
            self._greeting += 1
        try:
            yield
        finally:
            with self._count:
                self._greeting -= 1

    def get_request(self) -> tuple[socket.socket, Any]:
        """Without the TLS handshake, for which nobody here can wait."""
        assert self.socket is not None
        connection, address = self.socket.accept()
        if self.ssl_context is None:
            return connection, address
        return self.ssl_context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address

    def verify_request(self, request: Any, client_address: Any) -> bool:
        return len(self.active_associations) + self._greeting < self.most_connections

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Not to stderr."""
