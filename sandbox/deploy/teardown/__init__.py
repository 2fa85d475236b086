"""The teardown of a stack: in which order it is deleted, and what is there that nobody declared."""
