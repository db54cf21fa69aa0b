// The console: what the relay does now, and the end of a session.

const PACE = 2000;
/// Five minutes.
const LENGTH = 150;
/// Latencies are those of the last half minute.
const WINDOW = 15;
const PAGE = 25;
const FEW_TENANTS = 8;

const scrapes = [];
const plots = new Map();
const tenantOrder = { key: "sessions", isDescending: true };
const sessionOrder = { key: "since", isDescending: true };
const pages = { cursors: [], next: null };
let allTenants = false;

// MARK: Numbers with their last minutes

const TILES = [
  { id: "sessions", label: "Open sessions" },
  { id: "opened", label: "Granted" },
  { id: "refused", label: "Refused" },
  { id: "audio", label: "Audio" },
  { id: "up", label: "From clients" },
  { id: "down", label: "To clients" },
  { id: "added", label: "Added by the relay" },
  { id: "begin", label: "Time to Begin" },
];

function prepareTiles() {
  for (const { id, label } of TILES) {
    const plot = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    plot.setAttribute("class", "plot");
    plot.setAttribute("viewBox", "0 0 200 40");
    plot.setAttribute("preserveAspectRatio", "none");
    plot.setAttribute("aria-hidden", "true");
    const tile = make("div", { className: "card tile" },
      make("div", { className: "label", textContent: label }),
      make("div", { className: "value", id: `${id}-value`, textContent: "–" }),
      make("div", { className: "more", id: `${id}-more` }), plot);
    $("tiles").append(tile);
    plots.set(id, { plot, values: [], seconds: [] });
  }
}

function show(id, value, unit, more, number, second) {
  const element = $(`${id}-value`);
  if (element.dataset.text !== value + unit) {
    element.dataset.text = value + unit;
    element.replaceChildren(value, make("small", { textContent: unit ? ` ${unit}` : "" }));
  }
  write($(`${id}-more`), more);
  const tile = plots.get(id);
  tile.values = [...tile.values, number].slice(-LENGTH);
  tile.seconds = [...tile.seconds, second].slice(-LENGTH);
  // A minute at least, so that the first numbers do not look like a history.
  const length = Math.max(30, tile.values.length);
  draw(tile.plot, second === undefined ? [tile.values] : [tile.values, tile.seconds], length);
}

function showTiles(now) {
  const limit = now.sum("tidegate_sessions_limit");
  const open = now.sum("tidegate_sessions_open");
  const admitted = now.sum("tidegate_sessions_admitted");
  const dialled = Math.max(0, admitted - open);
  show("sessions", count(open), `of ${count(limit)}`, dialled > 0 ? `${count(dialled)} being dialled` : "", open);
  const before = scrapes.at(-2);
  if (!before) return;
  const perMinute = (name, labels) => 60 * rate(before, now, name, labels);
  const granted = perMinute("tidegate_decisions_total", { decision: "granted" });
  show("opened", short(granted), "/min", `${count(now.sum("tidegate_decisions_total", { decision: "granted" }))} since start`, granted);
  const refused = perMinute("tidegate_refusals_total");
  show("refused", short(refused), "/min", `${count(now.sum("tidegate_refusals_total"))} since start`, refused);
  const audio = rate(before, now, "tidegate_audio_seconds_total");
  show("audio", short(audio), "s/s", `${short(now.sum("tidegate_audio_seconds_total") / 3600)} h since start`, audio);
  for (const direction of ["up", "down"]) {
    const flow = rate(before, now, "tidegate_payload_bytes_total", { direction });
    const frames = rate(before, now, "tidegate_frames_total", { direction });
    const [value, unit] = bytes(flow).split(" ");
    show(direction, value, `${unit}/s`, `${short(frames)} frames/s`, flow);
  }
  const early = scrapes.at(-1 - WINDOW) ?? scrapes[0];
  for (const [id, name, high] of [
    ["added", "tidegate_added_latency_seconds", 0.99], ["begin", "tidegate_begin_seconds", 0.95],
  ]) {
    const middle = quantile(early, now, 0.5, name);
    const worst = quantile(early, now, high, name);
    const more = Number.isFinite(worst) ? `${high * 100} % within ${latency(worst)}` : "nothing in half a minute";
    show(id, latency(middle), "", more, middle, worst);
  }
}

