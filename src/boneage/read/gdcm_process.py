"""A script, not a module: one JPEG lossless frame from stdin through GDCM to stdout. It imports nothing else, to start fast."""

import sys

import gdcm


def main(syntax: str, height: str, width: str, allocated: str, bits: str, signed: str) -> None:
    """Arguments as the DICOM header has them; the decoded frame goes out as raw little-endian values."""
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(sys.stdin.buffer.read())
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((int(width), int(height), 1))
    image.SetDataElement(element)
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(gdcm.PhotometricInterpretation.MONOCHROME2))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(syntax)))
    image.SetPixelFormat(gdcm.PixelFormat(1, int(allocated), int(bits), int(bits) - 1, int(signed)))
    sys.stdout.buffer.write(image.GetBuffer().encode("utf-8", "surrogateescape"))


if __name__ == "__main__":
    main(*sys.argv[1:])
