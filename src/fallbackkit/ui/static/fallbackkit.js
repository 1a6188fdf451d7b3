// What the components do in the browser, on any page. Each action is a "fk-action" event that bubbles from its component.
(() => {
  if (window.fallbackkit) return;

  const REPEAT = 1000; // ms: a second click on the same thing within this is the same click
  const SPOKEN = 10; // s: a countdown is spoken when it begins, here, and when it ends
  const known = new WeakMap(); // component -> what it has to remember over an update

  const all = (node, what) => [...(node.matches?.(what) ? [node] : []), ...node.querySelectorAll(what)];
  const rootOf = (node) => node?.closest?.("[data-fk]") ?? null;
  const memory = (root) => {
    if (!known.has(root)) known.set(root, { open: new Set(), last: "", at: -REPEAT, acted: false, held: null, clocks: {} });
    return known.get(root);
  };

  function say(root, text) {
    root.querySelector(".fk-live").textContent = text;
  }

  // Disclosures and popovers

  function show(button, on) {
    button.setAttribute("aria-expanded", String(on));
    button.nextElementSibling.hidden = !on;
  }

  function toggle(button, on) {
    const { open } = memory(rootOf(button));
    on ? open.add(button.dataset.toggle) : open.delete(button.dataset.toggle);
    show(button, on);
  }

  function closePopovers(except) {
    for (const button of document.querySelectorAll('.fk-popover > [aria-expanded="true"]'))
      if (!button.parentElement.contains(except)) toggle(button, false);
  }

  // Actions

  function fields(root) {
    const found = {};
    for (const field of root.querySelectorAll("[data-field]")) found[field.dataset.field] = field.value;
    return found;
  }

  function send(root, action, more) {
    const detail = { component: root.dataset.fk, action, id: root.dataset.id ?? null, ...fields(root), ...more };
    root.dispatchEvent(new CustomEvent("fk-action", { bubbles: true, detail }));
  }

  function act(control, at) {
    const root = rootOf(control);
    const kept = memory(root);
    const { action, id, value } = control.dataset;
    const key = `${action} ${id ?? root.dataset.id} ${value}`;
    if (key === kept.last && at - kept.at < REPEAT) return;
    Object.assign(kept, { last: key, at, acted: true });
    if (control.dataset.copy !== undefined) copy(root, control);
    if (control.hasAttribute("aria-pressed")) press(root, control);
    send(root, action, { ...(id !== undefined && { id }), ...(value !== undefined && { value }) });
  }

  function press(root, button) {
    const on = button.getAttribute("aria-pressed") !== "true";
    const group = button.dataset.group;
    if (on && group)
      for (const other of root.querySelectorAll(`[data-group="${group}"]`)) other.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-pressed", String(on));
  }

  async function copy(root, button) {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      say(root, button.dataset.copied ?? "");
    } catch {
      const code = button.parentElement.querySelector(".fk-code");
      if (code) getSelection().selectAllChildren(code);
      say(root, button.dataset.select ?? "");
    }
  }

  document.addEventListener("click", (event) => {
    const control = event.target.closest?.("button, a[data-action]");
    const root = rootOf(control);
    const inside = control?.dataset.toggle !== undefined ? control : event.target;
    closePopovers(inside);
    if (!root) return;
    if (control.dataset.toggle) toggle(control, control.getAttribute("aria-expanded") !== "true");
    if (control.dataset.action) act(control, event.timeStamp);
  });

  document.addEventListener("change", (event) => {
    const choice = event.target.closest?.("[data-fk] input[data-action]");
    if (choice) act(choice, event.timeStamp);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const button = event.target.closest?.(".fk-disclosure, .fk-popover")?.querySelector('[aria-expanded="true"]');
    if (button) {
      toggle(button, false);
      button.focus();
      return;
    }
    const stop = rootOf(event.target)?.querySelector("[data-escape]:not([hidden])");
    if (stop) act(stop, event.timeStamp);
  });

  document.addEventListener("focusin", (event) => {
    const root = rootOf(event.target);
    if (root) memory(root).held = event.target.dataset.action ?? null;
  });

  // Clocks: the browser counts, in whole units of the reader's language

  const formats = new Map();

  function inWords(lang, unit, count, display) {
    const key = `${lang} ${unit} ${display}`;
    if (!formats.has(key)) {
      const locale = new Intl.Locale(lang, { numberingSystem: "latn" });
      formats.set(key, new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: display }));
    }
    return formats.get(key).format(count);
  }

  function span(clock, seconds) {
    const lang = clock.closest("[lang]")?.lang || "en";
    const display = clock.dataset.form ?? "long";
    return seconds < 90 ? inWords(lang, "second", seconds, display) : inWords(lang, "minute", Math.ceil(seconds / 60), display);
  }

  function started(clock, kept) {
    const key = `${clock.dataset.clock} ${clock.dataset.at ?? clock.dataset.seconds}`;
    kept.clocks[key] ??= { from: performance.now() - (clock.dataset.clock === "up" ? clock.dataset.seconds * 1000 : 0) };
    return kept.clocks[key];
  }

  function tick(clock) {
    const root = rootOf(clock);
    if (!root || document.documentElement.dataset.fkClock === "off") return;
    const mine = started(clock, memory(root));
    const passed = (performance.now() - mine.from) / 1000;
    if (clock.dataset.clock === "up") {
      clock.textContent = span(clock, Math.max(1, Math.floor(passed)));
      for (const part of root.querySelectorAll("[data-from], [data-until]")) appear(root, part, passed);
      return;
    }
    const left = Math.max(0, clock.dataset.seconds - passed);
    clock.textContent = span(clock, Math.ceil(left));
    if (left <= SPOKEN && left > 0 && clock.dataset.seconds > 2 * SPOKEN && !mine.spoken) {
      mine.spoken = true;
      say(root, clock.parentElement.textContent.trim());
    }
    if (left === 0 && !mine.over) {
      mine.over = true;
      if (clock.dataset.due) send(root, clock.dataset.due, {});
    }
  }

  function appear(root, part, passed) {
    const { from = 0, until = Infinity } = part.dataset;
    const on = passed >= from && passed < until;
    if (on && part.hidden && part.dataset.say !== undefined) say(root, part.dataset.say || part.textContent.trim());
    part.hidden = !on;
  }

  const tickAll = () => document.querySelectorAll("[data-fk] [data-clock]").forEach(tick);
  setInterval(tickAll, 250);

  // On line or not: what is said of it was drawn before, as nothing can be fetched now

  function connection() {
    for (const root of document.querySelectorAll("[data-fk][data-network]")) {
      const now = navigator.onLine ? "online" : "offline";
      if (root.dataset.network === now) continue;
      root.dataset.network = now;
      for (const part of root.querySelectorAll("[data-when]")) part.hidden = part.dataset.when !== now;
      say(root, root.querySelector(`[data-when="${now}"]`)?.textContent.trim() ?? "");
      send(root, now, {});
    }
  }

  for (const change of ["online", "offline"]) addEventListener(change, connection);

  // After an update: what is open stays open, and the focus does not fall on something else

  function settle(node = document) {
    for (const root of all(node, "[data-fk]")) {
      const kept = memory(root);
      for (const button of root.querySelectorAll("[data-toggle]")) show(button, kept.open.has(button.dataset.toggle));
      for (const choice of root.querySelectorAll("input[type=radio]")) choice.checked = choice.hasAttribute("checked");
      const focused = document.activeElement;
      const lost = kept.acted && (focused === document.body || !focused.checkVisibility());
      const changed = root.contains(focused) && (focused.dataset.action ?? null) !== kept.held;
      if (lost || changed) root.focus({ preventScroll: true });
      kept.acted = false;
      root.querySelectorAll("[data-clock]").forEach(tick);
    }
    connection();
  }

  new MutationObserver((changes) => {
    for (const { addedNodes } of changes)
      for (const node of addedNodes)
        if (node.nodeType === Node.ELEMENT_NODE && (node.matches("[data-fk]") || node.querySelector("[data-fk]"))) settle(node);
  }).observe(document.documentElement, { childList: true, subtree: true });

  window.fallbackkit = { settle };
  document.readyState === "loading" ? addEventListener("DOMContentLoaded", () => settle()) : settle();
})();
