// Users, and reports that did not arrive.
import { send } from "./api.js";
import { toast } from "./common.js";
import { bind } from "./keys.js";
import { say } from "./words.js";

for (const form of document.querySelectorAll("form.user")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { name, display_name, role, active, password } = form.elements;
    const who = form.dataset.name ?? name.value;
    const said = { name: who, display_name: display_name.value, role: role.value, active: active.checked };
    if (password.value) said.password = password.value;
    try {
      await send(form.dataset.method, form.dataset.name ? `/users/${encodeURIComponent(who)}` : "/users", said);
      form.querySelector(".error").textContent = "";
      if (form.dataset.name) toast(say("saved"));
      else location.reload();
      password.value = "";
    } catch (error) {
      form.querySelector(".error").textContent = error.message;
    }
  });
}
for (const button of document.querySelectorAll(".again")) {
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await send("POST", `/deliveries/${button.dataset.number}/try-again`);
      toast(say("tried"));
    } catch (error) {
      toast(error.message, { bad: true });
      button.disabled = false;
    }
  });
}
bind("b", "everywhere", "home", () => location.assign("/worklist"));
