"""The tests; a package, so that strategies and scenarios are shared."""
