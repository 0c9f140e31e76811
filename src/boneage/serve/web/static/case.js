// The case page: film, overlays, panel, keys.
import { API, ask } from "./api.js";
import { find, localTimes, toast } from "./common.js";
import { Decision } from "./decide.js";
import { read } from "./gray.js";
import { bind } from "./keys.js";
import { Viewer } from "./viewer.js";
import { say } from "./words.js";

const WAITING_MS = 600, EVERY_MS = 5000, PRESETS = ["auto", "bone", "soft", "full"];
const film = find("case").dataset.film, at = `${API}/films/${film}`;
const viewer = new Viewer(find("canvas"), readout);
let panel = null, plate = null, maps = null, map = -1, preset = "auto";

function readout() {
  const [low, high] = viewer.window, percent = (value) => Math.round(value / 655.35);
  find("readout-window").textContent = say("window", { width: percent(high - low), level: percent((low + high) / 2) });
  find("readout-zoom").textContent = say("zoom", { percent: Math.round(100 * viewer.view.zoom * viewer.film.scale) });
}

async function loadFilm() {
  find("viewer").classList.add("loading");
  try {
    viewer.show(await read(await ask(`${at}/grays`)));
  } catch (error) {
    find("trouble").textContent = error.message;
    find("trouble").hidden = false;
  } finally {
    find("viewer").classList.remove("loading");
  }
}

async function loadDrawing() {
  if (!find("panel-body").dataset.seen) return;
  try {
    viewer.drawing = await (await ask(`${at}/drawing`)).json();
  } catch { /* nothing was found on it */ }
  for (const [name, there] of [["hand", viewer.drawing?.points.length], ["regions", Object.keys(viewer.drawing?.regions ?? {}).length]]) {
    tool(name).disabled = !there;
  }
  viewer.draw();
}

// ---- overlays
const tool = (name) => document.querySelector(`.tool[data-do="${name}"]`);
const press = (name, is) => tool(name)?.setAttribute("aria-pressed", String(is));

function overlay(name) {
  if (tool(name).disabled) return;
  viewer.shown[name] = !viewer.shown[name];
  press(name, viewer.shown[name]);
  viewer.draw();
}

// the workers make them; until then the server says so
async function madeMaps() {
  for (;;) {
    const answer = await ask(`${at}/maps`);
    if (answer.status !== 202) return answer.json();
    await new Promise((resolve) => { setTimeout(resolve, 1000 * Number(answer.headers.get("Retry-After") ?? 1)); });
  }
}

// one map after the other, then none
async function nextMap() {
  const words = find("readout-map");
  if (!tool("map") || tool("map").disabled) return;
  try {
    if (!maps) {
      words.textContent = say("map_working");
      tool("map").disabled = true;
      maps = await madeMaps();
    }
    map = map + 1 < maps.length ? map + 1 : -1;
    if (map >= 0) maps[map].picture ??= await createImageBitmap(await (await ask(`${at}/maps/${map}.png`)).blob());
    viewer.heat = map < 0 ? null : maps[map].picture;
    words.textContent = map < 0 ? (maps.length ? "" : say("map_none")) : maps[map].legend;
  } catch (error) {
    maps = null;
    words.textContent = error.message;
  } finally {
    tool("map").disabled = false;
  }
  press("map", map >= 0);
  viewer.draw();
}

// ---- a plate beside the film
function compare(is = find("compare").hidden) {
  const shown = plate ?? likeliest();
  if (is && !shown) return;
  find("compare").hidden = !is;
  press("compare", is);
  if (is) showPlate(shown);
}

function likeliest() {
  const share = (card) => Number(card.querySelector(".part")?.getAttribute("width") ?? 0);
  const card = decision.cards().sort((one, other) => share(other) - share(one))[0];
  return card && { label: card.dataset.label, picture: card.dataset.picture };
}

function showPlate({ label, picture }) {
  const figure = find("compare");
  if (picture) figure.querySelector("img").src = picture;
  figure.querySelector("img").alt = figure.querySelector("figcaption").textContent = say("as_plate", { label });
  figure.classList.toggle("none", !picture);
}

// ---- the panel
const decision = new Decision(film, {
  done: () => refresh({ force: true }),
  picked(found) {
    plate = found;
    if (found && !find("compare").hidden) showPlate(found);
  },
});

