element.addEventListener("fk-action", (event) => {
  event.stopPropagation();
  trigger(event.detail.action, event.detail);
  trigger("action", event.detail);
});
watch("value", () => window.fallbackkit?.settle(element));
window.fallbackkit?.settle(element);
