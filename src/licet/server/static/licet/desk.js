/* Single keys for the desk. Every one of them only moves the focus or follows a link that is on the page: nothing is
   decided by a key alone, and without this script everything is still there. They can be switched off on the page of keys
   (WCAG 2.2, success criterion 2.1.4). */
(() => {
  "use strict";
  const OFF = "licet-keys-off";
  const isOff = () => { try { return localStorage.getItem(OFF) === "1"; } catch { return false; } };

  const isTyping = (target) => target instanceof Element
    && target.closest("input, textarea, select, [contenteditable]") !== null;

  const step = (by) => {
    const links = [...document.querySelectorAll(".row-link")];
    if (links.length === 0) return;
    const now = links.indexOf(document.activeElement);
    const next = now < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, now + by));
    links[next].focus();
  };

  const reach = (element) => {
    if (element.tagName === "A") { element.click(); return; }
    const details = element.closest("details");
    if (element.tagName === "SUMMARY" && details) {
      details.open = true;
      const first = details.querySelector("select, textarea, input:not([type=hidden])");
      (first || element).focus();
      return;
    }
    element.focus();
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || isTyping(event.target)) return;
    if (isOff()) return;
    if (event.key === "j") { step(1); event.preventDefault(); return; }
    if (event.key === "k") { step(-1); event.preventDefault(); return; }
    if (event.key === "/") { document.getElementById("find")?.focus(); event.preventDefault(); return; }
    if (!/^[a-z?]$/.test(event.key)) return;
    const found = [...document.querySelectorAll(`[data-key="${event.key}"]`)];
    // What stands on the case itself goes before the links of the desk's head.
    const own = found.find((one) => one.closest(".case-steps")) || found[0];
    if (own) { event.preventDefault(); reach(own); }
  });

  const problem = document.getElementById("problem");
  if (problem) problem.focus();

  const place = document.getElementById("keys-switch");
  const button = place?.querySelector("button");
  if (place && button) {
    const show = () => { button.textContent = isOff() ? button.dataset.on : button.dataset.off; };
    button.addEventListener("click", () => {
      try { if (isOff()) localStorage.removeItem(OFF); else localStorage.setItem(OFF, "1"); } catch { /* kept nowhere */ }
      show();
    });
    show();
    place.hidden = false;
  }
})();
