"""A simulated company with causes in it that can be found; nothing in here is about a real organisation."""
