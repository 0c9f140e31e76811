"""A stored reading to a report in any format, with what stands beside it in the spool; the pages and the sender ask alike."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from pydicom import dcmread
from pydicom.dataset import Dataset

from boneage.errors import BoneAgeError
from boneage.read.quiet import quiet
from boneage.report.dicom import film_header
from boneage.report.formats import Beside, Files, Format, make
from boneage.report.language import Language
from boneage.report.reading import Reading
from boneage.serve.pictures import Pictures
from boneage.serve.store.records import Film
from boneage.serve.store.worklist import Worklist
from boneage.types import Radiograph


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
        pdf = self.make(Format.PDF, film, reading, language)[Format.PDF.suffix] if form is Format.FHIR else None
        history = tuple(one for one in self.worklist.history(film.id) if one.uid != reading.uid) if form.shows_film else ()

        def header() -> Dataset:  # only DICOM's formats ask for it
            return film_header(self.pictures.spool.read(film.file))

        return make(form, reading, Beside(pixels, header, (), language, history, pdf))

    def objects(self, film: Film, reading: Reading, what: str) -> Sequence[Dataset]:
        """What is sent to an archive of a format in DICOM. Raises BoneAgeError as `make` does."""
        with quiet():
            return [dcmread(io.BytesIO(data)) for data in self.make(Format(what), film, reading).values()]

    def _pixels(self, film: Film) -> Radiograph | None:
        """None: a file that cannot be read; its report tells of the refusal alone."""
        try:
            return self.pictures.film(film)
        except BoneAgeError:
            return None
