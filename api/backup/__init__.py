"""All that a server cannot make again, in one file, and back from it."""
