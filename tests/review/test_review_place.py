from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from fallbackkit.review import ReviewQueue, ReviewRequest
from fallbackkit.review._place import network_filesystem

MOUNTS = """\
/dev/sda1 / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
server:/export /mnt/team nfs4 rw,vers=4.2 0 0
/dev/sdb1 /mnt/team/local ext4 rw 0 0
//nas/x /mnt/my\\040files cifs rw 0 0
ana@host:/ /home/ana/far fuse.sshfs rw 0 0
C:\\134 /mnt/c 9p rw 0 0
/dev/fuse /mnt/apps fuse.portal rw 0 0
/dev/sdc1 /srv/over ext4 rw 0 0
server:/over /srv/over nfs rw 0 0
garbage
"""


@contextmanager
def unprivileged():
    """Root may write anywhere, so that these tests step down for a moment."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@pytest.fixture
def folder():
    """A folder that whoever runs the tests can enter, with privileges or without."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
        folder.chmod(0o755)


def refusal(url: str) -> str:
    """The words in which a queue at that URL is refused."""
    with pytest.raises(ValueError, match="`url`") as refused:
        ReviewQueue(url)
    return str(refused.value)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/home/dana/reviews.db", None),
        ("/mnt/team/reviews.db", "nfs4"),
        ("/mnt/team", "nfs4"),
        ("/mnt/teamwork/reviews.db", None),
        ("/mnt/team/local/reviews.db", None),
        ("/mnt/my files/reviews.db", "cifs"),
        ("/home/ana/far/reviews.db", "fuse.sshfs"),
        ("/mnt/c/reviews.db", "9p"),
        ("/mnt/apps/reviews.db", None),
        ("/srv/over/reviews.db", "nfs"),
    ],
)
def test_the_deepest_and_last_mount_decides(path, found):
    """A path is on a network file system if the mount that shows it is one."""
    assert found == network_filesystem(path, MOUNTS)


@pytest.mark.parametrize("mounts", ["", "\n", "garbage\n"])
def test_without_a_mount_table_nothing_is_refused(mounts):
    """Systems that have no such table are taken as local."""
    assert network_filesystem("/srv/reviews.db", mounts) is None


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("reviews.db", "sqlite:///path/to/file.db or sqlite:// (in memory), got 'reviews.db'"),
        ("", "got ''"),
        ("postgresql://dana:hunter2@host/db", "got postgresql://…"),
        ("sqlite+aiosqlite:///reviews.db", "got sqlite+aiosqlite://…"),
        ("sqlite://reviews.db", "sqlite:///reviews.db is a file in the current folder"),
        ("sqlite:///reviews.db?mode=ro", "without parameters"),
        ("sqlite:////no/such/folder/reviews.db", "create /no/such/folder first"),
        ("sqlite:////usr", "/usr is a folder, name a file in it"),
    ],
)
def test_a_url_that_names_no_queue_is_explained(url, told):
    """Each wrong URL gets its own sentence, and no password is repeated."""
    assert told in refusal(url)
    assert "hunter2" not in refusal(url)


def test_a_file_that_is_no_database_is_left_alone(tmp_path):
    """Whatever the file was, it is the same afterwards."""
    file = tmp_path / "notes.txt"
    file.write_text("my notes, not a database, long enough to have a header\n" * 10)
    before = file.read_bytes()
    assert "is no SQLite database; name another file" in refusal(f"sqlite:///{file}")
    assert before == file.read_bytes()


@pytest.mark.parametrize("version", [0, 1, 7])
def test_the_database_of_another_application_is_left_alone(tmp_path, version):
    """Tables of others in the file mean that it is not ours, whatever number they gave it."""
    file = tmp_path / "shop.db"
    other = sqlite3.connect(file)
    other.execute("CREATE TABLE orders (id)")
    other.execute(f"PRAGMA user_version = {version}")
    assert "another application keeps its tables there" in refusal(f"sqlite:///{file}")
    assert [("orders",)] == other.execute("SELECT name FROM sqlite_master").fetchall()
    assert (version,) == other.execute("PRAGMA user_version").fetchone()
    other.close()


