// Asks the authenticator for what a form with data-passkey wants (create or get), then posts the form with its answer.
(() => {
  async function answer(form) {
    const body = new URLSearchParams(new FormData(form));
    const sent = await fetch(form.dataset.options, { method: "POST", body });
    if (!sent.ok) throw new Error(sent.statusText);
    const options = await sent.json();
    const credential = form.dataset.passkey === "create"
      ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
      : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
    form.elements.credential.value = JSON.stringify(credential.toJSON());
    form.submit();
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) continue;
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      answer(form).catch(() => { form.querySelector("[data-failed]").hidden = false; });
    });
  }
})();
