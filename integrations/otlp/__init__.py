"""OpenTelemetry spans of calls of language models, into `llm_events`: reading, mapping, prices and storing."""
