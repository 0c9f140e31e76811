"""The page of Ren 2018."""
