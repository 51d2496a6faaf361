"""The dashboard: pages on the same figures as the command line's, live, and as of any day as known on any day."""
