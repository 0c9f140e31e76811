"""The DICOM network: films come in by C-STORE or are fetched, reports go out by C-STORE or STOW-RS."""
