// Small comforts; every page works without them.
document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  button.classList.add("copied");
  setTimeout(() => button.classList.remove("copied"), 1200);
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit-on-change]")) event.target.form.requestSubmit();
  const limited = event.target.closest("[data-at-most]");
  if (limited) keepWithin(limited);
});

// At most so many boxes may be ticked; the others rest until one is free again.
function keepWithin(holder) {
  const boxes = [...holder.querySelectorAll("input[type=checkbox]")];
  const full = boxes.filter((box) => box.checked).length >= Number(holder.dataset.atMost);
  for (const box of boxes) box.disabled = full && !box.checked;
}

for (const form of document.querySelectorAll("form[data-submit-at-once]")) form.requestSubmit();

// The drawer takes the keyboard when it opens, and Escape closes it.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.querySelector("[data-close]")?.click();
});
document.addEventListener("htmx:afterSettle", () => document.querySelector(".drawer")?.focus());
document.querySelector(".drawer")?.focus();
for (const holder of document.querySelectorAll("[data-at-most]")) keepWithin(holder);
document.querySelector(".app-tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
