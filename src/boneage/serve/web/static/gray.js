// The film's gray values, and how they become what is seen: window, level, inversion.
const LEVELS = 65536, SOME = 7; // every seventh pixel is enough for the shares

export class Film {
  // `data`: Uint16Array row by row, bone bright; `scale`: this grid's of the film's own pixels
  constructor(width, height, scale, data) {
    Object.assign(this, { width, height, scale, data });
    this.canvas = new OffscreenCanvas(width, height);
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.picture = this.context.createImageData(width, height);
    this.out = new Uint32Array(this.picture.data.buffer);
    this.shades = new Uint32Array(LEVELS);
    this.shares = shares(data);
  }

  // the windows that presets stand for, each [low, high]
  preset(name) {
    const at = (share) => shareAt(this.shares, share);
    const found = {
      auto: () => [at(0.005), at(0.998)],
      bone: () => [at(0.6), at(0.9995)],
      soft: () => [at(0.005), at(0.82)],
      full: () => [0, LEVELS - 1],
    }[name]();
    return found[1] - found[0] < 256 ? [0, LEVELS - 1] : found;
  }

  paint([low, high], inverted) {
    const { shades, out, data } = this, wide = Math.max(high - low, 1);
    for (let value = 0; value < LEVELS; value += 1) {
      const share = Math.min(Math.max((value - low) / wide, 0), 1);
      const gray = Math.round(255 * (inverted ? 1 - share : share));
      shades[value] = 0xff000000 | (gray << 16) | (gray << 8) | gray;
    }
    for (let place = 0; place < data.length; place += 1) out[place] = shades[data[place]];
    this.context.putImageData(this.picture, 0, 0);
  }
}

export async function read(response) {
  const number = (name) => Number(response.headers.get(name));
  const data = new Uint16Array(await response.arrayBuffer());
  return new Film(number("X-Width"), number("X-Height"), number("X-Scale"), data);
}

function shares(data) {
  const counts = new Float64Array(LEVELS);
  let all = 0;
  for (let place = 0; place < data.length; place += SOME) { counts[data[place]] += 1; all += 1; }
  for (let value = 1; value < LEVELS; value += 1) counts[value] += counts[value - 1];
  return counts.map((count) => count / all);
}

function shareAt(cumulated, share) {
  let low = 0, high = LEVELS - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulated[middle] < share) low = middle + 1;
    else high = middle;
  }
  return low;
}
