// query.drivers: what the change of a metric is made of; the parts add up to it.
function view(answer, width) {
  const { metric, unit, change, drivers, rest, window: now, baseline_window: before } = answer;
  const parts = [...drivers, ...(rest === null ? [] : [{ rest: true, contribution: rest }])];
  const most = Math.max(...parts.map((one) => Math.abs(one.contribution)), Math.abs(change.change ?? 0)) || 1;
  const bounds =
    change.low === null ? "" : `; 95 %: ${difference(change.low, unit)} to ${difference(change.high, unit)}`;
  return [
    el("h1", {}, `What moved ${metric}`),
    el(
      "p",
      {},
      el("span", { class: "figure" }, `${amount(change.before, unit)} to ${amount(change.after, unit)}`),
      ` change ${difference(change.change, unit)}${bounds}`,
    ),
    el(
      "p",
      { class: "soft" },
      `${day(now.since)} to ${day(now.until)} against ${day(before.since)} to ${day(before.until)}; ${answer.looked_at} changes looked at.`,
    ),
    answer.reason ? el("p", {}, answer.reason.text) : null,
    el(
      "ul",
      { class: "items" },
      parts.map((one) => item(one, unit, width, most)),
    ),
  ];
}

function item(one, unit, width, most) {
  const where = one.rest
    ? "the rest"
    : Object.entries(one.where)
        .map(([name, value]) => `${name} ${value}`)
        .join(", ") || "everywhere";
  const words = `${difference(one.contribution, unit)}${one.share_pct === null || one.share_pct === undefined ? "" : ` (${few.format(one.share_pct)} % of the change)`}`;
  const detail = one.rest
    ? ""
    : `${amount(one.before, unit)} to ${amount(one.after, unit)}, by ${one.kind}, p = ${number(one.p_adjusted)}${commit(one.commit_sha)}`;
  return el(
    "li",
    {},
    el("strong", {}, where),
    ` ${words}`,
    bar(width, `${where}: ${words}`, {
      value: one.contribution,
      most,
      stroke: one.rest ? "var(--soft)" : "var(--main)",
    }),
    el("span", { class: "soft" }, detail),
  );
}
