const REPEAT = 1000; // ms: a second click on the same thing within this is the same click
const open = new Set();
let last = { key: "", at: -REPEAT };
let acted = false;
let held = null; // the action under the keyboard focus

const root = () => element.querySelector("[data-fk]");

function show(button, on) {
  button.setAttribute("aria-expanded", String(on));
  button.nextElementSibling.hidden = !on;
}

function toggle(button, on) {
  on ? open.add(button.dataset.toggle) : open.delete(button.dataset.toggle);
  show(button, on);
}

function say(text) {
  root().querySelector(".fk-live").textContent = text;
}

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    say("Copied.");
  } catch {
    const code = button.parentElement.querySelector(".fk-code");
    getSelection().selectAllChildren(code);
    say("Selected. Copy it with your keyboard.");
  }
}

function act(button, at) {
  const action = button.dataset.action;
  const id = button.dataset.id ?? root().dataset.id ?? null;
  const key = `${action} ${id}`;
  if (key === last.key && at - last.at < REPEAT) return;
  last = { key, at };
  acted = true;
  if (button.dataset.copy) copy(button);
  const payload = { component: root().dataset.fk, action, id };
  trigger(action, payload);
  trigger("action", payload);
}

element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.toggle) toggle(button, button.getAttribute("aria-expanded") !== "true");
  if (button.dataset.action) act(button, event.timeStamp);
});

element.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const button = event.target.closest(".fk-disclosure")?.querySelector("[data-toggle]");
  if (button?.getAttribute("aria-expanded") !== "true") return;
  toggle(button, false);
  button.focus();
});

element.addEventListener("focusin", (event) => {
  held = event.target.dataset.action ?? null;
});

watch("value", () => {
  for (const button of element.querySelectorAll("[data-toggle]")) show(button, open.has(button.dataset.toggle));
  const focused = document.activeElement;
  const lost = acted && (focused === document.body || !focused.checkVisibility());
  const changed = element.contains(focused) && (focused.dataset.action ?? null) !== held;
  if (lost || changed) root().focus({ preventScroll: true });
  acted = false;
});
