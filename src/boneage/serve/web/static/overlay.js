// What is drawn over the film: the hand's points as fingers, the regions, measured lines. In pixels of the screen, so lines stay thin.
import { say } from "./words.js";

const NAMES = { "whole hand": "region_whole_hand", carpals: "region_carpals", "metacarpals and proximal phalanges": "region_metacarpals" };
const FINGER = "#7de2e8", POINT = "#e2fbfc", REGIONS = ["#ffc45c", "#beaaff", "#a0e68c"], MEASURE = "#ffe066", HALO = "rgba(8, 16, 22, .8)";

// `to`: [x, y] of the film's own pixels -> of the canvas
export function drawHand(context, { points, chains }, to, strength) {
  if (!points.length) return;
  const shown = points.map(to);
  context.globalAlpha = strength;
  for (const chain of chains) line(context, chain.map((number) => shown[number]), FINGER, 1.75);
  for (const [x, y] of shown) {
    context.beginPath();
    context.arc(x, y, 3.6, 0, 2 * Math.PI);
    context.fillStyle = POINT;
    context.strokeStyle = HALO;
    context.lineWidth = 2;
    context.stroke();
    context.fill();
  }
  context.globalAlpha = 1;
}

export function drawRegions(context, { regions }, to, strength) {
  context.globalAlpha = strength;
  Object.entries(regions).forEach(([name, corners], number) => {
    const shown = corners.map(to), color = REGIONS[number % REGIONS.length];
    line(context, [...shown, shown[0]], color, 1.75);
    const top = shown.reduce((best, one) => (one[1] < best[1] || (one[1] === best[1] && one[0] < best[0]) ? one : best));
    label(context, NAMES[name] ? say(NAMES[name]) : name.replaceAll("_", " "), top[0] + 6, top[1] + 8, color);
  });
  context.globalAlpha = 1;
}

export function drawMeasure(context, from, until, words) {
  line(context, [from, until], MEASURE, 1.75);
  const away = Math.hypot(until[0] - from[0], until[1] - from[1]) || 1;
  const across = [(-6 * (until[1] - from[1])) / away, (6 * (until[0] - from[0])) / away];
  for (const end of [from, until]) line(context, [[end[0] - across[0], end[1] - across[1]], [end[0] + across[0], end[1] + across[1]]], MEASURE, 1.75);
  label(context, words, Math.max(from[0], until[0]) + 10, (from[1] + until[1]) / 2 - 8, MEASURE);
}

function line(context, points, color, width) {
  context.beginPath();
  points.forEach(([x, y], number) => (number ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.lineJoin = context.lineCap = "round";
  for (const [paint, wide] of [[HALO, width + 2.25], [color, width]]) {
    context.strokeStyle = paint;
    context.lineWidth = wide;
    context.stroke();
  }
}

function label(context, words, x, y, color) {
  context.font = "600 13px system-ui, sans-serif";
  context.textBaseline = "top";
  context.lineWidth = 3.5;
  context.strokeStyle = HALO;
  context.strokeText(words, x, y);
  context.fillStyle = color;
  context.fillText(words, x, y);
}
