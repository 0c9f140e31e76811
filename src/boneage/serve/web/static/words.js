// What scripts say, in the page's language: the page brings the sentences along.
const sentences = JSON.parse(document.getElementById("words").textContent);

const errors = JSON.parse(document.getElementById("errors").textContent);

export const language = document.documentElement.lang;

export function say(key, values = {}) {
  return sentences[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

// what went wrong, as far as there are words for it in the page's language
export function told({ kind, message }) {
  const general = errors.kinds[kind];
  return errors.texts[message] ?? (general ? `${general} (${message})` : message);
}

export function decimal(value, digits = 1) {
  return new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
}

// 87.4 -> "7 y 3 m"
export function age(months) {
  const whole = Math.round(months);
  return say("age_short", { years: Math.floor(whole / 12), months: whole % 12 });
}
