// Speaks with the host (JSON-RPC over postMessage) and writes what every view has. All text is set as text, never as HTML.
let asked = 0,
  shown = null,
  given = {},
  host = {};
const waiting = {};
const place = document.getElementById("view");

const say = (message) => parent.postMessage({ jsonrpc: "2.0", ...message }, "*");
const ask = (method, params) =>
  new Promise((done, fail) => {
    waiting[++asked] = { done, fail };
    say({ id: asked, method, params });
  });

function heard(message) {
  const { id, method, params } = message;
  if (id !== undefined && method === undefined) {
    const open = waiting[id];
    delete waiting[id];
    if (open) message.error ? open.fail(message.error) : open.done(message.result);
  } else if (id !== undefined) {
    const known = method === "ping" || method === "ui/resource-teardown";
    say(known ? { id, result: {} } : { id, error: { code: -32601, message: "Method not found" } });
  } else if (method === "ui/notifications/tool-input") {
    given = params.arguments ?? {};
  } else if (method === "ui/notifications/tool-result") {
    show(params);
  } else if (method === "ui/notifications/tool-cancelled") {
    show({ isError: true, content: [{ type: "text", text: "The call was cancelled." }] });
  } else if (method === "ui/notifications/host-context-changed") {
    dress(params);
  }
}

function begin() {
  dress({});
  addEventListener("message", (event) => {
    if (event.source === parent && event.data?.jsonrpc === "2.0") heard(event.data);
  });
  let width = 0;
  new ResizeObserver(() => {
    if (document.body.clientWidth !== width) {
      width = document.body.clientWidth;
      draw();
    }
    tellSize();
  }).observe(document.body);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => dress({}));
  const params = {
    protocolVersion: "2026-01-26",
    appInfo: { name: document.title, version: "1" },
    appCapabilities: { availableDisplayModes: ["inline", "fullscreen"] },
  };
  ask("ui/initialize", params).then((answer) => {
    host = answer;
    dress(answer.hostContext ?? {});
    say({ method: "ui/notifications/initialized", params: {} });
  });
}

// The host's theme, or the browser's where the host has none.
let theme = null;
function dress(context) {
  theme = context.theme ?? theme;
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = theme ?? (dark ? "dark" : "light");
}

function tellSize() {
  const { width, height } = document.body.getBoundingClientRect();
  say({ method: "ui/notifications/size-changed", params: { width: Math.ceil(width), height: Math.ceil(height) } });
}

function show(result) {
  shown = result;
  draw();
}

function draw() {
  if (shown === null) return;
  const answer = shown.structuredContent;
  const texts = (shown.content ?? []).filter((one) => one.type === "text").map((one) => one.text);
  if (shown.isError || !answer) {
    place.replaceChildren(el("p", { class: "failed" }, texts.join(" ") || "There is no answer."), ...pictures());
  } else {
    const width = Math.max(place.clientWidth, 240);
    place.replaceChildren(...view(answer, width).flat(3).filter(Boolean), ...notes(answer));
  }
  tellSize();
}

const pictures = () =>
  (shown.content ?? [])
    .filter((one) => one.type === "image")
    .map((one) => el("img", { src: `data:${one.mimeType};base64,${one.data}`, alt: document.title }));

// -- elements ------------------------------------------------------------------------------------------------------
function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) node.setAttribute(name, value);
  node.append(...children.flat(4).filter((child) => child !== null && child !== undefined));
  return node;
}
const el = (name, attributes = {}, ...children) => filled(document.createElement(name), attributes, children);
const draws = (name, attributes = {}, ...children) =>
  filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
const picture = (width, height, label, ...children) =>
  draws("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label }, ...children);

function table(caption, heads, rows) {
  const cell = (name, value) =>
    value instanceof Node
      ? el(name, {}, value)
      : el(name, typeof value === "number" || value?.number ? { class: "number" } : {}, text(value));
  const numbers = heads.map((_, at) => rows.some((row) => row[at]?.number));
  return el(
    "div",
    { class: "scroll", tabindex: 0, role: "group", "aria-label": caption },
    el(
      "table",
      {},
      el("caption", {}, caption),
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          heads.map((head, at) => el("th", { scope: "col", class: numbers[at] ? "number" : "" }, head)),
        ),
      ),
      el(
        "tbody",
        {},
        rows.map((row) =>
          el(
            "tr",
            {},
            row.map((value) => cell("td", value)),
          ),
        ),
      ),
    ),
  );
}
const text = (value) => (value === null || value === undefined ? "–" : (value.number ?? String(value)));
const more = (words, ...children) => el("details", {}, el("summary", {}, words), ...children);

function notes(answer) {
  const said = [...(answer.cautions ?? []), ...(answer.notes ?? [])];
  const { since, until, timezone } = answer.window ?? {};
  const times = since ? `${day(since)} to ${day(until)} (${timezone}), from ${answer.source}.` : null;
  return [
    el(
      "ul",
      { class: "notes" },
      [times, ...new Set(said)].filter(Boolean).map((one) => el("li", {}, one)),
    ),
  ];
}

// -- words -----------------------------------------------------------------------------------------------------------
const few = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
const large = new Intl.NumberFormat("en", { maximumSignificantDigits: 4, notation: "compact" });
const short = (value) => (Math.abs(value) < 1e7 ? few : large).format(value);
const number = (value) => (value === null || value === undefined ? "–" : short(value));
const per100 = (value) =>
  value === null || value === undefined ? "" : `${value > 0 ? "+" : ""}${few.format(Math.round(value * 10) / 10)} %`;
const day = (ts) => String(ts).slice(0, 10);
const commit = (sha) => (sha ? `, commit ${sha.slice(0, 8)}` : "");

// A value with its unit; a share is read as per cent.
function amount(value, unit) {
  if (value === null || value === undefined) return "–";
  if (unit === "share") return `${short(value * 100)} %`;
  return unit ? `${short(value)} ${unit}` : short(value);
}
// A difference of two of them; that of two shares is in points, or it could be taken for a part of the first.
function difference(value, unit) {
  if (value === null || value === undefined) return "–";
  const words = unit === "share" ? `${short(value * 100)} points` : amount(value, unit);
  return value > 0 ? `+${words}` : words;
}
const figure = (value, unit) => ({ number: amount(value, unit) });

function unitOf(metric) {
  if (metric in UNITS.metrics) return UNITS.metrics[metric];
  const [, aggregate, of] = /^(\w+)\(([\w.]+)/.exec(metric) ?? [];
  if (metric.includes(" / ")) return null;
  if (aggregate === "rate") return "share";
  if (aggregate === "count") return "rows";
  return aggregate === "uniq" ? "values" : (UNITS.columns[of] ?? null);
}

// A group, as words: one value, or several columns with theirs.
function groupName(group) {
  if (group === null || group === undefined) return "";
  return typeof group === "object"
    ? Object.entries(group)
        .map(([name, value]) => `${name} ${value}`)
        .join(", ")
    : String(group);
}
const verdict = (word) => el("span", { class: word === "worse" || word === "better" ? word : "soft" }, word);
