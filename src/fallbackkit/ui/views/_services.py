from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fallbackkit._text import Text
from fallbackkit.ui.views._pieces import Props

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fallbackkit._circuit import Snapshot

__all__ = ["BreakerState", "Health", "Service", "ServiceState"]

ServiceState = Literal["working", "slow", "some_failing", "failing", "recovering", "paused", "unknown"]
BreakerState = Literal["closed", "open", "half_open", "isolated"]
Share = Annotated[float, Field(ge=0, le=1)]

_FAILING, _SLOW = 0.05, 0.2
_LONGEST = 1e9


class Service(BaseModel):
    """Something that answers depend on.

    Attributes:
        name: As operators call it.
        plain_name: As people call it: "Answers".
        since: When it came into this state.
        success_rate: Share of the last calls that worked; needs ``n``.
        n: How many calls that is the share of.
        p50: Seconds that half of them took at most.
        p95: Seconds that 19 in 20 of them took at most.
        fallback: What is used instead: a kind of step, such as ``smaller_model``, or a name of your own.
        history: Shares of calls that worked, oldest first; None for a time without calls.

    Raises:
        ValueError: A ``success_rate`` without the number of calls behind it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: Text
    plain_name: Text = ""
    state: ServiceState = "unknown"
    since: datetime | None = None
    success_rate: Share | None = None
    n: int | None = Field(default=None, ge=1)
    p50: float | None = Field(default=None, ge=0, le=_LONGEST)
    p95: float | None = Field(default=None, ge=0, le=_LONGEST)
    breaker: BreakerState | None = None
    next_probe_at: datetime | None = None
    fallback: Text | None = None
    history: tuple[Share | None, ...] = ()

    @model_validator(mode="after")
    def _counts_what_it_claims(self) -> Self:
        if self.success_rate is not None and self.n is None:
            raise ValueError(
                f"`success_rate` is {self.success_rate} but `n` is None: a share says nothing without the number of"
                " calls behind it; give it as `n`, or leave `success_rate` out"
            )
        return self

    @classmethod
    def of(
        cls,
        snapshot: Snapshot,
        *,
        name: str,
        plain_name: str = "",
        now: datetime | None = None,
        since: datetime | None = None,
        fallback: str | None = None,
        p50: float | None = None,
        p95: float | None = None,
        history: Sequence[float | None] = (),
    ) -> Self:
        """What a circuit breaker knows: ``Service.of(breaker.snapshot(), name=breaker.name, now=now)``.

        Args:
            snapshot: It works by 5 in 100 failures and 20 in 100 slow calls; above that it fails at times, or is slow.
            name: As operators call it.
            plain_name: As people call it.
            now: Without it, nobody can say when the next probe is.
            since: See the class, as for the others.
            fallback: What is used instead.
            p50: In seconds.
            p95: In seconds.
            history: Oldest first.
        """
        probe = now + timedelta(seconds=snapshot.retry_after) if now and snapshot.retry_after is not None else None
        return cls(
            name=name,
            plain_name=plain_name,
            state=_seen(snapshot),
            since=since,
            success_rate=None if snapshot.failure_rate is None else 1 - snapshot.failure_rate,
            n=snapshot.calls or None,
            p50=p50,
            p95=p95,
            breaker=snapshot.state,
            next_probe_at=probe,
            fallback=fallback,
            history=tuple(history),
        )


class Health(Props):
    """How the services are.

    Attributes:
        audience: ``operator`` sees names, figures and circuit breakers too.
    """

    services: tuple[Service, ...] = ()
    audience: Literal["user", "operator"] = "user"


def _seen(snapshot: Snapshot) -> ServiceState:
    moved: dict[str, ServiceState] = {"open": "failing", "half_open": "recovering", "isolated": "paused"}
    if snapshot.state != "closed":
        return moved.get(snapshot.state, "unknown")
    if not snapshot.calls:
        return "unknown"
    if (snapshot.failure_rate or 0) > _FAILING:
        return "some_failing"
    return "slow" if (snapshot.slow_rate or 0) > _SLOW else "working"
