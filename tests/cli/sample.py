"""Wrapped functions for the command line to find."""

from __future__ import annotations

import fallbackkit as fk


def desk(question):
    """A rule that always answers."""
    return f"Ask at the desk about {question}."


def gone(_):
    """A fallback that does not work today."""
    raise ConnectionError


def answer(question):
    """The feature."""
    return f"Answer to {question}."


class Client:
    """A client of the form that SDKs have."""

    max_retries = 2

    def with_options(self, **_):
        """Another one like it."""
        return self


client = Client()


def through_client(question):
    """The feature, through a client that retries by itself."""
    return client, question


good = fk.protect(fallbacks=[fk.Rung(desk, "rule")], name="good", deadline=10)(answer)
bare = fk.Pipeline(name="bare")(answer)
broken = fk.protect(fallbacks=[fk.Rung(gone, "search")], name="broken", deadline=10)(answer)
plain = answer


class Shop:
    """Holds one."""

    ask = good
