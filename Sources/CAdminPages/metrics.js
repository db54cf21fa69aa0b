// The numbers of `/metrics`, and what can be read from how they change.

/// One answer of `/metrics`: every series of every family.
class Scrape {
  constructor(text) {
    this.time = performance.now() / 1000;
    this.families = new Map();
    for (const line of text.split("\n")) {
      const match = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line);
      if (!match) continue;
      const labels = {};
      for (const [, name, value] of (match[2] ?? "").matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)) {
        labels[name] = value.replace(/\\(.)/g, (_, escaped) => (escaped === "n" ? "\n" : escaped));
      }
      if (!this.families.has(match[1])) this.families.set(match[1], []);
      this.families.get(match[1]).push({ labels, value: Number(match[3]) });
    }
  }

  series(name) {
    return this.families.get(name) ?? [];
  }

  /// The sum of the series whose labels are these.
  sum(name, labels = {}) {
    let sum = 0;
    for (const series of this.series(name)) {
      if (Object.entries(labels).every(([label, value]) => series.labels[label] === value)) sum += series.value;
    }
    return sum;
  }

  /// The observations of a histogram up to each of its bounds.
  buckets(name, labels = {}) {
    const buckets = new Map();
    for (const series of this.series(`${name}_bucket`)) {
      if (!Object.entries(labels).every(([label, value]) => series.labels[label] === value)) continue;
      const bound = series.labels.le === "+Inf" ? Infinity : Number(series.labels.le);
      buckets.set(bound, (buckets.get(bound) ?? 0) + series.value);
    }
    return buckets;
  }
}

/// How much a counter grew each second between two scrapes; a process that began anew counts from nothing.
function rate(before, after, name, labels) {
  const grown = after.sum(name, labels) - before.sum(name, labels);
  return Math.max(0, grown) / Math.max(0.001, after.time - before.time);
}

/// The value that this share of a histogram's observations between two scrapes lie below; NaN when there were none.
function quantile(before, after, share, name, labels) {
  const earlier = before.buckets(name, labels);
  const grown = [...after.buckets(name, labels)].sort((a, b) => a[0] - b[0])
    .map(([bound, value]) => [bound, Math.max(0, value - (earlier.get(bound) ?? 0))]);
  const total = grown.at(-1)?.[1] ?? 0;
  if (total === 0) return NaN;
  const wanted = share * total;
  let [lower, below] = [0, 0];
  for (const [bound, value] of grown) {
    if (value >= wanted) {
      if (bound === Infinity) return lower;
      return lower + ((bound - lower) * (wanted - below)) / Math.max(1e-12, value - below);
    }
    [lower, below] = [bound, value];
  }
  return lower;
}

/// Draws one or two lines of numbers, the latest at the right edge.
function draw(plot, lines, length) {
  const width = 200;
  const height = 40;
  const top = Math.max(...lines.flat().filter(Number.isFinite), 1e-12) * 1.15;
  const paths = lines.map((values) => {
    let path = "";
    let pen = false;
    values.forEach((value, index) => {
      if (!Number.isFinite(value)) {
        pen = false;
        return;
      }
      const x = width - ((values.length - 1 - index) * width) / (length - 1);
      path += `${pen ? "L" : "M"}${x.toFixed(1)} ${(height - 2 - (value / top) * (height - 4)).toFixed(1)}`;
      pen = true;
    });
    return path;
  });
  const first = lines[0].findIndex(Number.isFinite);
  const start = width - ((lines[0].length - 1 - first) * width) / (length - 1);
  const isWhole = first >= 0 && lines[0].slice(first).every(Number.isFinite);
  const shapes = [
    ["area", isWhole ? `${paths[0]}L${width} ${height}L${start.toFixed(1)} ${height}Z` : ""],
    ...paths.map((path, index) => [index === 0 ? "line" : "line second", path]),
  ];
  shapes.forEach(([kind, path], index) => {
    const shape = plot.children[index]
      ?? plot.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "path"));
    shape.setAttribute("class", kind);
    shape.setAttribute("d", path);
  });
}
