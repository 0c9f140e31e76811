"""All that one site does on the DICOM network, each part in a thread of its own: listener, senders, pollers."""

from __future__ import annotations

import threading
from collections.abc import Callable

from boneage.serve.dicom.entity import OUR_TITLE
from boneage.serve.dicom.listener import DicomListener
from boneage.serve.dicom.pull import Puller, source_of
from boneage.serve.dicom.sender import Make, Sender, archive_of, rejecting
from boneage.serve.site import Site
from boneage.serve.store.pulled import Pulled

STOP_SECONDS = 15.0  # a thread may be in the middle of an association


class Network:
    """From `start` to `stop`. `make` makes the reports that are sent."""

    def __init__(self, site: Site, make: Make | None = None) -> None:
        settings = site.settings
        title = settings.listener.ae_title if settings.listener else OUR_TITLE
        making = make or site.reports.objects
        self.listener = DicomListener(settings.listener, site.intake) if settings.listener else None
        self.senders = {
            one.name: Sender(one.name, archive_of(one, title), site.outbox, site.worklist, making, rejecting(site.spool))
            for one in settings.destinations
        }
        self.pullers = {
            one.name: Puller(one, source_of(one, title, site.intake), site.intake.mapping, Pulled(site.engine))
            for one in settings.sources
        }
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Raises BoneAgeError where the listener's port cannot be had."""
        if self.listener is not None:
            self.listener.start()
        runs = [(f"send-{name}", sender.run) for name, sender in self.senders.items()]
        runs += [(f"pull-{name}", puller.run) for name, puller in self.pullers.items()]
        self._threads = [_thread(name, run, self._stop) for name, run in runs]

    def stop(self) -> None:
        """Ends the threads; what one of them was doing is done again at the next start."""
        self._stop.set()
        if self.listener is not None:
            self.listener.stop()
        for thread in self._threads:
            thread.join(STOP_SECONDS)


def _thread(name: str, run: Callable[[threading.Event], None], stop: threading.Event) -> threading.Thread:
    thread = threading.Thread(target=run, args=(stop,), name=name, daemon=True)
    thread.start()
    return thread
