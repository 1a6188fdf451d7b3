"""The libraries, where they are installed, and where one keeps to itself what the provider did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from tests.providers.real.scenarios import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.providers.real.scenarios import Scenario

Face = Literal["sync", "async"]
Faces = tuple[Face, ...]
BOTH: Faces = ("sync", "async")


class Library(NamedTuple):
    """What a library can be asked, and what differs from the scenarios' own table.

    ``environments``: where it is installed. ``apis``: its ways of calling, and whose dialect is then spoken.
    ``packages``: whose exceptions have to be known. ``lacks``: words in the names of scenarios that it cannot play.
    ``schemas``: the APIs that take one. ``faces``: where not both are asked. ``kinds`` and ``says``: the kinds, and
    the fields of answers, that it gives instead; by "API scenario" or the scenario, and by "API field", "ns field",
    "field value" or the field; ``...`` is anything.
    """

    environments: tuple[str, ...]
    apis: dict[str, str]
    packages: tuple[str, ...]
    lacks: tuple[str, ...] = ()
    schemas: tuple[str, ...] = ("chat", "responses", "messages")
    faces: dict[str, Faces] = {}  # noqa: RUF012 - never changed
    kinds: dict[str, str | None] = {}  # noqa: RUF012 - never changed
    says: dict[str, Any] = {}  # noqa: RUF012 - never changed

    def faces_of(self, api: str, scenario: Scenario) -> Faces:
        return self.faces.get(f"{api} {scenario.name[:2]}") or self.faces.get(api, BOTH)

    def kind(self, api: str, scenario: Scenario) -> str | None:
        names = (f"{api} {scenario.name}", scenario.name)
        own = next((name for name in names if name in self.kinds), None)
        return self.kinds[own] if own else scenario.kind_for(self.apis[api])

    def answer(self, api: str, scenario: Scenario) -> dict[str, Any]:
        """The fields of the answer that it has to give."""
        way = scenario.name[:2]
        said = {
            field: self._said(api, way, field, value) for field, value in scenario.answer_for(self.apis[api]).items()
        }
        return {field: value for field, value in said.items() if value is not ...}

    def scenarios(self) -> Iterator[tuple[str, Scenario]]:
        """Each that it plays, with the API."""
        return ((api, scenario) for scenario in SCENARIOS.values() for api in self.apis if self._plays(api, scenario))

    def _plays(self, api: str, scenario: Scenario) -> bool:
        if self.apis[api] not in scenario.apis or (" " in api and not scenario.streams):  # helpers are for streams
            return False
        if scenario.schema and api not in self.schemas:
            return False
        return not any(word in scenario.name for word in self.lacks)

    def _said(self, api: str, way: str, field: str, value: Any) -> Any:
        names = (f"{api} {field}", f"{way} {field}", f"{field} {value}" if isinstance(value, str) else field, field)
        own = next((name for name in names if name in self.says), None)
        return self.says[own] if own else value


_ALL = {"chat": "chat", "responses": "responses", "messages": "messages"}
_ONE_EACH: dict[str, Faces] = {"chat": ("sync",), "responses": ("async",), "messages": ("async",)}
_HTTP = ("httpx", "httpx2", "requests", "aiohttp")
_BODY_IDS = {"chat request_id": "chatcmpl-1", "responses request_id": "resp_1", "messages request_id": "msg_1"}
_OPENAIS_ENDS = {"finish_reason end_turn": "stop", "finish_reason tool_use": "tool_calls"}
# Whoever asks for the whole of a stream sees none of it before it ends.
_AT_THE_END = {
    "st stall": "timeout.first_byte",
    "st slow drip": "timeout.first_byte",
    "st keep-alives only": "connection.upstream",
    "st nothing": "provider.5xx",
}
# OpenAI's SDK then says only that no end came.
_HIDDEN_AT_THE_END = (
    *("clean end too early", "role, then clean end", "nothing", "length", "content filter"),
    *("error mid", "overloaded first", "overloaded mid", "overloaded, then cut off", "rate limit first", "failed mid"),
)
LIBRARIES: dict[str, Library] = {
    "openai": Library(
        ("older", "newer"),
        {f"{api}{way}": api for api in ("chat", "responses") for way in ("", " helper", " final")},
        ("openai",),
        kinds={
            **{f"{api} final {name}": kind for api in ("chat", "responses") for name, kind in _AT_THE_END.items()},
            **{f"responses final st {name}": "connection.upstream" for name in _HIDDEN_AT_THE_END},
        },
    ),
    "anthropic": Library(
        ("older", "newer", "llmock"),
        {f"messages{way}": "messages" for way in ("", " helper", " final")},
        ("anthropic",),
        kinds={f"messages final {name}": kind for name, kind in _AT_THE_END.items()},
    ),
    "http": Library(
        ("http",),
        dict.fromkeys(_HTTP, "chat"),
        _HTTP,
        lacks=("st ",),
        schemas=(),
        faces={"requests": ("sync",), "aiohttp": ("async",)},
        kinds={  # aiohttp throws the body of an error away, and reads no body as None
            "aiohttp ns 429 quota": "rate.shared",
            "aiohttp ns 400 context": "internal",
            "aiohttp ns 400 content": "internal",
            "aiohttp ns 503 overloaded": "provider.5xx",
            "aiohttp ns 200 empty": "output.empty",
        },
        says={"request_id": "chatcmpl-1"},
    ),
    "pydantic_ai": Library(
        ("pydantic-ai",),
        _ALL,
        ("pydantic_ai",),
        lacks=("tool call",),  # an agent calls its tools itself
        faces=_ONE_EACH | {"chat st": ("async",)},  # its sync streams are bare text, and name no end
        kinds={"ns cut structure": "output.truncated", "st role, then clean end": "output.empty"},
        says={**_BODY_IDS, **_OPENAIS_ENDS},
    ),
    "langchain": Library(
        ("langchain",),
        _ALL,
        ("langchain_core", "langchain_openai", "langchain_anthropic"),
        schemas=("chat", "responses"),  # with Anthropic, a schema is a tool
        faces=_ONE_EACH,
        # it drops a refusal that is streamed
        kinds={"chat st refusal": "output.empty", "responses st refusal": "output.empty"},
        says={**_BODY_IDS, "responses score": None},
    ),
    "litellm": Library(
        ("litellm",),
        {"chat": "chat", "messages": "messages"},
        ("litellm",),
        schemas=(),
        faces=_ONE_EACH,
        kinds={
            # it drops a refusal that is streamed, an event that is no JSON, the type of an error and some statuses
            "chat st refusal": "output.empty",
            "messages st bad JSON": "connection.upstream",
            "messages ns 413 page": "internal",
            "messages st 429 quota": "rate.shared",
            "messages st overloaded first": "provider.5xx",
            "messages st overloaded mid": "provider.5xx",
            "messages st overloaded, then cut off": "provider.5xx",
            "messages st rate limit first": "provider.5xx",
        },
        says={**_BODY_IDS, **_OPENAIS_ENDS, "messages request_id": ..., "st model": ...},
    ),
}
