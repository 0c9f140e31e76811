"""One page per paper: every table and figure of it by number, and what became of it on our films."""
