"""Watches: metrics that are looked at, the alarms they raise, and the webhooks that tell of them."""