// MARK: Zones and tenants

function showZones(status, now) {
  const before = scrapes.at(-2);
  const early = scrapes.at(-1 - WINDOW) ?? scrapes[0];
  const total = Math.max(1, now.sum("tidegate_sessions_open"));
  $("zones").replaceChildren(...status.zones.map(({ name, endpoints }) => {
    const open = now.sum("tidegate_sessions_open", { zone: name });
    const bar = make("div");
    bar.style.width = `${(100 * open) / total}%`;
    const flow = before ? bytes(rate(before, now, "tidegate_payload_bytes_total", { zone: name })) : "– B";
    const dial = quantile(early, now, 0.95, "tidegate_dial_seconds", { zone: name });
    return make("div", { className: "zone" },
      make("div", { className: "name" }, name,
        make("span", { className: "soft", textContent: `${flow}/s${Number.isFinite(dial) ? `, 95 % open within ${latency(dial)}` : ""}` }),
        make("span", { className: "count", textContent: count(open) })),
      make("div", { className: "share" }, bar), ...endpoints.map(endpoint));
  }));
}

const BREAKERS = { closed: ["good", "in use"], "half-open": ["warn", "being tried"], open: ["bad", "left alone"] };

function endpoint({ url, breaker, openings, last_failure: failure }) {
  const [tone, word] = BREAKERS[breaker] ?? ["", breaker];
  const line = make("div", { className: "endpoint" },
    make("div", {}, make("span", { className: `dot ${tone}` }), make("span", { className: "mono", textContent: url }),
      make("span", { className: "soft", textContent: ` ${word}${openings > 0 ? `, left alone ${count(openings)}×` : ""}` })));
  if (failure) {
    line.append(make("div", { className: "failure", textContent: `${ago(failure.time)}: ${failure.kind}, ${failure.detail}` }));
  }
  return line;
}

const TENANT_COLUMNS = [
  { key: "name", label: "Tenant" }, { key: "zones", label: "Zones", className: "wide", isPlain: true },
  { key: "sessions", label: "Sessions", className: "number" }, { key: "flow", label: "Traffic", className: "number" },
  { key: "audio", label: "Audio", className: "number wide" },
];

function showTenants(now) {
  const before = scrapes.at(-2) ?? now;
  const tenants = new Map();
  for (const { labels, value } of now.series("tidegate_tenant_sessions_open")) {
    const tenant = tenants.get(labels.tenant) ?? { name: labels.tenant, zones: [], sessions: 0 };
    tenant.sessions += value;
    if (value > 0) tenant.zones.push(labels.zone);
    tenants.set(labels.tenant, tenant);
  }
  const all = [...tenants.values()];
  for (const tenant of all) {
    tenant.flow = rate(before, now, "tidegate_tenant_payload_bytes_total", { tenant: tenant.name });
    tenant.audio = now.sum("tidegate_tenant_audio_seconds_total", { tenant: tenant.name });
  }
  const { key, isDescending } = tenantOrder;
  all.sort((a, b) => (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : a.name < b.name ? -1 : 1) * (isDescending ? -1 : 1));
  const shown = allTenants ? all : all.slice(0, FEW_TENANTS);
  fill($("tenants"), shown, TENANT_COLUMNS, "No tenant has had a session yet.", (row, tenant) => {
    row.cells[0].replaceChildren(make("button", { className: "plain", textContent: tenant.name, onclick: () => filterBy(tenant.name) }));
    write(row.cells[1], tenant.zones.join(", "));
    write(row.cells[2], count(tenant.sessions));
    write(row.cells[3], `${bytes(tenant.flow)}/s`);
    write(row.cells[4], age(tenant.audio * 1000));
  }, (tenant) => tenant.name);
  $("tenants-more").hidden = all.length <= FEW_TENANTS;
  write($("tenants-more"), allTenants ? "Show fewer" : `Show all ${all.length}`);
}

