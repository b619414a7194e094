"""Autogenerate: operations as the Python of a revision."""
