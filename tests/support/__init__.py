"""Stand-ins that tests run against."""
