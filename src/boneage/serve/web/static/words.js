// What scripts say, in the site's language: the page brings the sentences along.
const sentences = JSON.parse(document.getElementById("words").textContent);

export function say(key, values = {}) {
  return sentences[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

// 87.4 -> "7 y 3 m"
export function age(months) {
  const whole = Math.round(months);
  return say("age_short", { years: Math.floor(whole / 12), months: whole % 12 });
}
