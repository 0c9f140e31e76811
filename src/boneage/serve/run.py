"""The running service: page and REST, workers in processes of their own, listener, senders, pullers, retention in threads.

Or a part of it (`apart.py`): the server without workers, or workers alone.
"""

from __future__ import annotations

import logging
import multiprocessing
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from functools import partial
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event

import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from boneage.serve import retention
from boneage.serve.alone import alone
from boneage.serve.apart import Only, announce, is_announced, need_shared
from boneage.serve.dicom.network import Network
from boneage.serve.settings import Settings
from boneage.serve.site import Site, open_site, tidy
from boneage.serve.store.pulled import Pulled
from boneage.serve.store.records import utc_now
from boneage.serve.web.app import create_app

LOGGER = logging.getLogger("boneage.serve")
IDLE_SECONDS = 0.05  # a worker looks that often whether a film waits
LOOK_SECONDS = 0.5  # that often whether the workers live
RETENTION_SECONDS = 3600.0
STOP_SECONDS = 30.0  # a worker may end the film that it has
WAITS = "no film is read: in `folder` there is no server of this version, system, `send`, maps and destinations"

Told = Callable[[str], None]


def serve(
    settings: Settings,
    *,
    only: Only | None = None,
    tell: Told = lambda line: None,
    ready: Callable[[Site], None] = lambda site: None,
) -> None:
    """Runs until it is told to stop. Raises BoneAgeError where the site cannot be opened, or became another server's.

    `ready`: called once the site is open and tidy, before anything is received.
    """
    if only is not None:
        need_shared(settings)
    if threading.current_thread() is threading.main_thread():
        # uvicorn raises again what ended it: the default would end the process before its parts
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    if only is Only.WORKERS:
        _serve_workers(settings, tell)
        return
    with suppress(KeyboardInterrupt), alone(settings) as held, ExitStack() as running:
        site = open_site(settings)
        running.callback(site.engine.dispose)
        if taken := tidy(site):
            tell(f"{taken} films of an earlier run taken in")
        ready(site)
        announce(settings)
        if only is None:
            running.enter_context(_workers(settings))
        running.enter_context(_network(site))
        running.enter_context(_retention(site))
        server = uvicorn.Server(_config(site))
        scheme = "https" if settings.web.certificate else "http"
        tell(f"reading page: {scheme}://{settings.web.host}:{settings.web.port}")
        with held.watched(partial(setattr, server, "should_exit", True)):
            server.run()  # until SIGTERM or SIGINT


def work(settings: Settings, stop: Event, *, apart: bool = False) -> None:
    """One worker process: films from waiting to read, and else heat maps, until it is told to stop or its parent is gone.

    `apart`: the server is elsewhere, and nothing is opened, and so made, before it is there.
    """
    parent = multiprocessing.parent_process()  # it may be gone by now: its number would be another's

    def on() -> bool:
        return not stop.is_set() and (parent is None or parent.is_alive())

    def may() -> bool:
        return on() and (not apart or is_announced(settings))

    while on() and not may():
        stop.wait(LOOK_SECONDS)
    if not on():
        return
    site = open_site(settings)

    def read() -> None:  # also between the parts of a map
        while may() and _read(site, stop):
            pass

    while on():
        read()
        if not (settings.reads.maps and may() and _make_maps(site, read)):
            time.sleep(IDLE_SECONDS)
    site.engine.dispose()


def _serve_workers(settings: Settings, tell: Told) -> None:
    """Takes no lock and answers nobody: the server is elsewhere."""
    with suppress(KeyboardInterrupt), _workers(settings, apart=True):
        tell(f"worker processes: {settings.reads.workers}, without a server")
        follows = True
        while True:
            if follows is not is_announced(settings):
                follows = not follows
                LOGGER.warning("films are read again" if follows else WAITS)
            time.sleep(LOOK_SECONDS)


def _read(site: Site, stop: Event) -> bool:
    """One film, or a try of it; False: none waits, or the worklist does not say."""
    try:
        return site.worker.step()
    except SQLAlchemyError as error:
        LOGGER.warning("the worklist cannot be asked: %s", type(error).__name__)
        stop.wait(LOOK_SECONDS)
        return False
    except Exception as error:  # noqa: BLE001 - any; its text may quote the film; the film is tried again, then refused
        LOGGER.warning("a film could not be read: %s", type(error).__name__)
        return True


def _make_maps(site: Site, read: Callable[[], None]) -> bool:
    """Of one film; False: of none, or it failed."""
    try:
        return site.map_maker.step(read)
    except Exception as error:  # noqa: BLE001 - any; its text may quote the film; tried again, then given up
        LOGGER.warning("heat maps could not be made: %s", type(error).__name__)
        return False


@contextmanager
def _workers(settings: Settings, *, apart: bool = False) -> Iterator[None]:
    """As many as the settings say; one that dies is replaced."""
    context = multiprocessing.get_context("spawn")
    stop, over = context.Event(), threading.Event()

    def start() -> BaseProcess:
        process = context.Process(target=work, args=(settings, stop), kwargs={"apart": apart}, name="boneage-worker", daemon=True)
        process.start()
        return process

    living = [start() for _ in range(settings.reads.workers)]

    def look_after() -> None:
        while not over.wait(LOOK_SECONDS):
            for place, process in enumerate(living):
                if not process.is_alive():
                    LOGGER.warning("a worker ended with %s and is replaced", process.exitcode)
                    living[place] = start()

    watcher = threading.Thread(target=look_after, name="worker-watcher", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
        stop.set()
        for process in living:
            process.join(STOP_SECONDS)
            if process.is_alive():
                process.kill()


@contextmanager
def _network(site: Site) -> Iterator[None]:
    """Listener, senders, pullers."""
    network = Network(site)
    network.start()
    try:
        yield
    finally:
        network.stop()


@contextmanager
def _retention(site: Site) -> Iterator[None]:
    """Where the site keeps films for a while only."""
    stop = threading.Event()
    thread = threading.Thread(target=_forget, args=(site, stop), name="retention", daemon=True)
    if site.settings.keep_days is not None:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        if thread.is_alive():
            thread.join(STOP_SECONDS)


def _forget(site: Site, stop: threading.Event) -> None:
    """Films older than the site keeps them, now and every hour."""
    assert site.settings.keep_days is not None
    while not stop.is_set():
        try:
            old = utc_now() - timedelta(days=site.settings.keep_days)
            gone = retention.forget(site.worklist, site.spool, old)
            Pulled(site.engine).forget(old)  # no poll looks back that far: the settings see to it
            site.pictures.keep_only(site.worklist)
            if gone:
                LOGGER.info("%d films forgotten", gone)
        except (SQLAlchemyError, OSError) as error:
            LOGGER.warning("old films cannot be forgotten: %s", type(error).__name__)
        stop.wait(RETENTION_SECONDS)


def _config(site: Site) -> uvicorn.Config:
    """No access log: addresses and searches may tell of patients."""
    web = site.settings.web
    return uvicorn.Config(
        create_app(site),
        host=web.host,
        port=web.port,
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        ssl_certfile=str(web.certificate) if web.certificate else None,
        ssl_keyfile=str(web.key) if web.key else None,
        timeout_graceful_shutdown=10,
    )
