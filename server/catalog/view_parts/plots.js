// Pictures as SVG, drawn for the width that there is.
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const when = (ts) => Date.parse(ts);
function tick(ts, hours) {
  const date = `${MONTHS[Number(ts.slice(5, 7)) - 1]} ${Number(ts.slice(8, 10))}`;
  return hours && ts.length > 10 ? `${date} ${ts.slice(11, 16)}` : date;
}

function steps(low, high) {
  const rough = (high - low) / 4 || Math.abs(high) || 1;
  const ten = 10 ** Math.floor(Math.log10(rough));
  const size = [1, 2, 2.5, 5, 10].map((one) => one * ten).find((one) => one >= rough);
  const first = Math.ceil(low / size),
    last = Math.floor(high / size);
  return Array.from({ length: last - first + 1 }, (_, at) => (first + at) * size);
}

// lines: [{points: [{ts, value, partial}], look}], bands: [{rows: [[ts, low, high]], opacity}], rules: [{ts, label}],
// levels: [{from, to, value}], rings: [{ts, value}].
function chart(width, unit, label, { lines, bands = [], rules = [], levels = [], rings = [] }) {
  const height = 230,
    left = 58,
    right = 12,
    top = 14,
    bottom = 26;
  const share = unit === "share" ? 100 : 1;
  const points = lines.flatMap((line) => line.points).filter((point) => point.value !== null);
  const every = points
    .map((point) => point.value)
    .concat(bands.flatMap((band) => band.bounds ?? band.rows.flatMap((row) => row.slice(1))));
  if (!every.length) return el("p", { class: "soft" }, "There are no points to draw.");
  const stamps = [
    ...new Set(points.map((point) => point.ts).concat(bands.flatMap((band) => band.rows.map((row) => row[0])))),
  ].sort((a, b) => when(a) - when(b));
  const begins = when(stamps[0]),
    ends = Math.max(when(stamps.at(-1)), begins + 1);
  let low = Math.min(...every),
    high = Math.max(...every);
  const room = 0.08 * (high - low) || 0.1 * Math.abs(high) || 1;
  low = low >= 0 && low - room < 0.35 * high ? 0 : low - room;
  high += room;
  const x = (ts) => left + ((when(ts) - begins) / (ends - begins)) * (width - left - right);
  const y = (value) => top + ((high - Math.min(Math.max(value, low), high)) / (high - low)) * (height - top - bottom);
  const path = (rows) =>
    rows.map(([ts, value], at) => `${at ? "L" : "M"}${x(ts).toFixed(1)},${y(value).toFixed(1)}`).join("");
  const hours = ends - begins < 3 * 86400000;
  const every_n = Math.ceil(stamps.length / Math.max(Math.floor((width - left) / (hours ? 95 : 62)), 1));
  return picture(
    width,
    height,
    label,
    steps(low, high).map((value) => [
      draws("line", { x1: left, x2: width - right, y1: y(value), y2: y(value), stroke: "var(--line)" }),
      draws("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, number(value * share)),
    ]),
    draws("text", { x: 0, y: 9 }, unit === "share" ? "%" : (unit ?? "")),
    stamps
      .filter((_, at) => at % every_n === 0)
      .map((ts) =>
        draws(
          "text",
          { x: Math.min(Math.max(x(ts), left), width - 24), y: height - 8, "text-anchor": "middle" },
          tick(ts, hours),
        ),
      ),
    bands.map((band) =>
      draws("path", {
        fill: "var(--more)",
        "fill-opacity": band.opacity,
        stroke: "none",
        d: `${path(band.rows.map(([ts, , up]) => [ts, up]))}L${path([...band.rows].reverse().map(([ts, down]) => [ts, down])).slice(1)}Z`,
      }),
    ),
    rules.map((rule) => [
      draws("line", {
        x1: x(rule.ts),
        x2: x(rule.ts),
        y1: top,
        y2: height - bottom,
        stroke: "var(--worse)",
        "stroke-dasharray": "4 3",
      }),
      draws(
        "text",
        {
          x: x(rule.ts) + (x(rule.ts) > width - 90 ? -4 : 4),
          y: top + 8,
          "text-anchor": x(rule.ts) > width - 90 ? "end" : "start",
        },
        rule.label,
      ),
    ]),
    levels.map((level) =>
      draws("line", {
        x1: x(level.from),
        x2: x(level.to),
        y1: y(level.value),
        y2: y(level.value),
        stroke: "var(--worse)",
        "stroke-width": 2,
      }),
    ),
    lines.map((line) => traced(line, x, y, path)),
    rings.map((ring) =>
      draws("circle", {
        cx: x(ring.ts),
        cy: y(ring.value),
        r: 7,
        fill: "none",
        stroke: "var(--worse)",
        "stroke-width": 2,
      }),
    ),
  );
}

const DASHES = ["", "6 3", "2 3", "8 3 2 3", "1 3", "12 4"];
const looks = (at) => ({ stroke: `var(--line${at % 6})`, dash: DASHES[at % 6] });
function traced(line, x, y, path) {
  const { stroke, dash } = line.look;
  const whole = line.points.filter((point) => point.value !== null && !point.partial);
  const open = line.points.filter((point) => point.value !== null && point.partial);
  const dots = whole.length <= 120 ? whole : [];
  return [
    draws("path", {
      d: path(whole.map((point) => [point.ts, point.value])),
      fill: "none",
      stroke,
      "stroke-width": 1.8,
      "stroke-dasharray": dash || undefined,
    }),
    dots.map((point) => draws("circle", { cx: x(point.ts), cy: y(point.value), r: 2.6, fill: stroke })),
    open.map((point) => draws("circle", { cx: x(point.ts), cy: y(point.value), r: 3.6, fill: "var(--paper)", stroke })),
  ];
}
const legend = (names) =>
  el(
    "ul",
    { class: "legend" },
    names.map((name, at) =>
      el(
        "li",
        {},
        draws(
          "svg",
          { width: 26, height: 10, "aria-hidden": "true" },
          draws("line", {
            x1: 0,
            x2: 26,
            y1: 5,
            y2: 5,
            stroke: looks(at).stroke,
            "stroke-width": 2,
            "stroke-dasharray": looks(at).dash || undefined,
          }),
        ),
        name,
      ),
    ),
  );

// One line: a bar from zero, or a point with its interval. `most` is the end of the scale, what lies beyond has an arrow.
function bar(width, label, { value, low = null, high = null, most, lowest = -most, stroke, point = false }) {
  const inside = (one) => Math.min(Math.max(one, lowest), most);
  const x = (one) => 6 + ((inside(one) - lowest) / (most - lowest)) * (width - 12);
  const arrow = (one, way) =>
    one === inside(one) ? null : draws("path", { d: `M${x(one)},9l${-6 * way},-5v10z`, fill: stroke });
  const line = (from, to, more) => draws("line", { x1: x(from), x2: x(to), y1: 9, y2: 9, stroke, ...more });
  const zero = x(0),
    end = x(value);
  return picture(
    width,
    18,
    label,
    draws("line", { x1: zero, x2: zero, y1: 0, y2: 18, stroke: "var(--soft)" }),
    low === null
      ? null
      : [line(low, high, { "stroke-width": 3, "stroke-opacity": 0.55 }), arrow(low, -1), arrow(high, 1)],
    point
      ? draws("circle", { cx: end, cy: 9, r: 5, fill: stroke })
      : draws("rect", {
          x: Math.min(zero, end),
          y: 3,
          width: Math.max(Math.abs(end - zero), 1),
          height: 12,
          fill: stroke,
        }),
  );
}
