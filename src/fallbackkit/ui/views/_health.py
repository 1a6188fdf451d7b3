from __future__ import annotations

from typing import TYPE_CHECKING

from fallbackkit.ui.views._html import Child, bdi, el
from fallbackkit.ui.views._icons import icon
from fallbackkit.ui.views._pieces import component
from fallbackkit.ui.views._reader import For, Reader

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Unpack

    from markupsafe import Markup

    from fallbackkit.messages._types import Tone
    from fallbackkit.ui.views._pieces import Rail
    from fallbackkit.ui.views._services import Health, Service

__all__ = ["health", "health_panel"]

_DRAWINGS = {
    "working": "ok",
    "slow": "waiting",
    "some_failing": "attention",
    "failing": "danger",
    "recovering": "retry",
    "paused": "pause",
}
_WELL = frozenset({"working", "unknown"})
_BAD = frozenset({"some_failing", "failing"})
_FINE = 100  # calls, from which one hundredth says something
_NAMED = 4  # in the sentence
_STEADY = 0.05
_WIDTH, _HEIGHT, _STROKE = 56.0, 18.0, 1.0
_POINTS = 60


def health_panel(value: Health | None, **reader: Unpack[For]) -> Markup:
    """How each service is, in a sentence and a table. It speaks only when a state changes, not with each figure.

    Args:
        value: The services; None draws an empty panel.
        **reader: See ``outcome_card``.

    Example:
        >>> from fallbackkit.ui.views import Health, Service
        >>> search = Service(name="search", plain_name="Search", state="slow")
        >>> "slow" in health_panel(Health(services=(search,)))
        True
    """
    given = Reader(**reader)
    rail, tone = _rail(value)
    return component(
        "health-panel",
        el("div", health(value, given), class_="fk-card"),
        reader=given,
        live=_sentence(value, given).striptags() if value is not None else "",
        rail=rail,
        tone=tone,
        data_id=value.id if value is not None else None,
    )


def health(value: Health | None, reader: Reader) -> Markup:
    """The sentence and the table, for other components."""
    services = value.services if value is not None else ()
    watched = value is not None and value.audience == "operator"
    return el(
        "div",
        el("p", _sentence(value, reader)),
        el("div", _table(services, reader, watched=watched), hidden=not services),
        class_="fk-health",
    )


def _rail(value: Health | None) -> tuple[Rail, Tone]:
    services = value.services if value is not None else ()
    if any(each.state in _BAD for each in services):
        helpless = any(each.state == "failing" and not each.fallback for each in services)
        return "stopped", "danger" if helpless else "attention"
    return ("live" if services and all(each.state == "working" for each in services) else "none"), "neutral"


# The sentence


def _sentence(value: Health | None, reader: Reader) -> Markup:
    """All of it in plain words, without what changes by the minute; of many services, those that are not well."""
    services = value.services if value is not None else ()
    if not services:
        return reader.say("ui.health.none")
    working = sum(each.state == "working" for each in services)
    if working == len(services):
        return reader.say("ui.health.all")
    if len(services) <= _NAMED:
        return _sentences([_line(each, reader) for each in services])
    ill = [each for each in services if each.state not in _WELL]
    unknown = [each for each in services if each.state == "unknown"]
    said = [_line(each, reader) for each in [*ill, *unknown][:_NAMED]]
    if len(ill) > _NAMED:
        said.append(reader.say("ui.health.more", len(ill) - _NAMED))
    if working:
        said.append(reader.say("ui.health.rest", working))
    return _sentences(said)


def _sentences(each: Sequence[Markup]) -> Markup:
    return el("span", [[" " if index else None, said] for index, said in enumerate(each)])


def _line(service: Service, reader: Reader) -> Markup:
    ill = service.state not in _WELL
    since = reader.hour(service.since) if ill and service.since is not None else None
    using = _using(service, reader)
    key = f"ui.health.line{'_since' * (since is not None)}{'_using' * (using is not None)}"
    state = el("b", _state(service, reader)) if ill else _state(service, reader)
    return reader.say(key, name=_name(service), state=state, since=since, using=using)


def _name(service: Service) -> str:
    return service.plain_name or service.name


def _state(service: Service, reader: Reader) -> Markup:
    """A newer version's state is shown as it is called."""
    key = f"ui.health.states.{service.state}"
    return reader.say(key) if reader.knows(key) else bdi(str(service.state))


def _using(service: Service, reader: Reader) -> Markup | None:
    if not service.fallback or service.state == "working":
        return None
    key = f"ui.health.using.{service.fallback}"
    known = service.fallback != "other" and reader.knows(key)
    return reader.say(key) if known else reader.say("ui.health.using.other", name=service.fallback)


# The table


