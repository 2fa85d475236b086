"use strict";

const POINTS = 300;
const SAMPLES = 500;
const LINES = [["commodity-prices", "price"], ["ml-predictions", "prediction"]];
const byId = (id) => document.getElementById(id);

const series = new Map(); // symbol -> {price: [[time, value]], prediction: [...], confidence}
const hops = new Map(); // "from|to" -> last durations in milliseconds, in the order in which they were first seen
const totals = new Map(); // the same from the price to this page, for records that are predictions
const counts = { records: 0, gaps: 0, reconnects: -1 };
const last = {}; // topic -> partition -> last offset: what a reconnect carries
let token = "";
let wait = 500;
let dirty = false;
let opened = 0;

function make(name, attributes, text) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

function row(cells, kind) {
  const line = document.createElement("tr");
  if (kind) line.className = kind;
  for (const cell of cells) {
    const data = document.createElement("td");
    if (cell instanceof Node) data.append(cell);
    else data.textContent = cell;
    if (typeof cell === "string" && /^[-–0-9.]/.test(cell)) data.className = "number";
    line.append(data);
  }
  return line;
}

function say(state, text) {
  const status = byId("status");
  status.dataset.state = state;
  status.textContent = text;
}

function notice(text) {
  const line = document.createElement("li");
  line.textContent = `${new Date().toLocaleTimeString()} ${text}`;
  byId("notices").prepend(line);
  while (byId("notices").children.length > 5) byId("notices").lastChild.remove();
}

