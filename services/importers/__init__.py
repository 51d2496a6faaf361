"""Readers of what other tools export, each turning rows into events with the dates of the business."""
