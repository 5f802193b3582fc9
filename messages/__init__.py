"""Typed messages, and the one catalogue of errors. Imports nothing of the project but `schemas`."""
