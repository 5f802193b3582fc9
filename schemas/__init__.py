"""Contracts and code lists: what a valid document is."""