function connect() {
  say("idle", "connecting");
  counts.reconnects += 1;
  const address = new URL("ws/stream", location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  address.hash = "";
  const socket = new WebSocket(address, ["bearer", token]);
  let reached = false;
  socket.onopen = () => {
    reached = true;
    wait = 500;
    opened = opened || performance.now();
    byId("door").hidden = true;
    say("live", "live");
    socket.send(JSON.stringify({ subscribe: { resume: last } }));
  };
  socket.onmessage = (event) => receive(JSON.parse(event.data));
  socket.onclose = (event) => {
    if (event.code === 1008 || (!reached && !opened)) {
      byId("door").hidden = false;
      say("down", event.reason || "the gateway did not let this token in");
      return;
    }
    say("down", `${event.reason || "connection lost"}; trying again`);
    setTimeout(connect, wait * (0.5 + Math.random() / 2));
    wait = Math.min(wait * 2, 10000);
  };
}

function remember(topic, partition, offset) {
  (last[topic] ||= {})[partition] = offset;
}

function receive(message) {
  dirty = true;
  if (message.subscribed) {
    for (const [topic, partitions] of Object.entries(message.subscribed.position))
      for (const [partition, offset] of Object.entries(partitions)) remember(topic, partition, offset);
  } else if (message.gap) {
    counts.gaps += 1;
    notice(`records are missing (${message.gap.reason})`);
  } else if (message.closing) {
    notice(message.closing.reason);
  } else if (message.error) {
    notice(message.error.message);
  } else {
    record(message);
  }
}

function record(message) {
  counts.records += 1;
  remember(message.topic, message.partition, message.offset);
  const path = [...message.hops, { service: "this page", at: Date.now() * 1000 }];
  timeHops(path, message.topic === "ml-predictions");
  const line = LINES.find(([topic]) => topic === message.topic);
  const value = message.value;
  if (!line || value === null || typeof value !== "object") return;
  const symbol = value.symbol;
  if (!series.has(symbol)) {
    series.set(symbol, { price: [], prediction: [], confidence: null });
    listSymbols();
  }
  const known = series.get(symbol);
  const points = known[line[1]];
  // At the time of the price that began the path, so that a prediction stands above what it was made from.
  points.push([path[0].at / 1000, Number(value[line[1]])]);
  if (points.length > POINTS) points.shift();
  if (value.confidence !== undefined) known.confidence = value.confidence;
}

function timeHops(path, whole) {
  for (let index = 1; index < path.length; index += 1) timeHop(hops, path[index - 1], path[index]);
  if (whole) timeHop(totals, path[0], path.at(-1));
}

function timeHop(known, from, to) {
  const key = `${from.service}|${to.service}`;
  if (!known.has(key)) known.set(key, []);
  const durations = known.get(key);
  durations.push((to.at - from.at) / 1000);
  if (durations.length > SAMPLES) durations.shift();
}

function listSymbols() {
  const select = byId("symbol");
  const chosen = select.value;
  const symbols = [...series.keys()].sort();
  select.replaceChildren(...symbols.map((symbol) => new Option(symbol, symbol)));
  select.value = symbols.includes(chosen) ? chosen : symbols[0];
}

function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

function drawChart() {
  const known = series.get(byId("symbol").value);
  const points = known ? [...known.price, ...known.prediction] : [];
  const chart = byId("chart");
  if (points.length < 2) return;
  const times = points.map(([time]) => time);
  const values = points.map(([, value]) => value);
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const middle = (Math.min(...values) + Math.max(...values)) / 2;
  const half = Math.max((Math.max(...values) - Math.min(...values)) * 0.55, Math.abs(middle) * 0.0005, 0.01);
  const x = (time) => 84 + ((time - from) / Math.max(to - from, 1)) * 860;
  const y = (value) => 160 - ((value - middle) / half) * 140;
  const nodes = [];
  for (let step = -2; step <= 2; step += 1) {
    const value = middle + (half * step) / 2;
    nodes.push(make("line", { class: "grid", x1: 84, x2: 944, y1: y(value), y2: y(value) }));
    nodes.push(make("text", { x: 76, y: y(value) + 4, "text-anchor": "end" }, value.toFixed(2)));
  }
  for (const [, name] of LINES) {
    if (!known[name].length) continue;
    const path = known[name].map(([time, value]) => `${x(time).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
    nodes.push(make("polyline", { class: `line ${name}`, points: path }));
    const [time, value] = known[name].at(-1);
    nodes.push(make("circle", { class: `dot ${name}`, cx: x(time), cy: y(value), r: 4 }));
  }
  chart.replaceChildren(...nodes);
  byId("span").textContent = `${known.price.length + known.prediction.length} points, ${((to - from) / 1000).toFixed(0)} s`;
}

function drawHops() {
  if (!hops.size) return;
  const lines = [...[...hops].map((one) => [one, ""]), ...[...totals].map((one) => [one, "total"])];
  const most = Math.max(...[...hops.values()].map((values) => quantile(values, 0.5)), 0.001);
  byId("hops").replaceChildren(...lines.map(([[key, values], kind]) => {
    const [from, to] = key.split("|");
    const median = quantile(values, 0.5);
    const meter = document.createElement("meter");
    meter.max = most;
    meter.value = Math.max(median, 0);
    meter.title = `${median.toFixed(1)} ms`;
    const shown = [values.at(-1), median, quantile(values, 0.95)].map((value) => value.toFixed(1));
    return row([from, to, ...shown, kind ? "" : meter], kind);
  }));
}

function drawLatest() {
  if (!series.size) return;
  byId("latest").replaceChildren(...[...series].sort().map(([symbol, known]) => row([
    symbol,
    known.price.length ? known.price.at(-1)[1].toFixed(2) : "–",
    known.prediction.length ? known.prediction.at(-1)[1].toFixed(2) : "–",
    known.confidence === null ? "–" : known.confidence.toFixed(3),
  ])));
}

function drawCounts() {
  const seconds = opened ? (performance.now() - opened) / 1000 : 0;
  const shown = {
    records: counts.records,
    "records a second": seconds ? (counts.records / seconds).toFixed(1) : "–",
    gaps: counts.gaps,
    reconnects: Math.max(counts.reconnects, 0),
  };
  byId("counts").replaceChildren(...Object.entries(shown).map(([name, value]) => {
    const group = document.createElement("div");
    const [term, data] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = name;
    data.textContent = value;
    group.append(term, data);
    return group;
  }));
}

function draw() {
  if (dirty) {
    dirty = false;
    drawChart();
    drawHops();
    drawLatest();
  }
  drawCounts();
}

byId("door").addEventListener("submit", (event) => {
  event.preventDefault();
  token = byId("token").value.trim();
  byId("token").value = "";
  if (token) connect();
});
byId("symbol").addEventListener("change", () => { dirty = true; });
setInterval(draw, 250);
draw();

// A token in the fragment never leaves the browser with the request; it is taken out of the address at once.
const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  history.replaceState(null, "", location.pathname);
  token = given;
  connect();
}
