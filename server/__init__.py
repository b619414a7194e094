"""How MCP clients ask: tools, resources and prompts on the official SDK."""
