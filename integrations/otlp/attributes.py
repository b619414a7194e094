"""The attributes that are read: what each convention calls a fact, the newest name first.

The GenAI semantic conventions of OpenTelemetry (and the names that they had before), OpenInference, OpenLLMetry,
LiteLLM and Langfuse. Prompts, answers and stack traces come along in others, which are not read at all.
"""

from __future__ import annotations

SERVICE_NAME = "service.name"

OPERATION = ("gen_ai.operation.name", "llm.request.type", "openinference.span.kind", "langfuse.observation.type")
MODEL = (
    "gen_ai.request.model",
    "llm.request.model",
    "llm.model_name",
    "embedding.model_name",
    "langfuse.observation.model.name",
    "gen_ai.response.model",
    "llm.response.model",
)
MODEL_JSON = ("llm.invocation_parameters", "embedding.invocation_parameters", "input.value")
"""JSON texts whose `model` is the last resort: OpenInference names no model on a failed call."""
TOKENS_IN = (
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.prompt_tokens",
    "llm.token_count.prompt",
    "llm.usage.prompt_tokens",
)
TOKENS_OUT = (
    "gen_ai.usage.output_tokens",
    "gen_ai.usage.completion_tokens",
    "llm.token_count.completion",
    "llm.usage.completion_tokens",
)
CACHED = (
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "llm.token_count.prompt_details.cache_read",
)
"""Of the tokens sent those that the provider had in its cache."""
COST = ("gen_ai.cost.total_cost", "gen_ai.usage.cost", "llm.cost.total")
USAGE_JSON = "langfuse.observation.usage_details"
USAGE_IN = ("prompt_tokens", "input_tokens", "input")
USAGE_OUT = ("completion_tokens", "output_tokens", "output")
COST_JSON = "langfuse.observation.cost_details"
LEVEL = "langfuse.observation.level"
ERROR_TYPE = ("error.type",)
ERROR_CODE = ("http.response.status_code", "error.code")
ERROR_MESSAGE = ("error.message", "langfuse.observation.status_message")
EXCEPTION_TYPE, EXCEPTION_MESSAGE = "exception.type", "exception.message"

READ = frozenset(
    {
        *(*OPERATION, *MODEL, *MODEL_JSON, *TOKENS_IN, *TOKENS_OUT, *CACHED, *COST, USAGE_JSON, COST_JSON, LEVEL),
        *(*ERROR_TYPE, *ERROR_CODE, *ERROR_MESSAGE, EXCEPTION_TYPE, EXCEPTION_MESSAGE, SERVICE_NAME),
    }
)
