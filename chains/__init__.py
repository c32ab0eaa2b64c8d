"""What answers: chains, and everything that a chain needs. Imports nothing of `api`."""
