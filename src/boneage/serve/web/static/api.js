// REST with the session's token; every failure is an Error whose message can be shown.
import { say, told } from "./words.js";

const csrf = document.querySelector("meta[name=csrf]").content;
export const headers = { "X-CSRF-Token": csrf };
export const API = "/api/v1";

export async function ask(path, { method = "GET", json, signal } = {}) {
  const more = json === undefined ? {} : { "Content-Type": "application/json" };
  let response;
  try {
    response = await fetch(path, { method, signal, headers: { ...headers, ...more }, body: json === undefined ? undefined : JSON.stringify(json) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error(say("offline"));
  }
  if (response.status === 401 && !path.endsWith("/session")) {
    location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
    return new Promise(() => {});
  }
  if (!response.ok) throw new Error(await message(response));
  return response;
}

export const send = (method, path, json) => ask(API + path, { method, json });

export async function message(response) {
  try {
    return told((await response.json()).error);
  } catch {
    return `${response.status} ${response.statusText}`;
  }
}
