"""A stored reading to a report in any format, with what stands beside it in the spool; the pages and the sender ask alike."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydicom import dcmread
from pydicom.dataset import Dataset

from boneage.errors import BoneAgeError, Kind
from boneage.read.quiet import quiet
from boneage.report.dicom import film_header
from boneage.report.formats import Beside, Files, Format, make, map_captures
from boneage.report.language import Language
from boneage.report.reading import Reading
from boneage.serve.kept_maps import NotYet
from boneage.serve.pictures import Pictures
from boneage.serve.settings import MAP
from boneage.serve.store.records import Film
from boneage.serve.store.worklist import Worklist
from boneage.types import Radiograph

# not the capture: it would be another object, and its download another kind of file, once the maps are there
WITH_MAPS = frozenset({Format.HTML, Format.PDF})


@dataclass(frozen=True)
class Reports:
    """Of one site, in its language unless another is asked for."""

    pictures: Pictures
    worklist: Worklist
    language: Language

    def make(self, form: Format, film: Film, reading: Reading, language: Language | None = None) -> Files:
        """Raises BoneAgeError where the film cannot give that format."""
        language = language or self.language
        pixels = self._pixels(film) if form.shows_film else None
        maps = self.pictures.maps.of(film, reading) or () if form in WITH_MAPS else ()
        pdf = self.make(Format.PDF, film, reading, language)[Format.PDF.suffix] if form is Format.FHIR else None
        history = tuple(one for one in self.worklist.history(film.id) if one.uid != reading.uid) if form.shows_film else ()

        return make(form, reading, Beside(pixels, self._header(film), maps, language, history, pdf))

    def objects(self, film: Film, reading: Reading, what: str) -> Sequence[Dataset]:
        """What is sent to an archive of a format in DICOM. Raises BoneAgeError as `make` does, NotYet where maps lack still."""
        made = self._maps(film, reading) if what == MAP else self.make(Format(what), film, reading)
        with quiet():
            return [dcmread(io.BytesIO(data)) for data in made.values()]

    def _maps(self, film: Film, reading: Reading) -> Files:
        """The kept maps, each as a capture; asked for where they are not there yet. Raises NotYet, BoneAgeError."""
        maps = self.pictures.maps.of(film, reading)
        if maps is None:
            self.pictures.maps.ask(film)
            raise NotYet
        if not maps:
            raise BoneAgeError(
                Kind.UNSUPPORTED,
                came="an answer without heat maps: they could not be made, or the system that gave it reads no more here",
                expected="an answer of the system that reads films here",
                todo="Look at the film on the reading page; after a restart the service tries anew.",
            )
        return map_captures(reading, Beside(self.pictures.film(film), self._header(film), maps))

    def _header(self, film: Film) -> Callable[[], Dataset]:
        """Only DICOM's formats ask for it."""
        return lambda: film_header(self.pictures.spool.read(film.file))

    def _pixels(self, film: Film) -> Radiograph | None:
        """None: a file that cannot be read; its report tells of the refusal alone."""
        try:
            return self.pictures.film(film)
        except BoneAgeError:
            return None
