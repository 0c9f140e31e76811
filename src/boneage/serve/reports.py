"""A stored reading to a report in any format, with what stands beside it in the spool; the pages and the sender ask alike."""

from __future__ import annotations

from dataclasses import dataclass

from pydicom.dataset import Dataset

from boneage.errors import BoneAgeError
from boneage.report.formats import Beside, Files, Format, make
from boneage.report.language import Language
from boneage.report.reading import Reading
from boneage.serve.pictures import Pictures
from boneage.serve.store.records import Film
from boneage.serve.store.worklist import Worklist
from boneage.types import Radiograph


@dataclass(frozen=True)
class Reports:
    """Of one site."""

    pictures: Pictures
    worklist: Worklist

    def make(self, form: Format, film: Film, reading: Reading, language: Language) -> Files:
        """Raises BoneAgeError where the film cannot give that format."""

        def header() -> Dataset:
            from boneage.report.dicom.header import film_header

            return film_header(self.pictures.spool.read(film.file))

        pdf = None
        if form is Format.FHIR:
            pdf = self.make(Format.PDF, film, reading, language)[Format.PDF.suffix]
        history = tuple(one for one in self.worklist.history(film.id) if one.uid != reading.uid)
        return make(form, reading, Beside(self._pixels(film), header, (), language, history, pdf))

    def _pixels(self, film: Film) -> Radiograph | None:
        """None: a file that cannot be read; its report tells of the refusal alone."""
        try:
            return self.pictures.film(film)
        except BoneAgeError:
            return None