async function refresh({ force = false } = {}) {
  const text = await (await ask(`/films/${film}/panel`)).text();
  const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("panel-body");
  if (fresh.outerHTML === panel && !force) return;
  const old = find("panel-body"), other = old.dataset.seen !== fresh.dataset.seen || old.dataset.state !== fresh.dataset.state;
  if (!force && (decision.dirty || decision.busy)) {
    if (!other) return; // what somebody types is not taken away for a line of the audit trail
    if (old.dataset.state !== "waiting") toast(say("changed"), { bad: true });
  }
  panel = fresh.outerHTML;
  const opened = new Map([...old.querySelectorAll("details")].map((one) => [one.id, one.open])), focus = document.activeElement?.id;
  for (const one of other ? [] : fresh.querySelectorAll("details")) if (opened.has(one.id)) one.open = opened.get(one.id);
  const far = old.firstElementChild.scrollTop;
  old.replaceWith(fresh);
  if (!other) fresh.firstElementChild.scrollTop = far;
  settle();
  if (focus && find(focus) && document.activeElement === document.body) find(focus).focus({ preventScroll: true });
  if (!other) return;
  maps = viewer.heat = null;
  map = -1;
  press("map", false);
  if (force) find(["signed", "amended", "withdrawn"].includes(fresh.dataset.state) ? "next" : "do")?.focus({ preventScroll: true });
  loadDrawing();
}

function settle() {
  localTimes(find("panel"));
  decision.begin();
  find("copy")?.addEventListener("click", copy);
}

async function copy() {
  const button = find("copy");
  if (!button) return;
  try {
    const text = await (await ask(button.dataset.from)).text();
    await navigator.clipboard.writeText(text);
    toast(say("copied"));
  } catch (error) {
    toast(error instanceof DOMException || error instanceof TypeError ? say("not_copied") : error.message, { bad: true });
  }
}

async function look() {
  const waits = find("panel-body").dataset.state === "waiting";
  try {
    if (!document.hidden) await refresh();
    document.body.classList.remove("offline");
  } catch {
    document.body.classList.add("offline");
  }
  setTimeout(look, waits ? WAITING_MS : EVERY_MS);
}

// ---- tools and keys
function choose(name) {
  viewer.tool = name;
  for (const one of ["window", "pan", "measure"]) press(one, one === name);
  find("canvas").dataset.tool = name;
}

function gray(name) {
  preset = name;
  viewer.preset(name);
}

const does = {
  window: () => choose("window"),
  pan: () => choose("pan"),
  measure: () => choose("measure"),
  invert: () => { viewer.invert(); press("invert", viewer.inverted); },
  rotate: () => viewer.rotate(),
  mirror: () => { viewer.mirror(); press("mirror", viewer.view.mirrored); },
  fit: () => { viewer.reset(); for (const name of ["invert", "mirror"]) press(name, false); },
  plus: viewer.closer,
  minus: viewer.farther,
  hand: () => overlay("hand"),
  regions: () => overlay("regions"),
  map: nextMap,
  compare: () => compare(),
};
for (const button of document.querySelectorAll(".tool[data-do]")) button.addEventListener("click", () => does[button.dataset.do]());
for (const button of document.querySelectorAll(".tool[data-preset]")) button.addEventListener("click", () => gray(button.dataset.preset));
find("opacity").addEventListener("input", (event) => { viewer.strength = event.target.value / 100; viewer.draw(); });

// nobody signs a film by key that was not on the screen yet
const seen = () => viewer.film !== null || !find("trouble").hidden;
bind("s", "reading", "sign", () => seen() && find("decide")?.dataset.action === "sign" && decision.decide("sign"));
bind("v", "reading", "reveal", () => find("decide")?.dataset.action === "reveal" && decision.decide("reveal"));
bind(["1", "2", "3", "4", "5"], "reading", "plate", (event) => decision.pickNumber(Number(event.key)));
bind("c", "reading", "compare", does.compare);
bind("e", "reading", "edit", () => find("years")?.select());
bind("n", "reading", "next", () => location.assign(find("next").href));
bind("a", "reading", "amend", () => find("decide")?.dataset.action === "amend" && decision.decide("amend"));
bind("x", "reading", "withdraw", () => find("withdraw") && decision.decide("withdraw"));
bind("y", "reading", "copy", copy);
bind("w", "viewer", "window", does.window);
bind("p", "viewer", "pan", does.pan);
bind("d", "viewer", "measure", does.measure);
bind("q", "viewer", "preset", () => gray(PRESETS[(PRESETS.indexOf(preset) + 1) % PRESETS.length]));
bind("i", "viewer", "invert", does.invert);
bind("t", "viewer", "rotate", does.rotate);
bind("m", "viewer", "mirror", does.mirror);
bind("f", "viewer", "fit", does.fit);
bind(["+", "=", "-"], "viewer", "zoom", (event) => (event.key === "-" ? viewer.farther() : viewer.closer()));
bind("o", "viewer", "points", does.hand);
bind("g", "viewer", "regions", does.regions);
bind("h", "viewer", "map", nextMap);
bind(["Escape", "b"], "everywhere", "back", () => (find("compare").hidden ? location.assign("/worklist") : compare(false)));

// as the server gave it: the times are in the reader's zone by now
const given = find("panel-body").cloneNode(true);
for (const time of given.querySelectorAll("time")) {
  time.textContent = "";
  time.removeAttribute("title");
}
panel = given.outerHTML;

choose("window");
sessionStorage.setItem("film", `film-${film}`);
settle();
loadFilm().then(loadDrawing);
setTimeout(look, find("panel-body").dataset.state === "waiting" ? WAITING_MS : EVERY_MS);
