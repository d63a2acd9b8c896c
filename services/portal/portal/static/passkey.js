// Passkeys: the browser answers what the form's data-options ask, and the form carries the answer.
"use strict";

async function answered(form) {
  const options = JSON.parse(form.dataset.options);
  if (form.dataset.passkey === "create") {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
    return navigator.credentials.create({ publicKey });
  }
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return navigator.credentials.get({ publicKey });
}

async function send(form) {
  const problem = form.querySelector(".problem");
  if (form.dataset.asking === "yes") { return; }
  form.dataset.asking = "yes";
  problem.hidden = true;
  try {
    const credential = await answered(form);
    form.elements.credential.value = JSON.stringify(credential.toJSON());
    HTMLFormElement.prototype.submit.call(form);
  } catch (error) {
    problem.hidden = false;
    delete form.dataset.asking;
  }
}

window.addEventListener("DOMContentLoaded", () => {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      event.stopPropagation();
      send(form);
    });
    if (form.dataset.atOnce === "yes") { send(form); }
  }
});
