"""Tests of the sources of `pmo import`, and the kit that they share."""
