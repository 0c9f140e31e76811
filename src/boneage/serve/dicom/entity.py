"""Our application entity, silent: a network library's log holds what the patients' headers hold."""

from __future__ import annotations

import logging

import pynetdicom
from pydicom import config as pydicom_config
from pynetdicom import AE

from boneage.errors import BoneAgeError, Kind

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0  # for one DIMSE answer; an archive may fetch a film from tape
IDLE_SECONDS = 60.0
PDU_BYTES = 131_072
OUR_TITLE = "BONEAGE"  # where a site has no listener
NETWORK_LOGGERS = ("pynetdicom", "pydicom", "dicomweb_client", "urllib3")
SILENT = logging.CRITICAL + 1


class ArchiveError(BoneAgeError):
    """An archive did not do what it was asked for; `away`: it did not answer at all, so all else can wait too."""

    def __init__(self, came: str, *, away: bool) -> None:
        self.away = away
        expected = "an archive that answers" if away else "an archive that takes and gives"
        todo = "It is tried again; look at its settings, ours, and the network between."
        super().__init__(Kind.NOT_READABLE, came=came, expected=expected, todo=todo)


def hush() -> None:
    """Closes the logs of the network's libraries, and pydicom's warnings, which quote values; for the whole process."""
    for name in NETWORK_LOGGERS:
        logging.getLogger(name).setLevel(SILENT)
    pynetdicom._config.LOG_HANDLER_LEVEL = "none"
    pynetdicom._config.LOG_REQUEST_IDENTIFIERS = pynetdicom._config.LOG_RESPONSE_IDENTIFIERS = False
    pydicom_config.settings.reading_validation_mode = pydicom_config.IGNORE


def entity(title: str) -> AE:
    """An application entity of that title with this service's limits."""
    hush()
    ours = AE(title)
    ours.connection_timeout = CONNECT_SECONDS
    ours.acse_timeout = ours.dimse_timeout = ANSWER_SECONDS
    ours.network_timeout = IDLE_SECONDS
    ours.maximum_pdu_size = PDU_BYTES
    return ours
