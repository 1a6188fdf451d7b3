"""One page of plain HTML with a card: ``python -m examples.plain > page.html``. No server, no framework."""

from __future__ import annotations

import sys

from fallbackkit.ui import fonts, script, stylesheet, views

from .desk import ask

__all__ = ["page"]

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Help desk</title>
<style>{style} body {{ margin: 24px auto; max-inline-size: 640px }}</style>
<main>
<h1>Help desk</h1>
{card}
<p id="heard" role="status"></p>
</main>
<script>{script}</script>
<script>
document.addEventListener("fk-action", ({{ detail }}) => {{
  document.getElementById("heard").textContent = `${{detail.action}} of ${{detail.component}}`;
}});
</script>
</html>
"""


def page(question: str) -> str:
    """The page with the answer to a question."""
    card = views.outcome_card(ask.outcome(question))
    return PAGE.format(style=fonts() + stylesheet(), card=card, script=script())


if __name__ == "__main__":
    sys.stdout.write(page("How many days of leave can I carry over?"))
