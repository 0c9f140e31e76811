"""Worklist, readings, audit trail and what is to be sent, in SQLite or PostgreSQL."""
