"""One site: its settings and everything that is opened by them. Each process of the service opens its own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from threading import BoundedSemaphore

from sqlalchemy import Engine

from boneage.pipeline import need_weights
from boneage.serve.accounts import Accounts
from boneage.serve.decisions import Desk
from boneage.serve.disk import make_folder
from boneage.serve.intake import Intake
from boneage.serve.map_maker import MapMaker
from boneage.serve.mapping import read_mapping
from boneage.serve.pictures import Pictures
from boneage.serve.reports import Reports
from boneage.serve.retention import clear
from boneage.serve.settings import Settings
from boneage.serve.spool import Spool
from boneage.serve.store.engine import open_engine
from boneage.serve.store.outbox import Outbox
from boneage.serve.store.worklist import Worklist
from boneage.serve.worker import Worker
from boneage.systems import System, find_system


@dataclass(frozen=True)
class Site:
    """All parts of a site, over one database and one folder."""

    settings: Settings
    engine: Engine
    system: System
    spool: Spool
    worklist: Worklist
    outbox: Outbox
    accounts: Accounts
    intake: Intake
    desk: Desk
    worker: Worker
    pictures: Pictures
    map_maker: MapMaker
    reports: Reports
    at_once: BoundedSemaphore  # films that are assessed within a request, one for each core: more would only wait for each other


def open_site(settings: Settings) -> Site:
    """Raises BoneAgeError where the folder, the database, the mapping or the system's weights are not usable."""
    system = find_system(settings.reads.system)
    need_weights(system)
    mapping = read_mapping(settings.mapping)
    make_folder(settings.folder)
    engine = open_engine(settings.database_url)
    spool, worklist, outbox = Spool(settings.folder / "spool"), Worklist(engine), Outbox(engine)
    pictures = Pictures(spool, settings.folder / "pictures", system)
    return Site(
        settings=settings,
        engine=engine,
        system=system,
        spool=spool,
        worklist=worklist,
        outbox=outbox,
        accounts=Accounts(engine, hours=settings.sign_in.hours),
        intake=Intake(spool, worklist, mapping),
        desk=Desk(worklist, outbox, settings.destinations),
        worker=Worker(worklist, spool, system, settings.destinations, settings.send),
        pictures=pictures,
        map_maker=MapMaker(worklist, pictures),
        reports=Reports(pictures, worklist, settings.reads.language),
        at_once=BoundedSemaphore(os.cpu_count() or 1),
    )


def tidy(site: Site) -> int:
    """After a stop of whatever kind, before anything else: unfinished files go, whole ones are taken in; how many."""
    site.spool.sweep()
    clear(site.worklist, site.spool)
    site.pictures.maps.sweep()
    site.worklist.release_all()
    return site.intake.adopt()
