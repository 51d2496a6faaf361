"""The `pmo` program: parse, call, print. Nothing here decides or computes."""
