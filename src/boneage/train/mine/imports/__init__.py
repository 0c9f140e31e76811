"""Masks that came from other tools' files: COCO, Supervisely, VIA, PNG."""
