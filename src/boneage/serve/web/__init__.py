"""REST and the reading page: HTTP in and out, and nothing that another door would have to repeat."""
