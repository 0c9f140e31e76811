"""Positive mining (Iglovikov 2018, section 2): masks for all training films out of a few, by rounds of train, predict, review."""
