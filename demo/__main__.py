"""``python -m demo``: start the page, and say in plain words what is there and what is missing."""

from __future__ import annotations

import argparse
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .manual import Assistant

_NEEDS = "The demo needs Gradio, SQLAlchemy and openai: pip install 'fallbackkit[demo]'"


def main() -> int:
    """Start what the command line asks for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m demo", description="Ask the manual: a model, a search, a person.")
    parser.add_argument("--port", type=int, default=7860, help="port of the page; the next free one if it is taken")
    parser.add_argument("--no-model", action="store_true", help="leave out the local model; the search answers")
    parser.add_argument("--smoke", action="store_true", help="try every position of the outage slider, and stop")
    options = parser.parse_args()
    try:
        from .app import CSS, build
        from .manual import Assistant, Endpoint, reviews_url
        from .smoke import smoke
    except ModuleNotFoundError as error:
        print(f"{_NEEDS}\n({error})")
        return 1
    from fallbackkit.review import ReviewQueue
    from fallbackkit.ui import theme

    url = "sqlite://" if options.smoke else reviews_url()
    assistant = Assistant(ReviewQueue(url), endpoint=Endpoint.from_environment(), local_model=not options.no_model)
    print("Ask the manual")
    print(f"  questions for a person are kept in {url.removeprefix('sqlite://').removeprefix('/') or 'memory'}")
    print(f"  the chain: {assistant.ask.pipeline.describe()}")
    _say_model(assistant)
    page = build(assistant)
    port = 0 if options.smoke else options.port
    _, address, _ = page.launch(
        server_name="127.0.0.1",
        server_port=_free(port),
        theme=theme(),
        css=CSS,
        quiet=True,
        share=False,
        footer_links=[],
        prevent_thread_lock=True,
    )
    print(f"  open {address}", flush=True)
    try:
        return smoke(assistant, address) if options.smoke else _until_interrupted()
    finally:
        page.close(verbose=False)
        assistant.close()


def _say_model(assistant: Assistant) -> None:
    lack = assistant.lack()
    if lack is not None:
        print(f"  {lack}\n  until then the search answers, and a person")
        return
    if assistant.server is None:
        print(f"  the model: {assistant.model}, at ASK_BASE_URL")
        return
    print(f"  the model: {assistant.model}, on this machine, loading")
    threading.Thread(target=_warm_up, args=(assistant,), name="warm-up", daemon=True).start()


def _warm_up(assistant: Assistant) -> None:
    began = time.monotonic()
    try:
        assistant.warm_up()
    except Exception as error:  # noqa: BLE001 - whatever it is, the page is of use without the model
        print(f"  the model did not start: {error}\n  until then the search answers, and a person", flush=True)
    else:
        print(f"  the model is ready, after {time.monotonic() - began:.1f} s", flush=True)


def _free(port: int) -> int:
    """The port, or else any that is free."""
    for wanted in (port, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", wanted))
            except OSError:
                print(f"  port {wanted} is taken, so another one is used")
                continue
            return int(probe.getsockname()[1])
    raise RuntimeError("no port is free on 127.0.0.1")


def _until_interrupted() -> int:
    print("  stop with Ctrl-C", flush=True)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        print("\n  stopped; unanswered questions are kept")
        return 0


if __name__ == "__main__":
    sys.exit(main())
