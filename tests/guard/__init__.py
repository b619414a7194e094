"""Tests of the parser guard: what it lets through and what it refuses."""
