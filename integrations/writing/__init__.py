"""Rows into tables, exactly once: ledger, claims, blocks, streams, quarantine."""
