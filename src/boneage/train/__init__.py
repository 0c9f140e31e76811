"""Train, export and measure networks from recipes (needs the train extra)."""
