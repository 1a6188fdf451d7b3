"""Where a queue may live: what its URL names, and whether SQLite's locks hold there."""

from __future__ import annotations

import os
import re
from pathlib import Path

__all__ = ["database_path", "network_filesystem"]

_NETWORK = re.compile(
    r"9p|afs|beegfs|ceph|cifs|coda|davfs|gfs2|glusterfs|gpfs|lustre|ncpfs|nfs4?|ocfs2|smb[23]?|smbfs|sshfs|vboxsf"
    r"|fuse\.(blobfuse2?|ceph|cifs|davfs2?|gcsfuse|glusterfs|goofys|mount-s3|nfs|rclone|s3fs|smbnetfs|sshfs)"
)
_MOUNTS = Path("/proc/self/mounts")


def database_path(url: str) -> str | None:
    """Return the absolute path of the file that ``url`` names, or None for a database in memory.

    Raises:
        ValueError: It is no SQLite URL, or a queue cannot live at that place.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in {"sqlite", "sqlite+pysqlite"} or "://" not in url:
        shown = f"{scheme}://…" if "://" in url else repr(url)
        raise ValueError(f"`url` must be sqlite:///path/to/file.db or sqlite:// (in memory), got {shown}")
    if rest in {"", "/", "/:memory:"}:
        return None
    if not rest.startswith("/") or "?" in rest:
        raise ValueError(
            f"`url` must be sqlite:/// and then the path of a file, without parameters, got {url!r}; "
            "sqlite:///reviews.db is a file in the current folder, sqlite:////srv/reviews.db an absolute path"
        )
    path = Path(rest[1:]).absolute()
    _check(path, url)
    return str(path)


def _check(path: Path, url: str) -> None:
    if path.is_dir():
        raise ValueError(f"`url` must name a file, got {url!r}; {path} is a folder, name a file in it")
    if not path.parent.is_dir():
        raise ValueError(f"`url` must name a file in a folder that exists, got {url!r}; create {path.parent} first")
    mounts = os.fsdecode(_MOUNTS.read_bytes()) if _MOUNTS.exists() else ""
    if kind := network_filesystem(str(path.resolve()), mounts):
        raise ValueError(
            f"`url` must name a file on a local disk, got {url!r}; {path} is on a network file system ({kind}), "
            "where SQLite's locks do not hold: two people could get the same ticket"
        )


def network_filesystem(path: str, mounts: str) -> str | None:
    """Return the type of the network file system that holds ``path``, or None if it is a local one.

    Args:
        path: Absolute, with symbolic links resolved.
        mounts: A mount table, one ``device mountpoint type options`` a line; later lines hide earlier ones.
    """
    longest, found = -1, ""
    for line in mounts.split("\n"):
        fields = line.split(" ")
        if len(fields) < 3:  # noqa: PLR2004 - device, mount point, type
            continue
        point = _unescape(fields[1]).rstrip("/")
        if (path == point or path.startswith(f"{point}/")) and len(point) >= longest:
            longest, found = len(point), fields[2]
    return found if _NETWORK.fullmatch(found) else None


def _unescape(field: str) -> str:
    # A space in a name stands in the table as an octal number.
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), field)
