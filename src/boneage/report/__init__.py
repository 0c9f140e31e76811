"""8. Report: answers as lines, pictures and a page."""
