"""Tests too wide for every change: other versions of the engine, and what else needs an environment of its own.

`make test-wide` runs them all, `.venv/bin/python -m tests.wide engines` one subject. A subject is a module of
`subjects` with a function `run`, which yields an `Outcome` for each line of the table at the end. What it needs
installed it lists in a file of `requirements`, with hashes, and gets from `environments`. `make test` collects nothing
in here.
"""
