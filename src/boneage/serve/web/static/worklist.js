// The worklist: filters, search, pages, a line chosen by key, and new lines without flicker.
import { ask } from "./api.js";
import { find, localTimes } from "./common.js";
import { bind } from "./keys.js";

const EVERY_MS = 3000, SEARCH_MS = 200;
const kept = JSON.parse(sessionStorage.getItem("worklist") ?? "{}");
const asked = { state: "", text: "", page: 1, oldest_first: false, ...kept };
let current = sessionStorage.getItem("film") ?? "", running = null, shown = new Map();

const body = () => find("films").tBodies[0];
const rows = () => [...body().rows];

function address() {
  const query = new URLSearchParams({ page: asked.page, text: asked.text, oldest_first: asked.oldest_first });
  if (asked.state) query.set("state", asked.state);
  return `/worklist/rows?${query}`;
}

async function refresh() {
  running?.abort();
  const mine = (running = new AbortController());
  try {
    const response = await ask(address(), { signal: mine.signal });
    show(new DOMParser().parseFromString(await response.text(), "text/html"));
    document.body.classList.remove("offline");
  } catch (error) {
    if (error.name !== "AbortError") document.body.classList.add("offline");
  }
}

// only what differs is changed: pictures stay, so do focus and selection
function show(fresh) {
  for (const id of ["filters", "nothing", "pager"]) {
    const old = find(id), now = fresh.getElementById(id);
    if (old.outerHTML !== now.outerHTML) {
      const focused = [...old.querySelectorAll("button")].indexOf(document.activeElement);
      old.replaceWith(now);
      if (focused >= 0) now.querySelectorAll("button")[focused]?.focus();
    }
  }
  const known = new Map(rows().map((row) => [row.id, row])), next = new Map();
  const wanted = [...fresh.getElementById("films").tBodies[0].rows].map((row) => {
    next.set(row.id, row.outerHTML);
    if (known.has(row.id) && shown.get(row.id) === row.outerHTML) return known.get(row.id);
    const old = known.get(row.id);
    if (old) row.cells[0].replaceWith(old.cells[0]); // the picture stays the same
    localTimes(row);
    return row;
  });
  shown = next;
  const held = document.activeElement?.closest?.("tr")?.id;
  if (wanted.some((row, place) => body().rows[place] !== row) || wanted.length !== body().rows.length) body().replaceChildren(...wanted);
  if (held && !document.activeElement?.closest?.("tr")) find(held)?.querySelector("a")?.focus({ preventScroll: true });
  mark();
}

function mark() {
  for (const row of rows()) {
    const is = row.id === current;
    row.classList.toggle("current", is);
    if (is) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

function go(by) {
  const all = rows();
  if (!all.length) return;
  const at = all.findIndex((row) => row.id === current);
  const row = all[at < 0 ? 0 : Math.min(Math.max(at + by, 0), all.length - 1)];
  choose(row);
  row.querySelector("a").focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function choose(row) {
  current = row.id;
  sessionStorage.setItem("film", current);
  mark();
}

function want(more) {
  Object.assign(asked, { page: 1 }, more);
  sessionStorage.setItem("worklist", JSON.stringify(asked));
  refresh();
}

find("lines").addEventListener("click", (event) => {
  const filter = event.target.closest("#filters button"), page = event.target.closest("#pager button"), row = event.target.closest("#films tbody tr");
  if (filter) want({ state: filter.dataset.state });
  else if (page) want({ page: Number(page.dataset.page) });
  else if (row) {
    choose(row);
    if (!event.target.closest("a") && !String(getSelection())) row.querySelector("a").click();
  }
});
find("lines").addEventListener("error", (event) => { if (event.target.tagName === "IMG") event.target.classList.add("none"); }, true);

let pause;
find("search-text").value = asked.text;
find("search-text").addEventListener("input", (event) => {
  clearTimeout(pause);
  pause = setTimeout(() => want({ text: event.target.value }), SEARCH_MS);
});
find("search").addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(pause);
  want({ text: find("search-text").value });
  go(0);
});

const order = find("order");
function showOrder() {
  order.textContent = asked.oldest_first ? order.dataset.oldest : order.dataset.newest;
  order.setAttribute("aria-pressed", String(asked.oldest_first));
}
order.addEventListener("click", () => { want({ oldest_first: !asked.oldest_first }); showOrder(); });
showOrder();

bind(["j", "ArrowDown"], "worklist", "down", () => go(1));
bind(["k", "ArrowUp"], "worklist", "up", () => go(-1));
bind("Enter", "worklist", "open", () => find(current)?.querySelector("a").click());
bind("/", "worklist", "search", () => find("search-text").select());
bind("n", "worklist", "next", () => location.assign("/next"));

document.addEventListener("films-added", refresh);
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
setInterval(() => { if (!document.hidden) refresh(); }, EVERY_MS);
shown = new Map(rows().map((row) => [row.id, null]));
if (kept.state || kept.text || kept.oldest_first || kept.page > 1) refresh();
mark();
