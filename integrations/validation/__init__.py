"""Rows as they are sent to rows as they may be stored; no engine is asked."""
