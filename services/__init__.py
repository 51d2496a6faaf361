"""The platform: commands write events, projections answer questions, the rest is pipe."""
