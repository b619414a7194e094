"""What the parameters of each method are, in both generations of the protocol, as the protocol's schemas have it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from chimera_metrics.server.catalog.protocol import (
    CAPABILITIES_KEY,
    INFO_KEY,
    INVALID_PARAMS,
    LOG_LEVEL_KEY,
    VERSION_KEY,
    ProtocolError,
)

Object = dict[str, Any]
Level = Literal["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]
Token = Annotated[int, Field(strict=True)] | str


class Nothing(TypedDict):
    """A method without parameters."""


class Page(TypedDict):
    cursor: NotRequired[str | None]


class Task(TypedDict):
    ttl: NotRequired[int | None]


class CallTool(TypedDict):
    name: str
    arguments: NotRequired[Object | None]
    task: NotRequired[Task | None]


class SetLevel(TypedDict):
    level: Level


class GetPrompt(TypedDict):
    name: str
    arguments: NotRequired[dict[str, str] | None]


class ReadResource(TypedDict):
    uri: str


class Wanted(TypedDict):
    """What a client wants to hear of."""

    toolsListChanged: NotRequired[bool | None]
    promptsListChanged: NotRequired[bool | None]
    resourcesListChanged: NotRequired[bool | None]
    resourceSubscriptions: NotRequired[list[str] | None]


class Listen(TypedDict):
    notifications: Wanted


class PromptReference(TypedDict):
    type: Literal["ref/prompt"]
    name: str
    title: NotRequired[str | None]


class TemplateReference(TypedDict):
    type: Literal["ref/resource"]
    uri: str


class Argument(TypedDict):
    name: str
    value: str


class Given(TypedDict):
    arguments: NotRequired[dict[str, str] | None]


class Complete(TypedDict):
    ref: PromptReference | TemplateReference
    argument: Argument
    context: NotRequired[Given | None]


class Icon(TypedDict):
    src: str
    mimeType: NotRequired[str | None]
    sizes: NotRequired[list[str] | None]
    theme: NotRequired[Literal["dark", "light"] | None]


class Info(TypedDict):
    """A program, as it introduces itself."""

    name: str
    version: str
    title: NotRequired[str | None]
    description: NotRequired[str | None]
    websiteUrl: NotRequired[str | None]
    icons: NotRequired[list[Icon] | None]


class Elicitation(TypedDict):
    form: NotRequired[Object | None]
    url: NotRequired[Object | None]


class Sampling(TypedDict):
    context: NotRequired[Object | None]
    tools: NotRequired[Object | None]


class Roots(TypedDict):
    listChanged: NotRequired[bool | None]


class SamplingTasks(TypedDict):
    createMessage: NotRequired[Object | None]


class ElicitationTasks(TypedDict):
    create: NotRequired[Object | None]


class TaskRequests(TypedDict):
    sampling: NotRequired[SamplingTasks | None]
    elicitation: NotRequired[ElicitationTasks | None]


class Tasks(TypedDict):
    list: NotRequired[Object | None]
    cancel: NotRequired[Object | None]
    requests: NotRequired[TaskRequests | None]


class Capabilities(TypedDict):
    """What a client of the handshake can do."""

    elicitation: NotRequired[Elicitation | None]
    experimental: NotRequired[dict[str, Object] | None]
    extensions: NotRequired[dict[str, Object] | None]
    roots: NotRequired[Roots | None]
    sampling: NotRequired[Sampling | None]
    tasks: NotRequired[Tasks | None]


class ModernCapabilities(TypedDict):
    elicitation: NotRequired[Elicitation | None]
    experimental: NotRequired[dict[str, Object] | None]
    extensions: NotRequired[dict[str, Object] | None]
    roots: NotRequired[Object | None]
    sampling: NotRequired[Sampling | None]


class Initialize(TypedDict):
    protocolVersion: str
    capabilities: Capabilities
    clientInfo: Info


class Retried(TypedDict):
    """What a modern request may bring along when it is made again."""

    inputResponses: NotRequired[Object | None]
    requestState: NotRequired[str | None]


class ModernCall(Retried):
    name: str
    arguments: NotRequired[Object | None]


class ModernPrompt(GetPrompt, Retried):
    pass


class ModernResource(ReadResource, Retried):
    pass


class Meta(TypedDict):
    progressToken: NotRequired[Token | None]


Envelope = TypedDict(
    "Envelope",
    {
        VERSION_KEY: str,  # type: ignore[misc]  # mypy takes literals only
        CAPABILITIES_KEY: ModernCapabilities,
        INFO_KEY: NotRequired[Info | None],
        LOG_LEVEL_KEY: NotRequired[Level | None],
        "progressToken": NotRequired[Token | None],
    },
)

_LISTS: dict[str, Any] = dict.fromkeys(
    ("tools/list", "prompts/list", "resources/list", "resources/templates/list"), Page
)
#: The methods that are served after a handshake.
HANDSHAKE_METHODS: Mapping[str, Any] = _LISTS | {
    "initialize": Initialize,
    "ping": Nothing,
    "logging/setLevel": SetLevel,
    "tools/call": CallTool,
    "prompts/get": GetPrompt,
    "resources/read": ReadResource,
    "resources/subscribe": ReadResource,
    "resources/unsubscribe": ReadResource,
    "completion/complete": Complete,
}
#: Those that are served with an envelope.
MODERN_METHODS: Mapping[str, Any] = _LISTS | {
    "server/discover": Nothing,
    "tools/call": ModernCall,
    "prompts/get": ModernPrompt,
    "resources/read": ModernResource,
    "subscriptions/listen": Listen,
    "completion/complete": Complete,
}


def check(method: str, params: dict[str, Any], modern: bool) -> None:
    """Raises ProtocolError where the parameters of a method that is served are not what it takes."""
    form = (MODERN_METHODS if modern else HANDSHAKE_METHODS)[method]
    try:
        if modern or params.get("_meta") is not None:
            _adapter(Envelope if modern else Meta).validate_python(params["_meta"])
        _adapter(form).validate_python(params)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "params"
        raise ProtocolError(INVALID_PARAMS, f"Invalid request parameters: {place}: {first['msg']}", "") from None


@cache
def _adapter(form: Any) -> TypeAdapter[Any]:
    return TypeAdapter(form)
