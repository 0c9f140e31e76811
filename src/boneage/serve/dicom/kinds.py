"""What is spoken on the network: storage classes and transfer syntaxes. docs/dicom-conformance.md tells of the same."""

from __future__ import annotations

from pydicom.uid import (
    JPEG2000,
    UID,
    ComputedRadiographyImageStorage,
    DeflatedExplicitVRLittleEndian,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSTransferSyntaxes,
    RLELossless,
    SecondaryCaptureImageStorage,
    XRayAngiographicImageStorage,
    XRayRadiofluoroscopicImageStorage,
)

# what a hand radiograph comes as; everything else is refused when an association is made
FILMS: tuple[UID, ...] = (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    SecondaryCaptureImageStorage,  # digitized films
    XRayRadiofluoroscopicImageStorage,
    XRayAngiographicImageStorage,
)

# what boneage.read decodes, in the order in which one is chosen where several are offered. Of the last one only 8 bits can
# be read without a decoder that a site has to install, so it is taken only from a sender that has nothing else to offer.
SYNTAXES: tuple[UID, ...] = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLosslessSV1,
    JPEGLossless,
    *JPEGLSTransferSyntaxes,
    JPEG2000Lossless,
    JPEG2000,
    RLELossless,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
)

# what reports are sent in
PLAIN: tuple[UID, ...] = (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
