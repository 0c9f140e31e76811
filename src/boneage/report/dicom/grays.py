"""The film's gray steps in its header, written anew: one modality step, one window or table. PS3.3 C.11.1, C.11.2."""

from __future__ import annotations

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.valuerep import DSfloat

from boneage.errors import BoneAgeError
from boneage.read.gray import Lut, Rescale, Window
from boneage.read.grayheader import GRAY, read_chain, read_layout
from boneage.read.tags import Tags

MODALITY = ("RescaleIntercept", "RescaleSlope", "RescaleType", "ModalityLUTSequence")
VOI = ("WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence")


def take_grays(film: Dataset, tags: Tags, *, cut_off: bool) -> None:
    """Adds size and gray steps; none of a file whose pixels nobody can read: a report needs none, a picture of it does."""
    try:
        layout = read_layout(tags, cut_off=cut_off)
    except BoneAgeError:
        return
    film.Rows, film.Columns, film.SamplesPerPixel = layout.height, layout.width, layout.samples
    film.PhotometricInterpretation = layout.photometric
    if layout.photometric not in GRAY:
        return
    chain = read_chain(tags, layout)
    match chain.modality:
        case Rescale(slope, intercept):
            film.RescaleSlope, film.RescaleIntercept = _decimal(slope), _decimal(intercept)
            film.RescaleType = "US"  # unspecified: a radiograph's values have no unit
        case Lut() as table:
            film.ModalityLUTSequence = [_table(table, signed=chain.signed)]
            film.ModalityLUTSequence[0].ModalityLUTType = "US"
    match chain.voi:
        case Window(center, width, function):
            film.WindowCenter, film.WindowWidth, film.VOILUTFunction = _decimal(center), _decimal(width), function
        case Lut() as table:
            film.VOILUTSequence = [_table(table, signed=table.first < 0)]


def _decimal(value: float) -> DSfloat:
    return DSfloat(value, auto_format=True)


def _table(table: Lut, *, signed: bool) -> Dataset:
    """An item of a LUT sequence. The descriptor's second value takes the sign of what comes in; PS3.3 C.11.1.1.1."""
    item = Dataset()
    descriptor = [len(table.entries) % 2**16, table.first, table.bits]
    item.add(DataElement(Tag("LUTDescriptor"), "SS" if signed else "US", descriptor))
    item.add(DataElement(Tag("LUTData"), "OW", table.entries.astype("<u2").tobytes()))
    return item
