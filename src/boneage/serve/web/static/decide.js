// The form in which a reader decides: accept, a plate, or years and months; sign, reveal, amend, withdraw.
import { send } from "./api.js";
import { find, toast } from "./common.js";
import { age, say } from "./words.js";

const OLDEST = 240;

export class Decision {
  // `film`: its id; `done`: called after something was decided; `picked`: called with the plate that was picked
  constructor(film, { done, picked }) {
    Object.assign(this, { film, done, picked, plate: null, dirty: false, busy: false });
  }

  // the form as the server gave it
  begin() {
    this.form = find("decide");
    this.dirty = this.busy = false;
    this.plate = null;
    find("correct")?.addEventListener("submit", (event) => { event.preventDefault(); this.correct(event.target); });
    find("correct")?.addEventListener("input", () => { this.dirty = true; });
    if (!this.form) return;
    const { start, plate } = this.form.dataset;
    if (start) this.fill(Number(start));
    if (plate) this.plate = Number(plate);
    for (const card of this.cards()) card.addEventListener("click", () => this.pick(card));
    find("other-plate")?.addEventListener("change", (event) => this.pick(event.target.selectedOptions[0]));
    for (const id of ["years", "months"]) find(id).addEventListener("input", () => { this.plate = null; this.dirty = true; this.tell(); });
    find("reason")?.addEventListener("input", () => { this.dirty = true; });
    this.form.addEventListener("submit", (event) => { event.preventDefault(); this.decide(this.form.dataset.action); });
    find("withdraw")?.addEventListener("click", () => this.decide("withdraw"));
    this.tell();
  }

  cards = () => [...(this.form?.querySelectorAll(".plate") ?? [])];

  pickNumber(number) {
    const card = this.cards()[number - 1];
    if (!card) return false;
    this.pick(card);
    card.focus({ preventScroll: true });
    return true;
  }

  pick(card) {
    const months = card.value === "" && !card.dataset.months ? null : Number(card.dataset.months ?? card.value);
    if (months === null) return;
    const again = this.plate === months && card.tagName === "BUTTON"; // a second click takes it back
    this.plate = again ? null : months;
    if (!again) this.fill(months);
    else if (this.form.dataset.start) this.fill(Number(this.form.dataset.start));
    this.dirty = true;
    find("bench").classList.remove("closed");
    this.tell();
    this.picked(again ? null : { label: card.dataset.label, picture: card.dataset.picture });
  }

  fill(months) {
    const whole = Math.round(months);
    find("years").value = Math.floor(whole / 12);
    find("months").value = whole % 12;
  }

  // whole months in the form; null: none
  months() {
    const [years, months] = ["years", "months"].map((id) => find(id).value.trim());
    return years === "" && months === "" ? null : 12 * Number(years) + Number(months);
  }

  unchanged() {
    const { start, plate } = this.form.dataset;
    return start !== "" && this.months() === Math.round(Number(start)) && this.plate === (plate ? Number(plate) : null);
  }

  tell() {
    const { action, accepts, system } = this.form.dataset, months = this.months();
    for (const card of this.cards()) card.setAttribute("aria-pressed", String(Number(card.dataset.months) === this.plate));
    const other = find("other-plate");
    if (other) other.value = this.cards().some((card) => Number(card.dataset.months) === this.plate) || this.plate === null ? "" : this.plate;
    const told = [];
    if (this.plate !== null) told.push(say("as_plate", { label: age(this.plate) }));
    if (months !== null && system) {
      const away = months - Math.round(Number(system));
      told.push(away ? say("difference", { months: `${away > 0 ? "+" : "−"}${Math.abs(away)}` }) : say("as_system"));
    }
    find("how").textContent = told.join(" · ");
    const words = { sign: accepts && this.unchanged() ? "sign_accept" : "sign", amend: "amend", reveal: "reveal" }[action];
    const empty = months === null || months > OLDEST, closed = find("bench").classList.contains("closed");
    find("do").firstElementChild.textContent = empty && action === "sign" ? say("sign_empty") : closed ? say("amend_open") : say(words, { months: empty ? "" : age(months) });
    find("decide-error").textContent = "";
  }

  // what is wrong with the form; "": nothing
  wrong(action) {
    const months = this.months();
    if (action !== "withdraw" && months === null) return say("need_months");
    if (action !== "withdraw" && !(months >= 0 && months <= OLDEST)) return say("too_old");
    if (["amend", "withdraw"].includes(action) && !find("reason").value.trim()) return say("need_reason");
    return "";
  }

  choice(action) {
    const { start, accepts } = this.form.dataset, same = this.unchanged();
    const months = action === "withdraw" || (same && accepts) ? null : same ? Number(start) : this.months();
    return { seen: find("panel-body").dataset.seen, months, plate_months: action === "withdraw" ? null : this.plate, reason: find("reason")?.value ?? "" };
  }

  // what is signed is not changed by a slip of the finger: first the form opens
  opens(action) {
    const bench = find("bench");
    if (!bench.classList.contains("closed")) return false;
    bench.classList.remove("closed");
    find(action === "withdraw" ? "reason" : "years").focus();
    this.tell();
    return true;
  }

  async decide(action) {
    if (!this.form || this.busy || this.opens(action)) return;
    const wrong = this.wrong(action);
    find("decide-error").textContent = wrong;
    if (wrong) {
      find(wrong === say("need_reason") ? "reason" : "years").focus();
      return;
    }
    await this.post(`/films/${this.film}/${action}`, this.choice(action), { error: find("decide-error"), words: { sign: "signed", amend: "amended", withdraw: "withdrawn" }[action] });
  }

  async correct(form) {
    const { sex, height_cm: height } = form.elements;
    const said = { sex: sex.value || null, height_cm: height.value ? Number(height.value) : null };
    await this.post(`/films/${this.film}/correct`, said, { error: form.querySelector(".error"), words: "corrected" });
  }

  async post(path, said, { error, words }) {
    this.busy = true;
    find("panel").setAttribute("aria-busy", "true");
    try {
      await send("POST", path, said);
      this.dirty = false;
      if (words) toast(say(words));
      await this.done();
    } catch (failure) {
      error.textContent = failure.message;
      toast(failure.message, { bad: true });
    } finally {
      this.busy = false;
      find("panel").removeAttribute("aria-busy");
    }
  }
}
