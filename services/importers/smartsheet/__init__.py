"""Smartsheet: sheets from the JSON of its interface, from Excel and from CSV."""
