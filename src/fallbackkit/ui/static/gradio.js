element.addEventListener("fk-action", (event) => {
  event.stopPropagation();
  trigger(event.detail.action, event.detail);
  trigger("action", event.detail);
});
const draw = () => {
  const html = props.value?.html ?? "";
  window.fallbackkit ? window.fallbackkit.draw(element, html) : (element.innerHTML = html);
};
watch("value", draw);
draw();
