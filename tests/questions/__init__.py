"""The analytic operations through the client, on both engines."""
