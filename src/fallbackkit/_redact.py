from __future__ import annotations

import re

__all__ = ["redact"]

_LONGEST = 4_000
_VALUE = r"""["']?\s{0,9}[:=]\s{0,9}["']?(?:(?:bearer|basic|token)\s+)?[^\s"'&,;)}\]]{3,}"""
_NAMED = r"(?:api[_-]?key|access[_-]?key|authorization|passwd|password|secret|cookie|credential|signature|token)"
_SIGNS: tuple[tuple[str, str], ...] = (
    # a whole private key, its armour included
    ("key", r"-----BEGIN [A-Z ]{1,40}-----.*?(?:-----END [A-Z ]{1,40}-----|\Z)"),
    ("email", r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"),
    ("url", r"\b[a-z][a-z0-9+.-]{1,20}://[^\s\"'<>)\]}]+"),
    ("key", rf"(?i:{_NAMED}{_VALUE})"),
    ("key", r"(?i:\b(?:bearer|basic)\s+[\w.~+/=-]{6,})"),
    # what providers and clouds begin their keys with
    (
        "key",
        r"\b(?:(?:sk|pk|rk|gsk|hf|gh[opsu]|github_pat|glpat|xox[abprs]|npm|pypi|r8)[-_]|AKIA|ASIA|AIza|ya29\.)[\w-]{12,}",
    ),
    ("key", r"\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?"),
    ("key", r"\b(?=[A-Za-z_]{0,99}\d)(?=\d{0,99}[A-Za-z])\w{32,200}"),
    ("host", r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b"),
    ("host", r"(?i:\b(?:[a-z0-9-]{1,63}\.){1,6}(?:internal|local|lan|corp|intra|svc|cluster)\b(?::\d{1,5})?)"),
    ("host", r"(?i:\blocalhost(?::\d{1,5})?\b)|(?i:\b(?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,18}:\d{2,5}\b)"),
    ("path", r"(?<![\w/])/(?:home|root|users|usr|var|etc|opt|srv|tmp|mnt|data|app|private|workspace)/[^\s\"':,;)]*"),
    ("path", r"(?i:\b[a-z]:\\[^\s\"',;)]+)"),
    ("sql", r"(?i:\b(?:select\b.{1,400}?\bfrom|insert\s+into|update\b.{1,100}?\bset|delete\s+from)\b[^\n]*)"),
)
_SIGN = re.compile("|".join(f"(?P<s{n}>{sign})" for n, (_, sign) in enumerate(_SIGNS)), re.DOTALL)
_NAMES = {f"s{n}": f"[{name}]" for n, (name, _) in enumerate(_SIGNS)}


def redact(text: str) -> str:
    """Take out of a text what neither people nor logs should hold.

    Keys, tokens, passwords, e-mail addresses, URLs, hosts, file paths and SQL become ``[key]``,
    ``[email]``, ``[url]``, ``[host]``, ``[path]`` and ``[sql]``, by the form that they have. It cannot
    know what a person asked: a text that may quote a prompt must not be shown or logged at all.

    Args:
        text: Any text; after 4,000 characters it is cut.

    Returns:
        The text without them. Never raises. Safe to call from any thread.

    Example:
        >>> redact("dana@example.org used sk-proj-0123456789abcdef at https://api.example.org/v1")
        '[email] used [key] at [url]'
    """
    return _SIGN.sub(_name, text[:_LONGEST])


def _name(found: re.Match[str]) -> str:
    return _NAMES[found.lastgroup or ""]
