// Goes where a page that only leads on leads; without a script its button or link does the same.
(() => {
  const way = document.querySelector("[data-onward]");
  if (way instanceof HTMLFormElement) way.requestSubmit();
  else location.replace(way.href);
})();
