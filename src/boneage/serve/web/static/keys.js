// Keys: each is bound with what it does, and the list of them is made of that.
import { say } from "./words.js";

const bound = new Map();
const groups = new Map();

// `names`: what KeyboardEvent.key says, lower case; `group` and `what`: of the list
export function bind(names, group, what, act) {
  const list = [names].flat();
  for (const name of list) bound.set(name, act);
  if (!groups.has(group)) groups.set(group, []);
  groups.get(group).push([list, what]);
}

export function typing(target) {
  return target.closest?.("textarea, select, input:not([type=range], [type=checkbox])") != null;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  if (document.querySelector("dialog[open]")) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (typing(event.target)) {
    if (key === "Escape") event.target.blur();
    return;
  }
  if ((key === "Enter" || key === " ") && event.target.closest("a, button, summary")) return;
  if (event.repeat && !["j", "k", "ArrowDown", "ArrowUp", "+", "-"].includes(key)) return;
  const act = bound.get(key);
  if (act && act(event) !== false) event.preventDefault();
});

export function list() {
  const whole = document.createDocumentFragment();
  for (const [group, keys] of groups) {
    const section = document.createElement("section");
    section.append(text("h3", say(`keys_${group}`)));
    const lines = document.createElement("dl");
    for (const [names, what] of keys) {
      const term = document.createElement("dt");
      for (const name of names.filter((one) => one !== "=")) term.append(text("kbd", shown(name)));
      lines.append(term, text("dd", say(`key_${what}`)));
    }
    section.append(lines);
    whole.append(section);
  }
  return whole;
}

const shown = (name) => ({ Enter: "↵", Escape: "Esc", ArrowDown: "↓", ArrowUp: "↑" })[name] ?? name.toUpperCase();

function text(tag, words) {
  const element = document.createElement(tag);
  element.textContent = words;
  return element;
}
