// The film on a canvas: window and level, zoom to the pointer, move, turn, mirror, measure; mouse, pen, touch.
import { drawHand, drawMeasure, drawRegions } from "./overlay.js";
import { decimal, say } from "./words.js";

const CLOSEST = 16, STEP = 1.25;

export class Viewer {
  // `told`: called after each drawing
  constructor(canvas, told) {
    Object.assign(this, { canvas, told, context: canvas.getContext("2d", { alpha: false }), film: null, drawing: null });
    Object.assign(this, { window: [0, 65535], inverted: false, tool: "window", shown: { hand: false, regions: false }, strength: 0.8 });
    Object.assign(this, { heat: null, measured: null, pointers: new Map(), pending: 0, dirty: true });
    this.view = { zoom: 1, x: 0, y: 0, turn: 0, mirrored: false, fitted: true };
    new ResizeObserver(() => this.resized()).observe(canvas.parentElement);
    this.listen();
  }

  show(film) {
    this.film = film;
    this.preset("auto");
    this.fit();
  }

  preset(name) {
    if (this.film) this.setWindow(this.film.preset(name));
  }

  setWindow([low, high]) {
    this.window = [low, Math.max(high, low + 64)];
    this.dirty = true;
    this.draw();
  }

  invert() {
    this.inverted = !this.inverted;
    this.dirty = true;
    this.draw();
  }

  rotate() {
    this.view.turn = (this.view.turn + 1) % 4;
    if (this.view.fitted) this.fit();
    this.draw();
  }

  mirror() {
    this.view.mirrored = !this.view.mirrored;
    this.draw();
  }

  // everything as it was when the film came
  reset() {
    Object.assign(this.view, { turn: 0, mirrored: false });
    this.inverted = false;
    this.measured = null;
    this.preset("auto");
    this.fit();
  }

  fit() {
    if (!this.film) return;
    const turned = this.view.turn % 2, { width, height } = this.film, { clientWidth, clientHeight } = this.canvas;
    const zoom = Math.min(clientWidth / (turned ? height : width), clientHeight / (turned ? width : height)) * 0.985;
    Object.assign(this.view, { zoom, x: 0, y: 0, fitted: true });
    this.draw();
  }

  zoomBy(factor, at = [this.canvas.clientWidth / 2, this.canvas.clientHeight / 2]) {
    if (!this.film) return;
    const view = this.view, zoom = Math.min(Math.max(view.zoom * factor, 0.05), CLOSEST), by = zoom / view.zoom;
    const from = [at[0] - this.canvas.clientWidth / 2, at[1] - this.canvas.clientHeight / 2];
    Object.assign(view, { zoom, x: from[0] - (from[0] - view.x) * by, y: from[1] - (from[1] - view.y) * by, fitted: false });
    this.draw();
  }

  closer = () => this.zoomBy(STEP);
  farther = () => this.zoomBy(1 / STEP);

  move(dx, dy) {
    Object.assign(this.view, { x: this.view.x + dx, y: this.view.y + dy, fitted: false });
    this.draw();
  }

  // the film's grid -> the canvas
  matrix() {
    const { zoom, x, y, turn, mirrored } = this.view, { clientWidth, clientHeight } = this.canvas;
    return new DOMMatrix()
      .translate(clientWidth / 2 + x, clientHeight / 2 + y)
      .scale(mirrored ? -zoom : zoom, zoom)
      .rotate(90 * turn)
      .translate(-this.film.width / 2, -this.film.height / 2);
  }

  // pixels of the film's own, whose centers are whole numbers -> the canvas
  toCanvas() {
    const matrix = this.matrix(), scale = this.film.scale;
    return ([x, y]) => {
      const point = matrix.transformPoint({ x: (x + 0.5) * scale, y: (y + 0.5) * scale });
      return [point.x, point.y];
    };
  }

  toFilm(at) {
    const point = this.matrix().inverse().transformPoint({ x: at[0], y: at[1] });
    return [point.x / this.film.scale - 0.5, point.y / this.film.scale - 0.5];
  }

