"""A small host of MCP Apps in a browser. What drives it runs in an environment without any package of ours."""
