"""Compares what a source shows with what the log says, and records the difference."""
