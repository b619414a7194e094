"""Exporters of OpenTelemetry spans, each in an environment of its own, against a stand-in for a model's API."""
