"""The metric language: what can be measured, by what, and under which filters."""
