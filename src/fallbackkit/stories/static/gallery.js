// What the gallery does in the browser: the log of events, what can be copied, and, for pages without a server, the switches.
(() => {
  const root = document.documentElement;
  const MOST = 50; // events that are kept on the page

  // Pages without a server: the address says how they look, as it does to the server

  function look() {
    const asked = new URLSearchParams(location.search);
    root.classList.toggle("dark", asked.get("theme") === "dark");
    root.dataset.fksWidth = asked.get("width") ?? "fit";
    const still = asked.get("clock") !== "on" || asked.get("vt") === "1";
    still ? (root.dataset.fkClock = "off") : delete root.dataset.fkClock;
    root.toggleAttribute("data-fks-vt", asked.get("vt") === "1");
    return asked;
  }

  function link(asked) {
    for (const each of document.querySelectorAll(".fks-bar a, .fks-nav a, .fks-card a")) {
      const given = new URLSearchParams(asked);
      const [name, value] = (each.dataset.fksSet ?? "").split(" ");
      if (name && name !== "locale") {
        const now = asked.get(name) ?? each.parentElement.firstElementChild.dataset.fksSet.split(" ")[1];
        value === now ? each.setAttribute("aria-current", "true") : each.removeAttribute("aria-current");
        given.set(name, value);
      }
      if (!each.getAttribute("href").startsWith("#")) each.search = given;
    }
    const direction = asked.get("direction") ?? "auto";
    if (direction !== "auto") for (const each of document.querySelectorAll(".fks-stage .fk")) each.dir = direction;
  }

  const asked = root.hasAttribute("data-fks-still") ? look() : null;

  // What can be copied

  async function copy(button) {
    const { fksLink: link, fksCode: code } = button.dataset;
    const text = code === undefined ? new URL(link, location).href : button.parentElement.querySelector("code").textContent;
    await navigator.clipboard.writeText(text);
    button.dataset.fksDone = "";
    setTimeout(() => delete button.dataset.fksDone, 1500);
  }

  addEventListener("click", (event) => {
    const button = event.target.closest?.(".fks-copy");
    if (button) copy(button);
  });

  // What the components raise

  document.addEventListener("fk-action", ({ target, detail }) => {
    const { action, ...payload } = detail;
    const item = document.createElement("li");
    const name = document.createElement("b");
    name.textContent = action;
    const story = target.closest(".fks-state")?.id ?? "";
    const words = document.createElement("code");
    words.textContent = JSON.stringify(payload);
    item.append(name, ` in ${story} `, words);
    const heard = document.querySelector(".fks-heard");
    if (!heard) return;
    heard.prepend(item);
    while (heard.children.length > MOST) heard.lastChild.remove();
    document.querySelector(".fks-last").replaceChildren(...item.cloneNode(true).childNodes);
  });

  addEventListener("DOMContentLoaded", async () => {
    if (asked) link(asked);
    await document.fonts.ready;
    root.dataset.fkReady = "";
  });
})();
