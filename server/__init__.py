"""How MCP clients ask: tools, resources and prompts on the official SDK."""

from chimera_metrics.short_names import same_as_long

same_as_long(__name__)