// MARK: Tables

/// The heads of a table's columns; those that can be sorted by are buttons.
function prepareHead(row, columns, order, changed) {
  row.replaceChildren(...columns.map(({ key, label, className = "", isPlain }) => {
    const head = make("th", { scope: "col", className });
    if (!key || isPlain) {
      head.append(label);
      return head;
    }
    head.dataset.key = key;
    head.append(make("button", {
      type: "button", textContent: label,
      onclick: () => {
        const isText = ["name", "tenant", "zone"].includes(key);
        order.isDescending = order.key === key ? !order.isDescending : !isText;
        order.key = key;
        markOrder(row, order);
        changed();
      },
    }));
    return head;
  }));
  markOrder(row, order);
}

function markOrder(row, { key, isDescending }) {
  for (const head of row.cells) {
    if (!head.dataset.key) continue;
    head.setAttribute("aria-sort", head.dataset.key === key ? (isDescending ? "descending" : "ascending") : "none");
  }
}

/// Fills a table's body. Rows are kept, so that what is focused and selected stays so; `whose` tells rows apart.
function fill(body, items, columns, empty, write, whose) {
  if (items.length === 0) {
    const cell = make("td", { className: "empty", textContent: empty });
    cell.colSpan = columns.length;
    body.replaceChildren(make("tr", {}, cell));
    return;
  }
  const rows = new Map([...body.rows].map((row) => [row.dataset.whose, row]));
  const filled = items.map((item) => {
    const row = rows.get(whose(item)) ?? make("tr", {}, ...columns.map(({ className = "" }) => make("td", { className })));
    const isNew = row.dataset.whose === undefined;
    row.dataset.whose = whose(item);
    write(row, item, isNew);
    return row;
  });
  const kept = new Set(filled);
  for (const row of [...body.rows]) if (!kept.has(row)) row.remove();
  filled.forEach((row, index) => { if (body.rows[index] !== row) body.insertBefore(row, body.rows[index] ?? null); });
}

// MARK: Sessions

const SESSION_COLUMNS = [
  { label: "Session" }, { key: "tenant", label: "Tenant" }, { key: "zone", label: "Zone" },
  { key: "since", label: "Age", className: "number" }, { label: "Audio", className: "number wide" },
  { key: "bytes_up", label: "Up", className: "number wide" }, { key: "bytes_down", label: "Down", className: "number wide" },
  { label: "Credential", className: "wide" }, { label: "Answered", className: "wide" },
];
const STATES = { dialing: "warn", relaying: "good", closing: "" };

function filterQuery() {
  const query = new URLSearchParams();
  for (const [name, id] of [
    ["tenant", "filter-tenant"], ["zone", "filter-zone"], ["state", "filter-state"], ["min_age_seconds", "filter-age"],
  ]) {
    const value = $(id).value.trim();
    if (value) query.set(name, value);
  }
  return query;
}

async function loadSessions() {
  const query = filterQuery();
  // The age grows as its beginning lies back.
  const isDescending = sessionOrder.key === "since" ? !sessionOrder.isDescending : sessionOrder.isDescending;
  query.set("sort", (isDescending ? "-" : "") + sessionOrder.key);
  query.set("limit", PAGE);
  const cursor = pages.cursors.at(-1);
  if (cursor) query.set("after", cursor);
  const asked = query.toString();
  loadSessions.asked = asked;
  const list = await askJSON(`/sessions?${asked}`);
  // An older answer must not take the place of a newer one.
  if (loadSessions.asked !== asked) return;
  pages.next = list.next ?? null;
  showSessions(list);
}

