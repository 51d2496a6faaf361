"""Asana: tasks from the CSV and JSON of a project, and all objects of a graph export or of the API's answers."""
