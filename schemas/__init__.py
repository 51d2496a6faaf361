"""The contract: what an event is, and every event that may stand in the log. Imports nothing of ours."""