function showSessions({ sessions, matching, total }) {
  const isFiltered = filterQuery().size > 0;
  fill($("sessions"), sessions, SESSION_COLUMNS, isFiltered ? "No session is like this." : "No session now.", (row, session, isNew) => {
    if (isNew) {
      row.cells[0].append(make("span", { className: "dot" }), make("button", {
        className: "plain mono", textContent: session.id.slice(0, 8), title: session.id,
        onclick: () => openSession(session.id),
      }), make("span", { className: "unseen" }));
    }
    row.cells[0].firstChild.className = `dot ${STATES[session.state] ?? ""}`;
    write(row.cells[0].lastChild, session.state);
    row.cells[0].title = session.state;
    write(row.cells[1], session.tenant ?? "");
    write(row.cells[2], session.zone ?? (session.asked ? `(${session.asked})` : "–"));
    write(row.cells[3], age(session.age_milliseconds));
    write(row.cells[4], session.audio_milliseconds === undefined ? "–" : age(session.audio_milliseconds));
    write(row.cells[5], bytes(session.bytes_up));
    write(row.cells[6], bytes(session.bytes_down));
    write(row.cells[7], session.credential ? `${session.credential.kind} ${session.credential.name}` : "");
    write(row.cells[8], session.peer ?? "");
  }, (session) => session.id);
  const start = pages.cursors.length * PAGE;
  const range = sessions.length === 0 ? "0" : `${count(start + 1)}–${count(start + sessions.length)}`;
  write($("page"), `${range} of ${count(matching ?? total)}${isFiltered ? ` that match, ${count(total)} in all` : ""}`);
  $("page-before").disabled = pages.cursors.length === 0;
  $("page-after").disabled = pages.next === null;
  const tenant = $("filter-tenant").value.trim();
  $("filter-clear").hidden = !isFiltered;
  $("end-tenant").hidden = !tenant || !matching;
  write($("end-tenant"), `End all of ${tenant}…`);
}

function filterBy(tenant) {
  $("filter-tenant").value = tenant === "other" ? "" : tenant;
  restartPages();
  $("sessions-title").focus();
  $("sessions-title").scrollIntoView();
}

function restartPages() {
  pages.cursors = [];
  quietly(loadSessions);
}

// MARK: One session

const FACTS = [
  ["Session", (session) => session.id], ["State", ({ state, ending }) => (ending ? `${state} (${ending})` : state)],
  ["Tenant", (session) => session.tenant], ["Zone", (session) => session.zone], ["Asked for", (session) => session.asked],
  ["Endpoint", (session) => session.endpoint], ["Answered by", (session) => session.peer],
  ["Origin", (session) => session.origin],
  ["Credential", ({ credential }) => credential && `${credential.kind} ${credential.name} (${credential.id})`],
  ["Parameters", ({ parameters }) => parameters.join(", ") || undefined],
  ["Since", (session) => `${clock(session.since)}, ${age(session.age_milliseconds)} ago`],
  ["Upstream open", (session) => milliseconds(session.dial_milliseconds)],
  ["Begin", (session) => milliseconds(session.begin_milliseconds)],
  ["From the client", (session) => `${bytes(session.bytes_up)} in ${count(session.frames_up)} frames`],
  ["To the client", (session) => `${bytes(session.bytes_down)} in ${count(session.frames_down)} frames`],
  ["Audio", ({ audio_milliseconds: audio }) => (audio === undefined ? undefined : age(audio))],
  ["Policy", (session) => session.policy], ["Site", (session) => session.site],
];

const milliseconds = (value) => (value === undefined ? undefined : `after ${latency(value / 1000)}`);
const clock = (time) => new Date(time).toLocaleTimeString();
const ago = (time) => `${age(Date.now() - Date.parse(time))} ago`;

async function openSession(id) {
  await quietly(async () => {
    const session = await askJSON(`/sessions/${id}`);
    write($("details-title"), `Session ${id.slice(0, 8)}`);
    showDetails(FACTS.map(([label, read]) => [label, read(session)]), session.rules);
    $("details-end").hidden = session.state === "closing";
    $("details-end").onclick = () => endSession(session);
  });
}

function showDetails(facts, rules) {
  $("details-facts").replaceChildren(...facts.filter(([, text]) => text !== undefined)
    .flatMap(([label, text]) => [make("dt", { textContent: label }), make("dd", { textContent: text })]));
  $("details-rules").replaceChildren(...rules.map(({ rule, finding, sentence }) =>
    make("li", { className: finding }, make("span", { className: "mark", "aria-hidden": "true" }),
      make("span", { textContent: `Rule ${rule}: ${sentence}` }))));
  if (!$("details").open) $("details").showModal();
}

