"""A site's own validation: its films, its readings, no challenge layout and no split.

No patient's identity stands in what is written: films are told by the rows of the given table and the file names in it.
"""
