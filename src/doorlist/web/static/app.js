// What pages can do with a script and do without: times in the viewer's words and zone, copying, switching colours.
(() => {
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
  const relative = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto" });
  const steps = [["second", 60], ["minute", 60], ["hour", 24], ["day", 30], ["month", 12], ["year", Infinity]];

  function inWords(moment) {
    let amount = (moment - Date.now()) / 1000;
    for (const [unit, size] of steps) {
      if (Math.abs(amount) < size) return relative.format(Math.round(amount), unit);
      amount /= size;
    }
    return exact.format(moment);
  }

  function tellTimes(root) {
    for (const element of root.querySelectorAll("time[data-relative]")) {
      const moment = new Date(element.dateTime);
      element.title = exact.format(moment);
      element.textContent = inWords(moment);
    }
  }

  async function copy(button) {
    const field = document.getElementById(button.dataset.copy);
    field.select();
    await navigator.clipboard.writeText(field.value);
    const text = button.querySelector("[data-copied]");
    const before = text.textContent;
    text.textContent = text.dataset.copied;
    setTimeout(() => { text.textContent = before; }, 1500);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
    const theme = event.target.closest("[data-theme-switch]");
    if (theme) theme.value = document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark";
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });
  document.addEventListener("htmx:load", (event) => tellTimes(event.target));
  function sortTasks() {
    const list = document.querySelector("[data-sort]");
    if (!list || !window.Sortable) return;
    Sortable.create(list, {
      handle: ".handle",
      animation: 120,
      onEnd: ({ item }) => {
        const before = item.previousElementSibling;
        const fields = new URLSearchParams({ csrf: list.dataset.csrf, do: "move", after: before ? before.dataset.id : "first" });
        fetch(list.dataset.sort + item.dataset.id, { method: "POST", body: fields, redirect: "manual" })
          .then((answer) => { if (answer.type !== "opaqueredirect") location.reload(); });
      },
    });
  }

  sortTasks();
  tellTimes(document);
  setInterval(() => tellTimes(document), 30000);
})();
