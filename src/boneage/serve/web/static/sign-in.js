// Signing in.
import { send } from "./api.js";
import { find } from "./common.js";

find("sign-in")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target, button = form.querySelector("button");
  button.disabled = true;
  find("sign-in-error").textContent = "";
  try {
    await send("POST", "/session", { name: form.elements.name.value, password: form.elements.password.value });
    location.assign(form.dataset.then);
  } catch (error) {
    find("sign-in-error").textContent = error.message;
    form.elements.password.select();
  } finally {
    button.disabled = false;
  }
});
