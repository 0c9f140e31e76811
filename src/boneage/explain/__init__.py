"""7. Explain: where the system looked."""
