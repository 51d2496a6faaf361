"""Jira: issues from CSV, from the JSON of the search, and from that of the changelog."""
