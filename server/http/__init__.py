"""The SDK's server over HTTP: who may reach it, and the pages beside the protocol."""
