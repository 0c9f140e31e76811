"""6. Combine: many votes, one number, one honest interval."""
