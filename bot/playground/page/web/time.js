// Dates in the reader's language and time zone.

const DAY = 86_400_000;
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const shortDate = new Intl.DateTimeFormat(undefined, { dateStyle: "short" });
const longDay = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

// Discord's formats of <t:seconds:format>.
const STYLES = {
  t: clock,
  T: new Intl.DateTimeFormat(undefined, { timeStyle: "medium" }),
  d: shortDate,
  D: longDay,
  f: new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "short" }),
  F: full,
};

const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();

export const sameDay = (a, b) => midnight(a) === midnight(b);
export const clockTime = (date) => clock.format(date);
export const fullTime = (date) => full.format(date);
export const dayName = (date) => longDay.format(date);

/** "Today at 14:03", "Yesterday at 14:03", or the date. */
export function messageTime(date) {
  const days = Math.round((midnight(new Date()) - midnight(date)) / DAY);
  if (days === 0) return `Today at ${clock.format(date)}`;
  if (days === 1) return `Yesterday at ${clock.format(date)}`;
  return `${shortDate.format(date)} ${clock.format(date)}`;
}

const UNITS = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** "in 2 minutes", "3 hours ago". */
export function relativeTime(date) {
  const seconds = (date.getTime() - Date.now()) / 1000;
  for (const [unit, length] of UNITS) {
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
  }
  return relative.format(Math.trunc(seconds), "second");
}

/** Writes `<t:…>` into a <time> element; relative ones are kept current by `keepTimes`. */
export function writeTimestamp(element, seconds, style = "f") {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) {
    element.textContent = "Invalid date";
    return;
  }
  element.dateTime = date.toISOString();
  element.title = full.format(date);
  element.textContent = style === "R" ? relativeTime(date) : STYLES[style].format(date);
  if (style === "R") element.dataset.relative = "";
}

/** One timer for every relative time on the page. */
export function keepTimes() {
  return setInterval(() => {
    for (const element of document.querySelectorAll("time[data-relative]")) {
      const text = relativeTime(new Date(element.dateTime));
      if (element.textContent !== text) element.textContent = text;
    }
  }, 1000);
}
