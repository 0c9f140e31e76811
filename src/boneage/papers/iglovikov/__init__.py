"""The page of Iglovikov 2018."""
