// Films from the reader's disk: dropped anywhere or chosen, each with its own progress and its own words if it fails.
import { API, headers, message } from "./api.js";
import { closable, find } from "./common.js";
import { bind } from "./keys.js";
import { decimal, say, told } from "./words.js";

const AT_ONCE = 3;
const dialog = find("upload"), list = find("upload-list"), button = find("upload-send");
const waiting = []; // rows that were not sent yet
let going = 0;
closable(dialog);

const open = () => { if (!dialog.open) dialog.showModal(); };
find("add-films").addEventListener("click", open);
bind("u", "everywhere", "upload", open);

const files = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
let inside = 0;
addEventListener("dragenter", (event) => { if (files(event)) { inside += 1; document.body.classList.add("dropping"); } });
addEventListener("dragleave", (event) => { if (files(event) && --inside <= 0) done(); });
addEventListener("dragover", (event) => { if (files(event)) event.preventDefault(); });
addEventListener("drop", (event) => {
  if (!files(event)) return;
  event.preventDefault();
  done();
  add(event.dataTransfer.files);
});
find("upload-files").addEventListener("change", (event) => { add(event.target.files); event.target.value = ""; });

function done() {
  inside = 0;
  document.body.classList.remove("dropping");
}

async function isDicom(file) {
  return (await file.slice(128, 132).text()) === "DICM" || /\.(dcm|dicom|ima)$/i.test(file.name);
}

// a DICOM file says whom it shows and goes at once; pictures wait for what the sender knows; of the rest the server tells why not
async function add(chosen) {
  open();
  for (const file of [...chosen]) { // the field's own list is emptied meanwhile
    const row = line(file);
    list.append(row.element);
    waiting.push(row);
    if (!file.type.startsWith("image/") || (await isDicom(file))) row.ready = true;
    else row.form.hidden = false;
  }
  step();
}

function line(file) {
  const element = find("upload-row").content.firstElementChild.cloneNode(true);
  const part = (name) => element.querySelector(name);
  part(".name").textContent = file.name;
  part(".size").textContent = `${decimal(file.size / 2 ** 20)} MiB`;
  const row = { file, element, form: part("form"), bar: part("progress"), how: part(".how"), error: part(".error"), ready: false };
  const remove = part(".remove");
  remove.setAttribute("aria-label", say("remove", { name: file.name }));
  remove.addEventListener("click", () => { drop(row); element.remove(); step(); });
  row.form.addEventListener("submit", (event) => { event.preventDefault(); row.ready = true; step(); });
  row.how.textContent = say("upload_waiting");
  return row;
}

function drop(row) {
  const at = waiting.indexOf(row);
  if (at >= 0) waiting.splice(at, 1);
}

function step() {
  while (going < AT_ONCE) {
    const row = waiting.find((one) => one.ready);
    if (!row) break;
    drop(row);
    going += 1;
    transfer(row).finally(() => { going -= 1; step(); });
  }
  button.hidden = !waiting.length;
  button.textContent = say("upload_send", { count: waiting.length });
}

button.addEventListener("click", () => {
  for (const row of waiting) row.ready = row.form.reportValidity();
  step();
});

// fetch tells nothing of how far an upload is
async function transfer(row) {
  row.form.hidden = true;
  row.element.querySelector(".remove").hidden = true;
  const body = new FormData(row.form);
  for (const [name, value] of [...body]) if (!value) body.delete(name);
  body.append("files", row.file);
  const request = new XMLHttpRequest();
  request.open("POST", `${API}/films`);
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
  request.upload.addEventListener("progress", (event) => {
    const percent = event.lengthComputable ? Math.round((100 * event.loaded) / event.total) : 0;
    row.bar.value = percent;
    row.how.textContent = say("upload_sending", { percent });
  });
  try {
    await new Promise((resolve, reject) => {
      request.addEventListener("load", resolve);
      for (const kind of ["error", "abort", "timeout"]) request.addEventListener(kind, () => reject(new Error(say("offline"))));
      request.send(body);
    });
    if (request.status === 401) location.assign("/sign-in");
    if (request.status >= 300) throw new Error(await message(new Response(request.responseText, { status: request.status })));
    const [received] = JSON.parse(request.responseText);
    if (received.error) throw new Error(told(received.error));
    finished(row, received);
  } catch (error) {
    row.element.classList.add("bad");
    row.error.textContent = error.message;
    row.error.hidden = false;
    row.how.textContent = "";
  }
}

function finished(row, received) {
  row.element.classList.add("good");
  row.bar.value = 100;
  row.how.textContent = say(received.new ? "upload_done" : "upload_again");
  const link = row.element.querySelector(".open");
  link.href = `/films/${received.id}`;
  link.textContent = say("upload_open");
  link.hidden = false;
  document.dispatchEvent(new Event("films-added"));
}
