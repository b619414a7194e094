"""What keeps a store healthy: health, verify, retention, roles, backup, Datadog."""
