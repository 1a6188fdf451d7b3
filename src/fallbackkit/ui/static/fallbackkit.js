// What the components do in the browser, on any page. Each action is a "fk-action" event that bubbles from its component.
(() => {
  if (window.fallbackkit) return;

  const REPEAT = 1000; // ms: a second click on the same thing within this is the same click
  const SPOKEN = 10; // s: a countdown is spoken when it begins, here, and when it ends
  const APART = 5000; // ms: so far apart is told how a wait goes on
  const SLOT = '<div class="fk-slot" data-slot';
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
    const panel = button.nextElementSibling;
    if (!on && panel.hidden && button.ariaExpanded === "false") return;
    button.setAttribute("aria-expanded", String(on));
    panel.hidden = !on;
    if (on && panel.matches(".fk-pop")) keepInside(panel);
  }

  function keepInside(panel) { // of the component, whatever is beside it on the page
    panel.style.translate = "";
    const [{ left, right }, frame] = [panel, rootOf(panel)].map((node) => node.getBoundingClientRect());
    panel.style.translate = `${Math.max(frame.left - left, Math.min(0, frame.right - right))}px`;
  }

  function toggle(button, on) {
    const root = rootOf(button);
    const { open } = memory(root);
    on ? open.add(button.dataset.toggle) : open.delete(button.dataset.toggle);
    show(button, on);
    const { opened, value } = button.dataset;
    if (on && opened) send(root, opened, value !== undefined && { value });
  }

  function closePopovers(except) {
    for (const button of document.querySelectorAll('.fk-popover > [aria-expanded="true"]'))
      if (!button.parentElement.contains(except)) toggle(button, false);
  }

  // Actions

  function fields(root) {
    const found = {};
    for (const field of root.querySelectorAll("[data-field]:not([type=radio]), [data-field]:checked")) found[field.dataset.field] = field.value;
    for (const part of root.querySelectorAll("[data-part]")) {
      const chosen = (found[part.dataset.part] ??= []);
      if (part.ariaPressed === "true" && !part.closest("[hidden]")) chosen.push(part.dataset.value);
    }
    return found;
  }

  function send(root, action, more) {
    const detail = { component: root.dataset.fk, action, id: root.dataset.id ?? null, ...fields(root), ...more };
    root.dispatchEvent(new CustomEvent("fk-action", { bubbles: true, detail }));
  }

  function act(control, at) {
    const root = rootOf(control);
    const kept = memory(root);
    const { id, value } = control.dataset;
    const off = control.ariaPressed === "true" && control.dataset.off;
    const action = off || control.dataset.action;
    const key = `${control.dataset.action} ${id ?? root.dataset.id} ${value}`;
    if (key === kept.last && at - kept.at < REPEAT) return;
    Object.assign(kept, { last: key, at, acted: true, slots: null }); // what the page makes of it now is not as drawn
    if (control.dataset.copy !== undefined) copy(root, control);
    if (control.hasAttribute("aria-pressed")) press(root, control);
    if (control.dataset.hides) {
      control.closest(control.dataset.hides).hidden = true;
      root.focus({ preventScroll: true });
    }
    if (control.dataset.turn) turn(root, control.dataset.turn);
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
    if (event.isComposing || event.defaultPrevented) return;
    const stop = rootOf(event.target)?.querySelector("[data-escape]:not([hidden])") ?? onlyStop();
    if (stop) act(stop, event.timeStamp);
  });

  // Wherever the focus is, Escape stops the one thing on the page that can be stopped.
  function onlyStop() {
    const found = document.querySelectorAll('[data-fk] [data-escape="page"]:not([hidden])');
    return found.length === 1 ? found[0] : null;
  }

  document.addEventListener("focusin", (event) => {
    const root = rootOf(event.target);
    if (root) memory(root).held = event.target.dataset.action ?? null;
  });

  // Clocks: the browser counts, in whole units of the reader's language

  const formats = new Map();
  const UNITS = [[86400, "day", 129600], [3600, "hour", 5400], [60, "minute", 90], [1, "second", 0]]; // as Python has them

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
    const [size, unit] = UNITS.find(([, , least]) => seconds >= least);
    return inWords(lang, unit, Math.ceil(seconds / size), display);
  }

  function started(clock, kept) {
    const { clock: kind, at, seconds } = clock.dataset;
    const from = performance.now() - (kind === "up" ? seconds * 1000 : 0);
    return (kept.clocks[`${kind} ${at ?? seconds}`] ??= { from, seconds: Number(seconds), held: null });
  }

  function hold(mine, on) {
    if (on) mine.held ??= performance.now();
    else if (mine.held !== null) [mine.from, mine.held] = [mine.from + performance.now() - mine.held, null];
  }

  function turn(root, way) { // at once, whatever the page makes of the event
    for (const clock of root.querySelectorAll('[data-clock="down"]')) {
      const mine = started(clock, memory(root));
      hold(mine, way === "stop" || (way === "pause" && mine.held === null));
      if (way === "now") Object.assign(mine, { seconds: 0, over: true });
      tick(clock);
      if (way === "pause") say(root, (root.querySelector("[data-held]:not([hidden])") ?? clock.parentElement).textContent.trim());
    }
  }

  function tick(clock) {
    const root = rootOf(clock);
    if (!root || document.documentElement.dataset.fkClock === "off") return;
    const mine = started(clock, memory(root));
    const drawn = clock.dataset.paused !== undefined;
    if (drawn !== (mine.drawn ?? false)) hold(mine, drawn);
    mine.drawn = drawn;
    const passed = ((mine.held ?? performance.now()) - mine.from) / 1000;
    if (clock.dataset.clock === "up") {
      clock.textContent = span(clock, Math.max(1, Math.floor(passed)));
      appearAll(root, passed);
      tell(root);
      return;
    }
    const left = Math.max(0, mine.seconds - passed);
    const paused = mine.held !== null;
    appearAll(root, paused ? NaN : -left);
    for (const part of root.querySelectorAll("[data-held]")) part.hidden = !paused;
    for (const button of root.querySelectorAll("[data-turn=pause]")) button.dataset.value = paused ? "off" : "on";
    clock.textContent = span(clock, Math.ceil(left));
    if (paused) return;
    if (left <= SPOKEN && left > 0 && mine.seconds > 2 * SPOKEN && !mine.spoken && clock.dataset.quiet === undefined && clock.checkVisibility()) {
      mine.spoken = true;
      say(root, clock.parentElement.textContent.trim());
    }
    if (left === 0 && !mine.over) {
      mine.over = true;
      if (clock.dataset.due) send(root, clock.dataset.due, {});
    }
  }

  function appearAll(root, passed) {
    for (const part of root.querySelectorAll("[data-from], [data-until]")) appear(root, part, passed);
  }

  function appear(root, part, passed) {
    const { from = -Infinity, until = Infinity } = part.dataset;
    const on = passed >= from && passed < until;
    if (!on && part.contains(document.activeElement)) root.focus({ preventScroll: true });
    if (on && part.hidden && part.dataset.say !== undefined) say(root, part.dataset.say || part.textContent.trim());
    part.hidden = !on;
  }

  // What a wait has to say is said when it changes, but not too often
  function tell(root) {
    const kept = memory(root);
    const line = [...root.querySelectorAll("[data-tell]:not([hidden])")].map((part) => part.dataset.tell).join(" ");
    if (!line || line === kept.told || performance.now() - (kept.toldAt ?? -APART) < APART) return;
    Object.assign(kept, { told: line, toldAt: performance.now() });
    say(root, line);
  }

  const tickAll = () => document.querySelectorAll("[data-fk] [data-clock]").forEach(tick);
  setInterval(tickAll, 250);

  // On line or not: what is said of it was drawn before, as nothing can be fetched now

  function connection() {
    for (const root of document.querySelectorAll("[data-fk][data-network]")) {
      const now = navigator.onLine ? "online" : "offline";
      if (root.dataset.network === now) continue;
      root.dataset.network = now;
      for (const part of root.querySelectorAll("[data-when]")) {
        part.hidden = part.dataset.when !== now;
        if (!part.hidden) say(root, part.dataset.said ?? "");
      }
      send(root, now, {});
    }
  }

  // How many of their questions the page keeps until it is on line again

  function waiting(count) {
    for (const shown of document.querySelectorAll("[data-waiting]")) {
      const locale = new Intl.Locale(shown.closest("[lang]").lang, { numberingSystem: "latn" });
      shown.textContent = new Intl.NumberFormat(locale).format(count);
      shown.parentElement.hidden = !count;
    }
  }

  // What is news only once: whoever saw it on an earlier page is spared it

  const fresh = new Set();

  function seen(root) {
    const key = `fallbackkit ${root.dataset.once}`;
    try {
      if (localStorage.getItem(key) && !fresh.has(key)) root.hidden = true;
      else localStorage.setItem(key, fresh.add(key) && "seen");
    } catch {} // no storage: shown again
  }

  for (const change of ["online", "offline"]) addEventListener(change, connection);

  // After an update: what is open stays open, and the focus does not fall on something else

  function settle(node = document) {
    for (const root of all(node, "[data-fk]")) {
      const kept = memory(root);
      for (const button of root.querySelectorAll("[data-toggle]")) show(button, kept.open.has(button.dataset.toggle));
      for (const choice of root.querySelectorAll("input[type=radio][data-action]")) choice.checked = choice.hasAttribute("checked");
      const focused = document.activeElement;
      const lost = kept.acted && (focused === document.body || !focused.checkVisibility());
      const changed = root.contains(focused) && (focused.dataset.action ?? null) !== kept.held;
      if (lost || changed) root.focus({ preventScroll: true });
      kept.acted = false;
      if (root.dataset.once) seen(root);
      root.querySelectorAll("[data-clock]").forEach(tick);
      if (root.dataset.network) connection();
    }
  }

  // An update: what stays as it is keeps focus, selection and place

  function draw(node, html) {
    if (!node.firstChild) return void (node.innerHTML = html);
    const slots = html.split(SLOT); // no text holds it, as each "<" of a text is escaped
    drawSlots(node.firstElementChild, slots) || replace(node, parsed(html));
    if (node.firstElementChild) memory(node.firstElementChild).slots = slots;
    settle(node);
  }

  const inert = document.implementation.createHTMLDocument("").body; // nothing in it is loaded, and it is read faster than a template

  function parsed(html) {
    inert.innerHTML = html;
    return inert;
  }

  function drawSlots(card, slots) { // of one card, where nothing else is new: reading HTML takes longest
    if (card?.dataset.fk !== "outcome-card" || card.nextSibling) return false;
    const before = memory(card).slots;
    if (before?.length !== slots.length || before[0] !== slots[0]) return false;
    const drawn = card.querySelectorAll("[data-slot]");
    for (let place = 1; place < slots.length; place++)
      if (slots[place] !== before[place]) renew(drawn[place - 1], parsed(SLOT + slots[place]).firstChild);
    return true;
  }

  function replace(node, made) { // its children, by position
    let before = node.firstChild;
    for (let child = made.firstChild, next; child; child = next) {
      next = child.nextSibling;
      const after = before?.nextSibling;
      if (!before) node.append(child);
      else if (before.nodeName !== child.nodeName) before.replaceWith(child);
      else if (!before.isEqualNode(child)) renew(before, child);
      before = after;
    }
    for (let after; before; before = after) {
      after = before.nextSibling;
      before.remove();
    }
  }

  function renew(node, made) {
    if (!node.attributes) return void (node.data = made.data);
    for (const name of node.getAttributeNames()) made.hasAttribute(name) || node.removeAttribute(name);
    for (const name of made.getAttributeNames()) {
      const value = made.getAttribute(name);
      node.getAttribute(name) === value || node.setAttribute(name, value);
    }
    replace(node, made);
  }

  new MutationObserver((changes) => {
    if (document.readyState === "loading") return; // what is half parsed is settled below
    for (const { addedNodes } of changes)
      for (const node of addedNodes)
        if (node.nodeType === Node.ELEMENT_NODE && (node.matches("[data-fk]") || node.querySelector("[data-fk]"))) settle(node);
  }).observe(document.documentElement, { childList: true, subtree: true });

  window.fallbackkit = { draw, settle, waiting };
  document.readyState === "loading" ? addEventListener("DOMContentLoaded", () => settle()) : settle();
})();
