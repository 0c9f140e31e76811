// What every page has: messages, times in the reader's zone, theme, keys, sign-out, adding films.
import { send } from "./api.js";
import { bind, list } from "./keys.js";
import { language } from "./words.js";

const A_YEAR = 31536000;

export const find = (id) => document.getElementById(id);

export function toast(words, { bad = false, seconds = bad ? 12 : 4 } = {}) {
  const one = document.createElement("p");
  one.className = bad ? "toast bad" : "toast";
  one.textContent = words;
  one.addEventListener("click", () => one.remove());
  find("toasts").append(one);
  setTimeout(() => one.remove(), 1000 * seconds);
}

const today = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const other = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });

const exact = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "long", hourCycle: "h23" });

export function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    time.textContent = (at.toDateString() === new Date().toDateString() ? today : other).format(at);
    time.title = exact.format(at);
  }
}

export function closable(dialog) {
  dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
}

localTimes(document);

// this browser's choice, for all who use it: it tells nothing of them
find("language")?.addEventListener("change", (event) => {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `boneage_language=${event.target.value}; path=/; max-age=${A_YEAR}; samesite=lax${secure}`;
  location.reload();
});

const keysDialog = find("keys-dialog");
closable(keysDialog);
function showKeys() {
  find("keys-list").replaceChildren(list());
  keysDialog.showModal();
}

if (find("keys")) {
  bind("?", "everywhere", "help", showKeys);
  find("keys").addEventListener("click", showKeys);
  find("theme").addEventListener("click", () => {
    const next = { dark: "light", light: "system", system: "dark" }[document.documentElement.dataset.theme];
    document.documentElement.dataset.theme = next;
    try { localStorage.setItem("theme", next); } catch { /* a browser that keeps nothing */ }
  });
  find("sign-out")?.addEventListener("click", async () => {
    try {
      await send("DELETE", "/session");
      location.assign("/sign-in");
    } catch (error) {
      toast(error.message, { bad: true });
    }
  });
  import("./upload.js");
}
