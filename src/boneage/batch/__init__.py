"""An archive read by many processes: a row a film in the order of the names, none lost and none twice, whatever ends."""
