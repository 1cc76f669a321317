/* The clocks of an order run: how long until it takes effect, and until it ends. The same stands there in words, for
   whoever runs no script. */
(function () {
  "use strict";
  const two = (number) => String(number).padStart(2, "0");
  const left = (until, day) => {
    const seconds = Math.max(0, Math.floor((until - Date.now()) / 1000));
    const days = Math.floor(seconds / 86400);
    const rest = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(":");
    return days ? `${days} ${day} ${rest}` : rest;
  };
  const clocks = Array.from(document.querySelectorAll(".countdown"), (one) => [one, Date.parse(one.dataset.until)]);
  const show = () => clocks.forEach(([one, until]) => { one.textContent = left(until, one.dataset.day); });
  show();
  setInterval(show, 1000);
})();
