"""A site's films with their signed readings as a research data set in the challenge's layout, without identity."""
