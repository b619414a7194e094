// query.forecast: the fan of what may come, behind what was, which is asked for by the host's leave.
let past = null,
  askedFor = null;
function view(answer, width) {
  const { metric, unit, forecast, total, backtest } = answer;
  const rows = forecast.rows,
    words = `${metric} by ${answer.granularity}, ${answer.horizon} ahead`;
  if (!rows.length) return [el("h1", {}, words), el("p", {}, answer.reason?.text ?? "There is no forecast.")];
  look(answer);
  const kept = (past ?? []).slice(-Math.max(6 * rows.length, 30)).filter((point) => !point.partial);
  const bands = [
    [4, 5, 0.16],
    [2, 3, 0.34],
  ]
    .map(([low, high, opacity], at) => ({
      rows: rows.map((row) => [row[0], row[low], row[high]]),
      opacity,
      bounds: at ? undefined : [],
    }))
    .map((band) => (rows.length > 1 ? band : { ...band, rows: widened(band.rows, answer.granularity) }));
  const lines = [
    { points: kept, look: looks(0) },
    { points: rows.map(([ts, value]) => ({ ts, value })), look: { stroke: "var(--more)", dash: "" } },
  ];
  const next = rows[0];
  return [
    el("h1", {}, words),
    total
      ? el(
          "p",
          {},
          el("span", { class: "figure" }, amount(total.value, unit)),
          ` in all; 80 %: ${amount(total.low_80, unit)} to ${amount(total.high_80, unit)}`,
        )
      : el(
          "p",
          {},
          el("span", { class: "figure" }, amount(next[1], unit)),
          ` on ${day(next[0])}; 80 %: ${amount(next[2], unit)} to ${amount(next[3], unit)}`,
        ),
    chart(width, unit, `${words}: ${rows.map((row) => `${day(row[0])} ${amount(row[1], unit)}`).join(", ")}`, {
      lines,
      bands,
    }),
    el(
      "p",
      { class: "soft" },
      `${kept.length ? "Measured, then forecast" : "Forecast"} with 80 % and 95 % intervals. Method: ${answer.method}${tested(backtest)}; n = ${answer.n}.`,
    ),
    more(
      "Values",
      table(
        words,
        ["time", "forecast", "80 %", "95 %"],
        rows.map((row) => [
          row[0],
          figure(row[1], unit),
          { number: `${amount(row[2], unit)} to ${amount(row[3], unit)}` },
          { number: `${amount(row[4], unit)} to ${amount(row[5], unit)}` },
        ]),
      ),
    ),
  ];
}

const tested = (one) =>
  one ? `, ${one.cases} backtests, of which the 80 % interval held ${number(one.coverage_80 * 100)} %` : "";

function widened(rows, granularity) {
  const half = { minute: 30e3, hour: 18e5, day: 432e5, week: 3024e5, month: 1296e6 }[granularity];
  return rows.flatMap(([ts, low, high]) =>
    [-half, half].map((by) => [new Date(when(ts) + by).toISOString(), low, high]),
  );
}

// Any host may refuse; the forecast then stands alone.
function look(answer) {
  if (askedFor === answer || !host.hostCapabilities?.serverTools) return;
  askedFor = answer;
  const own = host.hostContext?.toolInfo?.tool?.name ?? "query_forecast";
  const { metric, granularity, window } = answer;
  const params = { metric, granularity, since: window.since, until: window.until };
  if (given.filters) params.filters = given.filters;
  ask("tools/call", { name: own.replace("forecast", "trend"), arguments: params }).then(
    (result) => {
      const points = result?.structuredContent?.series?.[0]?.points;
      if (askedFor !== answer || !points) return;
      past = points.rows.map((row) => Object.fromEntries(points.columns.map((name, at) => [name, row[at]])));
      draw();
    },
    () => {},
  );
}
