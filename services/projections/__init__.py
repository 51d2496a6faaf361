"""The read side: changes when a reader's question changes."""
