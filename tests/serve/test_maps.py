"""Heat maps: films are read first, maps are made after, kept once and whole whatever ends in between, and never of a refusal."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import films
import numpy as np
import pytest

from boneage.errors import BoneAgeError
from boneage.explain.heat import HeatMap, draw_heat
from boneage.geometry import PixelMap
from boneage.pipeline import settle_sex
from boneage.report.formats import Format
from boneage.report.language import Language
from boneage.report.reading import Reading, Status
from boneage.serve.intake import Intake
from boneage.serve.kept_maps import ASKED, LAYER, MOST_TRIES, NotYet, small
from boneage.serve.map_maker import LOOK_SECONDS, REST_SECONDS, Before, MapMaker
from boneage.serve.mapping import DEFAULT
from boneage.serve.pictures import Pictures
from boneage.serve.reports import Reports
from boneage.serve.run import work
from boneage.serve.settings import MAP, CStore, Send, Settings
from boneage.serve.site import open_site
from boneage.serve.spool import Spool
from boneage.serve.states import Origin, State
from boneage.serve.store.records import Film
from boneage.serve.store.worklist import Worklist
from boneage.serve.worker import Worker, errands_of
from boneage.systems import REFERENCE, System
from boneage.types import Assessment, Estimate, Prepared, Radiograph, Sex

CHILD = {"PatientSex": "F", "PatientBirthDate": "20140501", "StudyDate": "20240501", "Modality": "DX", "BodyPartExamined": "HAND"}
PACS = CStore(kind="c-store", name="pacs", ae_title="PACS", host="127.0.0.1", port=104, formats=("sr", "map"))
VALUES = np.linspace(-9, 4, 48, dtype=np.float32).reshape(8, 6)


def quick(radiograph: Radiograph, system: System, sex: Sex | None) -> Assessment:
    """An answer without networks; a film without a sex is refused."""
    (settled,), source, flags = settle_sex(radiograph, sex, system)
    estimate = Estimate(settled, 100.0, (90.0, 110.0), 0.9, 5.0, np.full(240, 1 / 240))
    return Assessment(radiograph, Prepared((), ()), (estimate,), source, system.name, system.weights, flags, 0.01)


def heat(values: Any = VALUES, to_source: PixelMap | None = None) -> HeatMap:
    return HeatMap("occlusion", values, to_source or PixelMap.resize((8, 6), (120, 90)), "what", "months", ("a-2026-11",))


class Site:
    """What a worker has of a site, and what it did in order."""

    def __init__(self, worklist: Worklist, folder: Path) -> None:
        self.worklist, self.done = worklist, list[str]()
        self.pictures = Pictures(Spool(folder / "spool"), folder / "pictures", REFERENCE)
        self.intake = Intake(self.pictures.spool, worklist, DEFAULT)
        self.worker = Worker(worklist, self.pictures.spool, REFERENCE, (PACS,), Send.ON_SIGN, worklist.clock, self.ask)
        self.clock = 0.0
        self.maker = self.new_maker()

    def new_maker(self) -> MapMaker:
        return MapMaker(self.worklist, self.pictures, self.draw, lambda: self.clock)

    def ask(self, radiograph: Radiograph, system: System, sex: Sex | None) -> Assessment:
        self.done.append(f"read {radiograph.identity.sop_uid}")
        return quick(radiograph, system, sex)

    def draw(self, radiograph: Radiograph, system: System, sex: Sex | None, before: Before) -> tuple[HeatMap, ...]:
        for _ in range(3):
            before()
        self.done.append(f"map {radiograph.identity.sop_uid}")
        return (heat(),)

    def take(self, name: str, **other: Any) -> str:
        data = films.film(**{**CHILD, "SOPInstanceUID": name, "StudyInstanceUID": "1.9", "SeriesInstanceUID": "1.8", **other})
        return self.intake.take(data, origin=Origin.UPLOAD, sender="reader").film_id

    def read(self) -> None:
        while self.worker.step():
            pass

    def work(self) -> None:
        """As `run.work` does, until nothing is left."""
        self.read()
        while self.maker.step(self.read):
            self.read()

    def of(self, film_id: str) -> tuple[Film, Reading]:
        film = self.worklist.film(film_id)
        assert film is not None
        assert film.reading_uid is not None
        reading = self.worklist.reading(film.reading_uid)
        assert reading is not None
        return film, reading

    def maps(self, film_id: str) -> tuple[HeatMap, ...] | None:
        return self.pictures.maps.of(*self.of(film_id))


@pytest.fixture
def site(worklist: Worklist, tmp_path: Path) -> Site:
    return Site(worklist, tmp_path)


def test_all_films_are_read_before_the_first_map_and_the_newest_is_mapped_first(site: Site, clock: Any) -> None:
    for name in ("1.1", "1.2", "1.3"):
        site.take(name)
        clock.go(seconds=1)
    site.work()
    assert site.done == ["read 1.1", "read 1.2", "read 1.3", "map 1.3", "map 1.2", "map 1.1"]
    site.clock += 2 * LOOK_SECONDS
    site.work()
    assert len(site.done) == 6  # each once


def test_a_film_that_comes_while_a_map_is_made_does_not_wait_for_it(site: Site) -> None:
    site.take("1.1")
    site.read()

    def comes() -> None:
        site.take("1.2")
        site.read()

    assert site.maker.step(comes)
    assert site.done == ["read 1.1", "read 1.2", "map 1.1"]


def test_the_film_that_was_asked_for_last_goes_first(site: Site, clock: Any) -> None:
    ids = []
    for name in ("1.1", "1.2", "1.3", "1.4"):
        ids.append(site.take(name))
        clock.go(seconds=1)
    site.read()
    site.pictures.maps.ask(site.of(ids[0])[0])
    for number in (1, 0):  # asked for again
        time.sleep(0.01)  # the file system's clock is not ours
        site.pictures.maps.ask(site.of(ids[number])[0])
    site.work()
    assert [line for line in site.done if line.startswith("map")] == ["map 1.1", "map 1.2", "map 1.4", "map 1.3"]
    assert site.pictures.maps.asked() == []


def test_no_map_of_a_refused_film_nor_of_one_that_was_then_read_by_hand(site: Site, decided: Callable[..., Reading]) -> None:
    film_id = site.intake.take(films.png(films.stored(8)), origin=Origin.UPLOAD, sender="reader").film_id  # without a sex
    site.work()
    film, reading = site.of(film_id)
    assert film.state is State.REFUSED
    site.pictures.maps.ask(film)
    site.worklist.decide(film_id, reading.uid, decided(reading, Status.SIGNED), actor="reader")
    site.clock += 2 * LOOK_SECONDS
    site.work()
    assert site.maps(film_id) == ()
    assert not any(line.startswith("map") for line in site.done)
    assert site.pictures.maps.asked() == []
    assert [one.what for one in errands_of((PACS,), answered=False)] == ["sr"]


def test_what_is_kept_is_what_was_made_and_a_signed_reading_has_the_same(site: Site, decided: Callable[..., Reading]) -> None:
    film_id = site.take("1.1")
    site.work()
    found = site.maps(film_id)
    assert found is not None
    np.testing.assert_allclose(found[0].values, VALUES, rtol=1e-3)
    np.testing.assert_array_equal(found[0].to_source.matrix, heat().to_source.matrix)
    assert replace(found[0], values=VALUES, to_source=heat().to_source).legend == heat().legend
    reading = site.of(film_id)[1]
    site.worklist.decide(film_id, reading.uid, decided(reading, Status.SIGNED), actor="reader")
    again = site.maps(film_id)
    assert again is not None
    assert [one.name for one in again] == ["occlusion"]


def test_another_sex_has_other_maps(site: Site) -> None:
    film_id = site.take("1.1")
    site.work()
    before = site.of(film_id)[1]
    site.worklist.correct(film_id, sex=Sex.MALE, height_cm=None, actor="reader")
    site.read()
    film, after = site.of(film_id)
    assert (before.sex, after.sex) == (Sex.FEMALE, Sex.MALE)
    assert site.maps(film_id) is None
    assert site.pictures.maps.of(film, before)  # those of the first answer stay its own
    site.clock += 2 * LOOK_SECONDS
    site.work()
    assert site.maps(film_id)


def test_an_earlier_system_s_answer_is_mapped_no_more(site: Site) -> None:
    film_id = site.take("1.1")
    site.read()
    film, reading = site.of(film_id)
    assert site.pictures.maps.of(film, reading) is None
    assert site.pictures.maps.of(film, replace(reading, system="lee-2017")) == ()


def test_two_workers_make_two_films_maps(site: Site, clock: Any) -> None:
    for name in ("1.1", "1.2"):
        site.take(name)
        clock.go(seconds=1)
    site.read()
    other = site.new_maker()
    assert site.maker.step(lambda: other.step())
    assert site.done[2:] == ["map 1.1", "map 1.2"]


def test_maps_that_end_their_worker_are_given_up_until_the_service_begins_again(site: Site) -> None:
    film_id = site.take("1.1")
    site.read()
    tries = 0

    def ends(*_: Any) -> Any:
        nonlocal tries
        tries += 1
        raise MemoryError

    site.maker.draw = ends
    for _ in range(10):
        site.clock += REST_SECONDS + LOOK_SECONDS
        try:
            site.maker.step()
        except MemoryError:
            assert not site.maker.step()  # for a moment
    assert tries == MOST_TRIES
    assert site.maps(film_id) == ()
    site.pictures.maps.sweep()
    assert site.maps(film_id) is None
    site.maker = site.new_maker()
    site.work()
    assert site.maps(film_id)


def test_killed_at_any_moment_nothing_is_lost_and_nothing_doubled(site: Site) -> None:
    ids = [site.take(f"1.{number}") for number in range(1, 7)]
    site.read()
    site.worklist.engine.dispose()  # a fork shares no connection
    before, dice = {one: site.of(one) for one in ids}, random.Random(4)
    site.worklist.engine.dispose()
    slow = heat(np.random.default_rng(0).normal(size=(700, 500)).astype(np.float32))  # takes a while to be written
    for _ in range(20):
        child = os.fork()
        if child == 0:
            try:
                site.maker.draw = lambda *_: (time.sleep(0.002), slow)[1:]
                site.maker._look_at = 0.0
                site.maker.step()
                time.sleep(60)
            finally:
                os._exit(1)
        time.sleep(dice.uniform(0, 0.15))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        for one in ids:  # whole or not there
            assert site.pictures.maps.of(*before[one]) is None or len(site.maps(one) or ()) == 1
        site.worklist.engine.dispose()
        site.pictures.maps.sweep()
    site.work()
    assert {one: site.of(one)[1].uid for one in ids} == {one: reading.uid for one, (_, reading) in before.items()}
    assert all(len(site.maps(one) or ()) == 1 for one in ids)
    assert len(list(site.pictures.kept.glob("*/*.maps"))) == len(ids)
    assert not list(site.pictures.kept.glob("*/*.part"))


def test_retention_forgets_maps_and_requests(site: Site, clock: Any) -> None:
    film_id = site.take("1.1")
    site.work()
    site.pictures.maps.ask(site.of(film_id)[0])
    clock.go(days=1)
    stays = site.take("1.2")
    site.read()
    site.pictures.maps.ask(site.of(stays)[0])
    assert site.worklist.forget(clock()) == 1
    site.pictures.keep_only(site.worklist)
    assert not (site.pictures.kept / film_id).exists()
    assert site.pictures.maps.asked() == [stays]
    site.work()
    assert {path.name for path in site.pictures.kept.iterdir()} == {stays, ASKED}


@pytest.mark.parametrize("form", [Format.HTML, Format.SC])
def test_reports_take_the_maps_where_they_are_and_never_wait(site: Site, form: Format) -> None:
    film_id = site.take("1.1")
    site.read()
    reports = Reports(site.pictures, site.worklist, Language.ENGLISH)
    without = reports.make(form, *site.of(film_id))
    assert site.pictures.maps.asked() == []
    site.work()
    held = reports.make(form, *site.of(film_id))
    told = b"Occlusion map"
    if form is Format.HTML:
        assert told not in without[form.suffix]
        assert told in held[form.suffix]
    else:
        assert held == without  # the maps are a deliverable of their own


def test_the_map_for_archives_is_asked_for_and_then_a_capture(site: Site) -> None:
    film_id = site.take("1.1")
    site.read()
    reports = Reports(site.pictures, site.worklist, Language.ENGLISH)
    with pytest.raises(NotYet):
        reports.objects(*site.of(film_id), MAP)
    assert site.pictures.maps.asked() == [film_id]
    site.work()
    (sent,) = reports.objects(*site.of(film_id), MAP)
    (again,) = reports.objects(*site.of(film_id), MAP)
    assert sent == again
    assert (sent.SeriesNumber, sent.ImageComments, sent.PatientID) == (9703, "Occlusion", "PAT-4711")
    film, reading = site.of(film_id)
    with pytest.raises(BoneAgeError, match="without heat maps"):
        reports.objects(film, replace(reading, system="lee-2017"), MAP)


def test_an_ensemble_s_map_is_kept_small_and_lies_where_it_lay() -> None:
    film = (1600, 1200)
    y, x = np.mgrid[: film[0], : film[1]]
    whole = heat(np.exp(-((x - 800) ** 2 + (y - 400) ** 2) / 2e4).astype(np.float32), PixelMap.identity())
    kept = small(whole)
    assert max(kept.values.shape) == LAYER
    shown = [draw_heat(np.zeros((400, 300), np.uint8), PixelMap.resize(film, (400, 300)), one) for one in (whole, kept)]
    assert np.abs(shown[0].astype(int) - shown[1]).mean() < 0.3


def test_a_worker_process_reads_and_then_makes_the_maps(tmp_path: Path, migrated: Path, girl: Any) -> None:
    """The real thing: its loop, the networks, one film."""
    from boneage.phantom import write_dicom

    settings = Settings(folder=tmp_path / "site")
    settings.folder.mkdir()
    (settings.folder / "boneage.sqlite").write_bytes(migrated.read_bytes())
    site = open_site(settings)
    data = write_dicom(girl, tmp_path / "film.dcm", chronological_age_months=110).read_bytes()
    film_id = site.intake.take(data, origin=Origin.UPLOAD, sender="reader").film_id
    stop: Any = threading.Event()
    thread = threading.Thread(target=work, args=(settings, stop))
    thread.start()
    found = None
    for _ in range(600):
        film = site.worklist.film(film_id)
        reading = site.worklist.reading(film.reading_uid) if film and film.reading_uid else None
        if film and reading and (found := site.pictures.maps.of(film, reading)) is not None:
            break
        time.sleep(0.1)
    stop.set()
    thread.join()
    site.engine.dispose()
    assert found
    assert found[0].strongest > 1
    assert found[0].networks == ("reference-2026-11",)
