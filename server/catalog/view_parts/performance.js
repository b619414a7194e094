// get.performance_summary: benchmarks by model, calls of models, the interface, and what moved.
const of = (measure) =>
  UNITS.columns[`bench_runs.${measure}`] ?? UNITS.columns[`llm_events.${measure.replace(/_p\d+/, "")}`] ?? null;
const named = (group) => [group.model, group.quant, group.dataset].filter(Boolean).join(" · ");
function view(answer, width) {
  const { groups, llm, ui, comparisons, window: now, previous_window: before } = answer;
  const highest = Math.max(...groups.map((group) => group.latency_p95_ms ?? 0)) || 1;
  return [
    el("h1", {}, `Performance, ${day(now.since)} to ${day(now.until)}`),
    el("p", { class: "soft" }, `Changes are against ${day(before.since)} to ${day(before.until)}.`),
    groups.length
      ? [
          el("h2", {}, "Benchmarks: p95 latency"),
          el(
            "ul",
            { class: "items" },
            groups.map((group) => item(group, width, highest)),
          ),
        ]
      : el("p", {}, "There are no benchmark runs in this window."),
    groups.length
      ? more(
          "All measures",
          table(
            "Benchmarks",
            ["model", ...MEASURES],
            groups.map((group) => [
              named(group),
              ...MEASURES.map((measure) => ({
                number: `${amount(group[measure], of(measure))} ${per100(group.change_pct?.[measure])}`,
              })),
            ]),
          ),
        )
      : null,
    moved(groups, comparisons),
    llm.length
      ? table(
          "Calls of models",
          ["source", "model", "calls", "errors", "p95", "tokens in", "tokens out", "cost"],
          llm.map((one) => [
            one.source,
            one.model,
            figure(one.calls),
            figure(one.error_rate, "share"),
            figure(one.latency_p95_ms, "ms"),
            figure(one.tokens_in),
            figure(one.tokens_out),
            figure(one.cost_usd, "USD"),
          ]),
        )
      : null,
    ui.length
      ? table(
          "Interface",
          ["event", "events", "p95"],
          ui.map((one) => [one.event_type, figure(one.events), figure(one.latency_p95_ms, "ms")]),
        )
      : null,
  ];
}

function item(group, width, highest) {
  const words = `${amount(group.latency_p95_ms, "ms")} ${per100(group.change_pct?.latency_p95_ms)}`;
  return el(
    "li",
    {},
    el("strong", {}, named(group)),
    ` ${words} `,
    el("span", { class: "soft" }, `${number(group.runs)} runs`),
    bar(width, `${named(group)}: ${words}`, {
      value: group.latency_p95_ms ?? 0,
      most: highest,
      lowest: 0,
      stroke: "var(--main)",
    }),
  );
}

function moved(groups, comparisons = []) {
  const lines = groups.flatMap((group) =>
    (group.regressions ?? []).map((one) => [
      el("span", { class: "worse" }, "worse"),
      ` ${named(group)}: ${one.measure} from ${amount(one.before, of(one.measure))} to ${amount(one.after, of(one.measure))}${commit(one.commit_sha)}, p = ${number(one.p_adjusted)}`,
    ]),
  );
  lines.push(
    ...comparisons.map((one) => [
      verdict(one.verdict),
      ` ${one.metric} ${groupName(one.group)} ${per100(one.change_pct)}, p = ${number(one.p_adjusted)}`,
    ]),
  );
  return lines.length
    ? [
        el("h2", {}, "What moved"),
        el(
          "ul",
          { class: "items" },
          lines.map((line) => el("li", {}, ...line)),
        ),
      ]
    : null;
}
