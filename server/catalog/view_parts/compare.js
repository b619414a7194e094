// query.compare: every change in per cent of the first side, with its interval.
const MOST = 12,
  FARTHEST = 400;
const STROKES = { worse: "var(--worse)", better: "var(--better)", same: "var(--main)" };
function view(answer, width) {
  const every = answer.comparisons,
    { window: now, baseline_window: before } = answer;
  const sides =
    now.since === before.since && now.until === before.until
      ? "b against a"
      : `${day(now.since)} to ${day(now.until)} against ${day(before.since)} to ${day(before.until)}`;
  const counts = ["worse", "better", "same", "unclear"].map((word) => [
    every.filter((one) => one.verdict === word).length,
    word,
  ]);
  const most = Math.min(
    Math.max(20, ...every.flatMap((one) => [one.change_pct, ...interval(one)].map(Math.abs).filter(Number.isFinite))),
    FARTHEST,
  );
  return [
    el("h1", {}, "Compared"),
    el("p", {}, sides),
    el(
      "p",
      { class: "soft" },
      every.length
        ? `${counts
            .filter(([count]) => count)
            .map((pair) => pair.join(" "))
            .join(
              ", ",
            )}. Bars are 95 % intervals, from ${few.format(-most)} % to +${few.format(most)} % of the first side.`
        : (answer.reason?.text ?? "There are no rows on either side."),
    ),
    el(
      "ul",
      { class: "items" },
      every.slice(0, MOST).map((one) => item(one, width, most)),
    ),
    every.length > MOST
      ? more(
          `${every.length - MOST} more`,
          el(
            "ul",
            { class: "items" },
            every.slice(MOST).map((one) => item(one, width, most)),
          ),
        )
      : null,
  ];
}

const pct = (value, one) => (one.a ? (100 * value) / Math.abs(one.a) : null);
const interval = (one) =>
  one.low === null || one.high === null ? [null, null] : [pct(one.low, one), pct(one.high, one)];

function item(one, width, most) {
  const unit = unitOf(one.metric),
    group = groupName(one.group);
  const words = `${amount(one.a, unit)} to ${amount(one.b, unit)}${one.change_pct === null ? "" : ` (${per100(one.change_pct)})`}`;
  const [low, high] = interval(one);
  const range =
    low === null
      ? (one.reason?.text ?? "no interval")
      : `change ${difference(one.change, unit)}, 95 %: ${difference(one.low, unit)} to ${difference(one.high, unit)}`;
  return el(
    "li",
    {},
    el("strong", {}, one.metric),
    group ? ` ${group} ` : " ",
    verdict(one.verdict),
    el("br"),
    words,
    one.change_pct === null
      ? null
      : bar(width, `${one.metric} ${group}: ${words}`, {
          value: one.change_pct,
          low,
          high,
          most,
          point: true,
          stroke: STROKES[one.verdict] ?? "var(--soft)",
        }),
    el("span", { class: "soft" }, `${range.replace(/\.$/, "")}; n = ${number(one.n_a)} and ${number(one.n_b)}`),
  );
}
