// query.trend and get.trend_data: each series with its steps, far points and slope.
const MOST = 6;
function view(answer, width) {
  const { metric, unit, series, group_by: by = [] } = answer;
  const drawn = series.slice(0, MOST).map((one) => ({ ...one, points: rowsOf(one.points) }));
  const alone = drawn.length === 1 ? drawn[0] : null;
  const name = groupName(alone?.group);
  const words = `${metric} by ${answer.granularity}${by.length ? `, by ${by.join(" and ")}` : ""}${name ? `: ${name}` : ""}`;
  const lines = drawn.map((one, at) => ({ points: one.points, look: looks(at) }));
  return [
    el("h1", {}, words),
    alone ? said(alone, unit) : null,
    chart(
      width,
      unit,
      `${words}: ${drawn.map((one) => summary(one, unit)).join("; ")}`,
      alone ? { lines, ...marks(alone) } : { lines },
    ),
    alone ? null : legend(drawn.map((one) => groupName(one.group) || "all")),
    series.length > MOST ? el("p", { class: "soft" }, `${MOST} of ${series.length} series are drawn.`) : null,
    alone
      ? null
      : table(
          `By ${by.join(" and ")}`,
          ["series", "newest", "direction", "change", "slope a day", "values"],
          series.map((one) => row(one, unit)),
        ),
    changes(series, unit),
    more("Values", table(words, ["time", ...drawn.map((one) => groupName(one.group) || "value")], values(drawn, unit))),
    el(
      "ul",
      { class: "notes" },
      [...new Set(series.flatMap((one) => one.cautions ?? []))].map((one) => el("li", {}, one)),
    ),
  ];
}

const rowsOf = (points) =>
  points.rows.map((row) => Object.fromEntries(points.columns.map((name, at) => [name, row[at]])));
const newest = (one) => one.points.findLast((point) => !point.partial && point.value !== null)?.value ?? null;
const summary = (one, unit) =>
  `${groupName(one.group) || "newest"} ${amount(newest(one), unit)}, ${one.direction ?? "no trend"}`;

function said(one, unit) {
  const slope =
    one.slope_per_day === null
      ? ""
      : `; ${difference(one.slope_per_day, unit)} a day (${difference(one.slope_low, unit)} to ${difference(one.slope_high, unit)})`;
  const moved =
    one.change_pct === null || one.change_pct === undefined ? "" : `, ${per100(one.change_pct)} over the window`;
  return [
    el("p", {}, el("span", { class: "figure" }, amount(newest(one), unit)), " newest"),
    one.direction ? el("p", { class: "soft" }, `${one.direction}${moved}${slope}; n = ${one.n}`) : null,
    one.reason ? el("p", { class: "soft" }, one.reason.text) : null,
  ];
}

// A step is drawn as its two levels, each as far as the next step.
function marks(one) {
  const whole = one.points.filter((point) => !point.partial && point.value !== null);
  if (!whole.length) return {};
  const levels = one.change_points.flatMap((change, at) => [
    { from: at ? one.change_points[at - 1].ts : whole[0].ts, to: change.ts, value: change.before },
    { from: change.ts, to: one.change_points[at + 1]?.ts ?? whole.at(-1).ts, value: change.after },
  ]);
  return {
    levels,
    rules: one.change_points.map((change) => ({ ts: change.ts, label: day(change.ts).slice(5) })),
    rings: one.anomalies.map((far) => ({ ts: far.ts, value: far.value })),
  };
}

function changes(series, unit) {
  const lines = series.flatMap((one) => [
    ...one.change_points.map(
      (change) =>
        `${groupName(one.group)} ${day(change.ts)}: from ${amount(change.before, unit)} to ${amount(change.after, unit)}${commit(change.commit_sha)}, p = ${number(change.p_value)}`,
    ),
    ...one.anomalies.map((far) => `${groupName(one.group)} ${far.ts}: ${amount(far.value, unit)} is far from the rest`),
  ]);
  return lines.length
    ? el(
        "ul",
        { class: "items" },
        lines.map((line) => el("li", {}, line.trim())),
      )
    : null;
}

const row = (one, unit) => [
  groupName(one.group),
  figure(newest({ points: rowsOf(one.points) }), unit),
  one.direction,
  { number: per100(one.change_pct) || "–" },
  { number: difference(one.slope_per_day, unit) },
  { number: number(one.n) },
];

function values(drawn, unit) {
  const stamps = [...new Set(drawn.flatMap((one) => one.points.map((point) => point.ts)))].sort();
  const known = drawn.map((one) => new Map(one.points.map((point) => [point.ts, point])));
  return stamps.map((ts) => [
    ts,
    ...known.map((one) => ({ number: amount(one.get(ts)?.value, unit) + (one.get(ts)?.partial ? " so far" : "") })),
  ]);
}
