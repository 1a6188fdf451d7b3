"""The systems that are compared, and how each is started."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from benchmarks.failover.asking import Said, attempt

if TYPE_CHECKING:
    from asyncio.subprocess import Process

    from benchmarks.failover.asking import Need, System

Pipe = TypeVar("Pipe")
ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ROOT / ".cache" / "failover"


@dataclass(frozen=True)
class Contender:
    """A system, and how it is set up.

    Attributes:
        adapter: The module in ``adapters``.
        environment: The name of its virtual environment, None for this one.
        tuned: Whether it is set up as well as its documentation allows, or as people begin.
        can_fall_back: Whether it has fallbacks at all.
    """

    name: str
    adapter: str
    environment: str | None = None
    tuned: bool = False
    can_fall_back: bool = True

    @property
    def python(self) -> Path:
        return Path(sys.executable) if self.environment is None else ENVIRONMENTS / self.environment / "bin" / "python"


CONTENDERS = (
    Contender("fallbackkit", "fallbackkit"),
    Contender("fallbackkit-tuned", "fallbackkit", tuned=True),
    Contender("openai", "openai_sdk", can_fall_back=False),
    Contender("langchain", "langchain", "langchain"),
    Contender("langchain-tuned", "langchain", "langchain", tuned=True),
    Contender("litellm", "litellm_router", "litellm"),
    Contender("litellm-tuned", "litellm_router", "litellm", tuned=True),
    Contender("pydantic-ai", "pydantic_ai", "pydantic-ai"),
    Contender("pydantic-ai-tuned", "pydantic_ai", "pydantic-ai", tuned=True),
)


@dataclass
class Here:
    """A system in this process."""

    system: System

    async def ask(self, primary: str, fallback: str, need: Need) -> Said:
        return await attempt(self.system, primary, fallback, need)

    async def renew(self) -> None:
        """Nothing: what hung has been cancelled."""


@dataclass
class Worker:
    """A system in a process of its own, started anew where it hangs.

    Attributes:
        versions: Of the system and of what it stands on.
    """

    contender: Contender
    url: str
    scale: float
    versions: dict[str, str] = field(default_factory=dict, init=False)
    _process: Process = field(init=False)

    async def start(self) -> None:
        how = "tuned" if self.contender.tuned else "plain"
        arguments = [self.contender.adapter, self.url, str(self.scale), how]
        self._process = await asyncio.create_subprocess_exec(
            self.contender.python,
            "-m",
            "benchmarks.failover.worker",
            *arguments,
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            cwd=ROOT,
        )
        self.versions = json.loads(await self._line())

    async def ask(self, primary: str, fallback: str, need: Need) -> Said:
        question = {"primary": primary, "fallback": fallback, "need": need}
        _open(self._process.stdin).write(json.dumps(question).encode() + b"\n")
        return Said(**json.loads(await self._line()))

    async def _line(self) -> bytes:
        if line := await _open(self._process.stdout).readline():
            return line
        raise RuntimeError(f"{self.contender.name} ended; `scripts/setup failover` installs what it needs")

    async def renew(self) -> None:
        await self.stop()
        await self.start()

    async def stop(self) -> None:
        self._process.kill()
        await self._process.wait()


def _open(pipe: Pipe | None) -> Pipe:
    if pipe is None:
        raise RuntimeError("a process was started without its pipes")
    return pipe
