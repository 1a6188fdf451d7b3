from __future__ import annotations

import signal
import subprocess
import sys
from urllib.request import urlopen

import pytest

from fallbackkit.cli import main


def test_the_pages_are_written_into_a_folder(folder, tmp_path, capsys):
    """And it says where to begin."""
    site = tmp_path / "site"
    assert 0 == main(["stories", str(folder), "--build", str(site)])
    shown = capsys.readouterr()
    assert shown.out.endswith(f" files; open {site / 'index.html'}\n")
    assert (site / "de" / "counter.html").is_file()


def test_a_file_that_cannot_be_shown_makes_it_exit_with_1(folder, tmp_path, capsys):
    """A build stops there and says why; the pages are written all the same."""
    (folder / "wrong.py").write_text("1 / 0", encoding="utf-8")
    assert 1 == main(["stories", str(folder), "--build", str(tmp_path / "site")])
    assert (tmp_path / "site" / "en" / "counter.html").is_file()
    shown = capsys.readouterr()
    assert "wrote " in shown.out
    assert shown.err.startswith("fallbackkit stories: wrong.py cannot be shown. ZeroDivisionError (line 1)")


def test_the_folder_of_the_current_folder_is_shown(folder, tmp_path, monkeypatch, capsys):
    """Without one, the kit's own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stories").mkdir()
    (folder / "counter.py").rename(tmp_path / "stories" / "mine.py")
    assert 0 == main(["stories", "--build", "here"])
    assert (tmp_path / "here" / "en" / "mine.html").is_file()
    monkeypatch.chdir(tmp_path / "here")
    main(["stories", "--build", "kit"])
    assert (tmp_path / "here" / "kit" / "en" / "wait_progress.html").is_file()
    assert capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["/nowhere"], "`folder` must hold stories, got '/nowhere': no such folder"),
        (["--build", "/proc/site"], "/proc/site"),
        (["--port", "70000"], "`port` must be from 0 to 65535, got 70000"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(arguments, said, capsys):
    """Exit code 2, no traceback."""
    assert 2 == main(["stories", *arguments])
    shown = capsys.readouterr().err
    assert shown.startswith("fallbackkit stories: ")
    assert said in shown
    assert 1 == len(shown.splitlines())


def test_help_teaches(capsys):
    """With an example; exit code 0."""
    with pytest.raises(SystemExit) as end:
        main(["stories", "--help"])
    assert 0 == end.value.code
    assert "example: fallbackkit stories" in " ".join(capsys.readouterr().out.split())


def test_it_serves_until_it_is_stopped(folder):
    """It says where, shows the page there, and ends with Ctrl+C without a word."""
    (folder / "wrong.py").write_text("1 / 0", encoding="utf-8")
    command = [sys.executable, "-m", "fallbackkit", "stories", str(folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:  # noqa: S603
        try:
            lines = [server.stdout.readline() for _ in range(2)]
            with urlopen(f"{lines[0].split()[1]}/counter", timeout=20) as page:  # noqa: S310 - it is ours
                shown = page.read()
            server.send_signal(signal.SIGINT)
            rest = server.communicate(timeout=20)
        finally:
            server.kill()
    assert "1 component, 2 states" in lines[0]
    assert "wrong.py cannot be shown. ZeroDivisionError (line 1)" in lines[1]
    assert b"4821" in shown
    assert ("", "") == rest
    assert 1 == server.returncode
