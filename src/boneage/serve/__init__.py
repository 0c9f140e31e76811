"""The service: receives films, has them assessed, shows them to readers, sends what they sign."""