def test_a_queue_of_a_later_version_is_left_alone(tmp_path):
    """An older fallbackkit does not write into a format that it does not know."""
    file = tmp_path / "reviews.db"
    ReviewQueue(f"sqlite:///{file}").close()
    later = sqlite3.connect(file)
    later.execute("PRAGMA user_version = 2")
    later.close()
    assert "a queue of format 2, this fallbackkit reads format 1" in refusal(f"sqlite:///{file}")


def test_a_read_only_file_is_refused(folder):
    """A queue that could be read but not written to is refused at once."""
    file = folder / "reviews.db"
    ReviewQueue(f"sqlite:///{file}").close()
    file.chmod(0o444)
    with unprivileged():
        assert "is read-only; let this account write the file and its folder" in refusal(f"sqlite:///{file}")


def test_a_folder_that_cannot_be_written_is_refused(folder):
    """The database needs companions beside it, so that the folder counts."""
    folder.chmod(0o555)
    with unprivileged():
        assert "cannot be opened; let this account write" in refusal(f"sqlite:///{folder / 'reviews.db'}")


@pytest.mark.parametrize("lease", [0, -1, float("nan"), float("inf"), 1e12, "soon"])
def test_a_lease_is_a_number_of_seconds_up_to_a_year(lease):
    """The message names the argument and the value."""
    with pytest.raises(ValueError, match=r"`lease` must be .*seconds.*, got"):
        ReviewQueue("sqlite://", lease=lease)


@pytest.mark.parametrize("capacity", [-1, 2.5, True])
def test_a_capacity_is_a_whole_number(capacity):
    """The message names the argument and the value."""
    with pytest.raises(ValueError, match=r"`capacity` must be a whole number of 0 or more, got"):
        ReviewQueue("sqlite://", capacity=capacity)


@pytest.mark.parametrize("reviewer", ["", "  \t", "\ud800"])
def test_a_reviewer_has_a_name(queue, reviewer):
    """Nobody claims without a name, because the name goes on record."""
    queue.enqueue(ReviewRequest(question="?"))
    with pytest.raises(ValueError, match="`reviewer` must name who claims, got"):
        queue.claim(reviewer)
    assert "pending" == queue.search()[0].state


@pytest.mark.parametrize(
    ("arguments", "told"),
    [({"state": "open"}, "`state` must be one of pending, claimed"), ({"limit": 0}, "`limit` must be a whole number")],
)
def test_a_search_for_nothing_that_exists_is_refused(queue, arguments, told):
    """A misspelt state does not look like an empty queue."""
    with pytest.raises(ValueError, match=told):
        queue.search(**arguments)


@pytest.mark.parametrize("timeout", [-1, float("nan"), float("inf")])
def test_a_wait_has_an_end(queue, timeout):
    """The time-out is a finite number of seconds."""
    ticket = queue.enqueue(ReviewRequest(question="?"))
    with pytest.raises(ValueError, match="`timeout` must be a finite number of seconds"):
        queue.wait(ticket.id, timeout)


@pytest.mark.parametrize(
    "facts", [{"priority": 2**63}, {"queue": ""}, {"idempotency_key": ""}, {"idempotency_key": " "}]
)
def test_a_request_that_cannot_be_kept_is_refused_where_it_is_made(facts):
    """An empty key would make one ticket of all questions; a huge priority does not fit the column."""
    with pytest.raises(ValueError, match=next(iter(facts))):
        ReviewRequest(question="?", **facts)


def test_a_relative_path_does_not_follow_the_working_folder(tmp_path, monkeypatch):
    """A queue stays with its file when the process goes elsewhere."""
    monkeypatch.chdir(tmp_path)
    queue = ReviewQueue("sqlite:///reviews.db")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    queue.close()
    queue.enqueue(ReviewRequest(question="?"))
    assert [] == list((tmp_path / "elsewhere").iterdir())
    queue.close()


def test_the_store_is_loaded_when_a_queue_is_made():
    """Importing the module needs no SQLAlchemy; making a queue without it says what to install."""
    code = (
        "import sys; sys.modules['sqlalchemy'] = None\n"
        "from fallbackkit.review import ReviewQueue\n"
        "try: ReviewQueue('sqlite://')\n"
        "except ImportError as error: print(error)"
    )
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own code
    assert "ReviewQueue keeps its tickets with SQLAlchemy: install fallbackkit[store].\n" == said
