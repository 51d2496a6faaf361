"""Projects: what a command about one may do, and what its state is."""
