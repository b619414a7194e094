"""ClickHouse's native TCP protocol in front of a real chDB engine, in a process of its own.

It lets tests drive clickhouse-driver and `clickhouse+native://` without a ClickHouse server: the bytes on the
socket are the protocol's, the answers are the engine's. Start it through `tests.support.wire_process.Wire`.

Room by room: `primitives` (bytes), `columns` and `blocks` (Native blocks), `packets` (what is said), `statements`
(what a statement's text shows), `engine` (chDB), `conversation` (one client), `server` (all clients), `faults`,
`certificates`, `__main__` (the process and its control channel).
"""