async function endSession({ id, tenant }) {
  const text = `The client of ${tenant} is closed with 1001, and the provider is told to finish. A client may connect again.`;
  if (!await confirmed(`End session ${id.slice(0, 8)}?`, text, "End session")) return;
  await quietly(async () => {
    const { ended } = await askJSON(`/sessions/${id}`, { method: "DELETE" });
    $("details").close();
    say(ended === 1 ? "The session is ending." : "The session was ending already.");
    await loadSessions();
  });
}

async function endTenant() {
  const tenant = $("filter-tenant").value.trim();
  const query = filterQuery();
  const rest = query.size > 1 ? " that match the filter" : "";
  const text = `Their clients are closed with 1001, and the provider is told to finish. Clients may connect again: to keep them out, change the policy.`;
  if (!await confirmed(`End all sessions of ${tenant}${rest}?`, text, "End them all")) return;
  await quietly(async () => {
    const { ended } = await askJSON(`/sessions?${query}`, { method: "DELETE" });
    say(ended === 1 ? "One session is ending." : `${count(ended)} sessions are ending.`);
    await loadSessions();
  });
}

function confirmed(title, text, word) {
  write($("confirm-title"), title);
  write($("confirm-text"), text);
  write($("confirm-yes"), word);
  const dialog = $("confirm");
  dialog.returnValue = "";
  dialog.showModal();
  $("confirm-no").focus();
  return new Promise((resolve) => {
    // The end of a question is told late: a next one may have been put by then, and is not answered by it.
    dialog.onclose = () => { if (!dialog.open) resolve(dialog.returnValue === "yes"); };
  });
}

// MARK: Refusals

const REFUSALS = [
  "bad-request", "unauthenticated", "origin", "residency", "wrong-site", "limit", "upstream-refused",
  "upstream-unavailable", "timeout", "draining",
];
const REFUSAL_COLUMNS = [{}, {}, { className: "wide" }, { className: "wrap" }, { className: "number" }];

async function loadRefusals() {
  const query = new URLSearchParams({ limit: 20 });
  if ($("refusal").value) query.set("refusal", $("refusal").value);
  const { decisions } = await askJSON(`/decisions?${query}`);
  fill($("refusals"), decisions, REFUSAL_COLUMNS, "Nobody was refused of late.", (row, refusal, isNew) => {
    write(row.cells[0], ago(refusal.time));
    if (!isNew) return;
    row.cells[0].title = refusal.time;
    row.cells[1].append(make("span", { className: "mono", textContent: refusal.refusal }));
    write(row.cells[2], refusal.tenant ?? "–");
    write(row.cells[3], refusal.sentence);
    row.cells[4].append(make("button", {
      className: "plain", textContent: "Trail", ariaLabel: `Trail of ${refusal.session.slice(0, 8)}`,
      onclick: () => openRefusal(refusal),
    }));
  }, (refusal) => refusal.session + refusal.time);
}

function openRefusal(refusal) {
  write($("details-title"), `Refused: ${refusal.refusal}`);
  $("details-end").hidden = true;
  showDetails([
    ["Why", refusal.sentence], ["When", `${clock(refusal.time)}, ${ago(refusal.time)}`], ["What", refusal.kind],
    ["Tenant", refusal.tenant], ["Asked for", refusal.asked], ["Zone", refusal.zone], ["Origin", refusal.origin],
    ["Credential", refusal.credential && `${refusal.credential.kind} ${refusal.credential.name} (${refusal.credential.id})`],
    ["Dialled in vain", refusal.failed_dials?.map(({ endpoint, kind }) => `${endpoint}: ${kind}`).join("; ")],
    ["Session", refusal.session], ["Policy", refusal.policy],
  ], refusal.rules);
}

// MARK: The relay's state