def _table(services: Sequence[Service], reader: Reader, *, watched: bool) -> Markup:
    heads = [el("th", reader.say(f"ui.health.{name}"), scope="col") for name in ("service", "state")]
    return el(
        "table",
        el("caption", reader.say("ui.health.caption"), class_="fk-sr"),
        el("thead", el("tr", heads)),
        el("tbody", [_row(service, reader, watched=watched) for service in services]),
        class_="fk-health-table",
    )


def _row(service: Service, reader: Reader, *, watched: bool) -> Markup:
    code = bdi(service.name, class_="fk-code") if watched and service.plain_name not in {"", service.name} else None
    figures = _figures(service, reader) if watched else []
    return el(
        "tr",
        el("th", bdi(_name(service)), [" ", code] if code else None, scope="row"),
        el(
            "td",
            el(
                "div",
                el("div", _badge(service, reader), _lines(_circumstances(service, reader, watched=watched))),
                el("div", _lines(figures), hidden=not figures),
                class_="fk-health-said",
            ),
        ),
    )


def _badge(service: Service, reader: Reader) -> Markup:
    known = service.state in _DRAWINGS
    return el(
        "p",
        icon(_DRAWINGS[service.state] if known else "unknown"),
        el("b", _state(service, reader)),
        class_=f"fk-health-state fk-health-{service.state if known else 'unknown'}",
    )


def _lines(said: Sequence[Child]) -> list[Child]:
    return [el("p", each) for each in said]


def _circumstances(service: Service, reader: Reader, *, watched: bool) -> list[Child]:
    said: list[Child] = []
    if service.since is not None:
        said.append(reader.say("ui.health.since", since=reader.time(service.since)))
    if using := _using(service, reader):
        said.append(using)
    if watched and service.breaker is not None:
        said.append(_breaker(service, reader))
    return said


def _breaker(service: Service, reader: Reader) -> Markup:
    key = f"ui.health.breaker.{service.breaker}"
    breaker: Child = reader.say(key) if reader.knows(key) else str(service.breaker)
    if service.next_probe_at is None:
        return el("span", breaker)
    return reader.say("ui.health.probe", breaker=breaker, probe=reader.time(service.next_probe_at))


def _figures(service: Service, reader: Reader) -> list[Child]:
    said: list[Child] = []
    if service.success_rate is not None and service.n:
        said.append(_rate(service.success_rate, service.n, reader))
    if service.p50 is not None:
        half = reader.seconds(service.p50)
        most = reader.seconds(service.p95) if service.p95 is not None else None
        said.append(reader.say("ui.health.times" if most else "ui.health.time", p50=half, p95=most))
    if spark := _spark(service.history, reader):
        said.append(spark)
    return said or [reader.say("ui.health.unmeasured")]


def _rate(share: float, n: int, reader: Reader) -> Markup:
    """As fine as the calls allow: hundredths only of a hundred or more, and all or none only of all or none."""
    worked = round(share * n)
    if n < _FINE:
        return reader.say("ui.health.rate", n, worked=reader.number(worked))
    hundredths = round(share * 100) if worked in {0, n} else min(99, max(1, round(share * 100)))
    percent = reader.text("ui.health.hundredths", number=reader.number(hundredths))
    return reader.say("ui.health.percent", n, percent=percent)


def _spark(history: Sequence[float | None], reader: Reader) -> Markup | None:
    """A line, and in a word what it says."""
    points = history[-_POINTS:]
    known = [share for share in points if share is not None]
    if len(known) < 2:  # noqa: PLR2004  # ends of a line
        return None
    drawing = el(
        "svg",
        el("path", d=_line_through(points)),
        class_="fk-spark",
        viewBox=f"0 0 {_WIDTH:g} {_HEIGHT:g}",
        aria_hidden="true",
        focusable="false",
    )
    return el("span", drawing, reader.say(f"ui.health.trend.{_trend(known)}"), class_="fk-trend")


def _line_through(points: Sequence[float | None]) -> str:
    floor = 0.5 if min(share for share in points if share is not None) >= 0.5 else 0.0  # noqa: PLR2004
    step = (_WIDTH - 2 * _STROKE) / (len(points) - 1)
    drawn, pen = [], "M"
    for index, share in enumerate(points):
        if share is None:
            pen = "M"
            continue
        high = (_HEIGHT - 2 * _STROKE) * (1 - (share - floor) / (1 - floor))
        drawn.append(f"{pen}{_STROKE + index * step:.1f} {_STROKE + high:.1f}")
        pen = "L"
    return "".join(drawn)


def _trend(known: Sequence[float]) -> str:
    first, last, low = known[0], known[-1], min(known)
    if last - first > _STEADY:
        return "rising"
    if first - last > _STEADY:
        return "falling"
    return "dipped" if min(first, last) - low > _STEADY else "steady"