  draw() {
    if (!this.pending) this.pending = requestAnimationFrame(() => { this.pending = 0; this.drawNow(); });
  }

  drawNow() {
    const { context, canvas, film } = this, ratio = devicePixelRatio;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "#000";
    context.fillRect(0, 0, canvas.width, canvas.height);
    if (!film) return;
    if (this.dirty) film.paint(this.window, this.inverted);
    this.dirty = false;
    context.setTransform(new DOMMatrix().scale(ratio).multiply(this.matrix()));
    context.imageSmoothingEnabled = this.view.zoom < 4;
    context.imageSmoothingQuality = "high";
    context.drawImage(film.canvas, 0, 0);
    if (this.heat) {
      context.globalAlpha = this.strength;
      context.imageSmoothingEnabled = true;
      context.drawImage(this.heat, 0, 0, film.width, film.height);
      context.globalAlpha = 1;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const to = this.toCanvas();
    if (this.drawing && this.shown.regions) drawRegions(context, this.drawing, to, this.strength);
    if (this.drawing && this.shown.hand) drawHand(context, this.drawing, to, this.strength);
    if (this.measured) drawMeasure(context, to(this.measured[0]), to(this.measured[1]), this.length());
    this.told();
  }

  length() {
    const [from, until] = this.measured, dx = until[0] - from[0], dy = until[1] - from[1], spacing = this.drawing?.spacing_mm;
    if (!spacing) return say("px", { px: Math.round(Math.hypot(dx, dy)) });
    return say("mm", { mm: decimal(Math.hypot(dx * spacing[1], dy * spacing[0])) });
  }

  resized() {
    const { canvas } = this, ratio = devicePixelRatio;
    canvas.width = Math.round(canvas.clientWidth * ratio);
    canvas.height = Math.round(canvas.clientHeight * ratio);
    if (this.view.fitted) this.fit();
    if (this.pending) cancelAnimationFrame(this.pending);
    this.pending = 0;
    this.drawNow(); // at once: a canvas that changed its size is empty
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.moved(event));
    for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, (event) => this.pointers.delete(event.pointerId));
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("dblclick", () => this.fit());
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoomBy(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), [event.offsetX, event.offsetY]);
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
      if (!step) return;
      event.preventDefault();
      this.move(...step);
    });
  }

  down(event) {
    if (!this.film) return;
    const at = [event.offsetX, event.offsetY];
    try { this.canvas.setPointerCapture(event.pointerId); } catch { /* a pointer that is gone already */ }
    const moves = event.button > 0 || event.shiftKey;
    this.pointers.set(event.pointerId, { at, does: moves ? "pan" : this.tool });
    if (this.tool === "measure" && !moves && this.pointers.size === 1) this.measured = [this.toFilm(at), this.toFilm(at)];
    if (this.pointers.size === 2 && this.tool === "measure") this.measured = null;
  }

  moved(event) {
    const pointer = this.pointers.get(event.pointerId);
    if (!pointer) return;
    const at = [event.offsetX, event.offsetY], before = pointer.at;
    const dx = at[0] - before[0], dy = at[1] - before[1];
    if (this.pointers.size === 2) {
      const other = [...this.pointers.values()].find((one) => one !== pointer).at;
      const far = (one) => Math.hypot(one[0] - other[0], one[1] - other[1]);
      this.move(dx / 2, dy / 2);
      this.zoomBy(far(at) / Math.max(far(before), 1), [(at[0] + other[0]) / 2, (at[1] + other[1]) / 2]);
    } else if (pointer.does === "pan") {
      this.move(dx, dy);
    } else if (pointer.does === "measure") {
      this.measured[1] = this.toFilm(at);
      this.draw();
    } else {
      this.drag(dx, dy);
    }
    pointer.at = at;
  }

  // to the right: wider; down: darker
  drag(dx, dy) {
    const [low, high] = this.window, gray = 65535 / Math.max(this.canvas.clientHeight, 300);
    const wide = Math.max(high - low + dx * gray, 256), level = Math.min(Math.max((low + high) / 2 + dy * gray * 0.6, 0), 65535);
    this.setWindow([level - wide / 2, level + wide / 2]);
  }
}
