"""Kafka: topics into tables, each message once, by positions that stand in the ledger of inserts."""
