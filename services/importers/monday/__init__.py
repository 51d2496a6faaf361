"""Boards of monday.com, from the Excel export and from answers of its GraphQL interface."""
