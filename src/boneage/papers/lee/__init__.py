"""The page of Lee 2017."""