function showStatus(status) {
  const [tone, word] = status.draining ? ["warn", "Draining"] : status.ready ? ["good", "Ready"] : ["bad", "Not ready"];
  $("state").className = `pill ${tone}`;
  write($("state"), word);
  write($("site"), status.site.zone ? `${status.site.name}, in ${status.site.zone}` : status.site.name);
  write($("policy"), `Policy ${status.policy.version.slice(0, 12)} since ${new Date(status.policy.since).toLocaleString()}`);
  $("policy").title = status.policy.version;
  write($("program"), `tidegate ${status.program}, up ${age(Date.now() - Date.parse(status.started))}`);
  document.title = `${status.site.name} · Tidegate`;
  const notices = status.reasons.map((reason) => ["bad", reason]);
  if (status.receipts?.writable === false) {
    notices.push(["bad", `Receipts cannot be written; ${count(status.receipts.waiting)} wait.`]);
  }
  if (status.reloads.faults) {
    notices.push(["warn", `A changed configuration was refused ${ago(status.reloads.refused_at)}; the one before stays in force.`, status.reloads.faults]);
  }
  showNotices(notices);
  offerZones(status.zones.map(({ name }) => name));
}

function showNotices(notices) {
  const key = JSON.stringify(notices);
  if (showNotices.key === key) return;
  showNotices.key = key;
  $("notices").hidden = notices.length === 0;
  $("notices").replaceChildren(...notices.map(([tone, text, faults = []]) =>
    make("div", { className: `notice ${tone}` }, text,
      ...(faults.length ? [make("ul", {}, ...faults.map((fault) => make("li", { className: "mono", textContent: fault })))] : []))));
}

function offerZones(names) {
  const known = [...$("filter-zone").options].slice(1).map((option) => option.value);
  if (known.join() !== names.join()) {
    $("filter-zone").replaceChildren($("filter-zone").options[0], ...names.map((name) => make("option", { textContent: name })));
  }
}

function showLost(error) {
  $("state").className = "pill bad";
  write($("state"), error instanceof Refused ? error.message : "No answer");
}

// MARK: Going on

/// Does what may fail; a failure is told, and nothing else is lost.
async function quietly(action) {
  try {
    await action();
  } catch (error) {
    say(error instanceof Refused ? error.message : "The relay does not answer.");
  }
}

async function look() {
  try {
    const [status, text] = await Promise.all([askJSON("/status"), ask("/metrics").then((answer) => answer.text())]);
    const now = new Scrape(text);
    scrapes.push(now);
    if (scrapes.length > WINDOW + 2) scrapes.shift();
    showStatus(status);
    showTiles(now);
    showZones(status, now);
    showTenants(now);
    await Promise.all([loadSessions(), loadRefusals()]);
  } catch (error) {
    showLost(error);
  }
}

async function goOn() {
  if (!document.hidden) await look();
  setTimeout(goOn, PACE);
}

function prepare() {
  prepareToken();
  prepareTiles();
  prepareHead($("tenants-head"), TENANT_COLUMNS, tenantOrder, () => scrapes.length && showTenants(scrapes.at(-1)));
  prepareHead($("sessions-head"), SESSION_COLUMNS, sessionOrder, restartPages);
  $("refusal").append(...REFUSALS.map((name) => make("option", { textContent: name })));
  $("refusal").onchange = () => quietly(loadRefusals);
  $("tenants-more").onclick = () => {
    allTenants = !allTenants;
    showTenants(scrapes.at(-1));
  };
  $("filter").onsubmit = (event) => event.preventDefault();
  $("filter").oninput = restartPages;
  $("filter").onreset = () => setTimeout(restartPages);
  $("end-tenant").onclick = endTenant;
  $("page-after").onclick = () => {
    pages.cursors.push(pages.next);
    quietly(loadSessions);
  };
  $("page-before").onclick = () => {
    pages.cursors.pop();
    quietly(loadSessions);
  };
  $("details-close").onclick = () => $("details").close();
  $("confirm-yes").onclick = () => $("confirm").close("yes");
  $("confirm-no").onclick = () => $("confirm").close("");
  goOn();
}

prepare();
