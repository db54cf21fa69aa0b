// What both pages need: asking the admin listener, the token, and words for numbers.
"use strict";

const $ = (id) => document.getElementById(id);

/// A new element with its text and, behind it, its children. Text is only ever set as text.
function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in element) element[key] = value; else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

/// Sets an element's text if it is another, so that what has not changed keeps its selection.
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/// Tells something that has happened, to eyes and to screen readers.
function say(text) {
  write($("said"), text);
  clearTimeout(say.timer);
  say.timer = setTimeout(() => write($("said"), ""), 6000);
}

// MARK: Asking

/// Where the token is kept: in this tab, until it is closed.
const TOKEN = "tidegate-admin-token";
/// Only while the listener wants a token and has none that is good.
let waitingForToken = null;

/// Why the listener did not do what it was asked for: a sentence.
class Refused extends Error {}

/// Asks the listener. Waits for the token when it wants one; throws `Refused` with its reason for any other fault.
async function ask(path, options = {}) {
  for (;;) {
    await waitingForToken;
    const headers = { "Tidegate-Admin": "1" };
    const token = sessionStorage.getItem(TOKEN);
    if (token) headers.Authorization = `Bearer ${token}`;
    const response = await fetch(path, { ...options, headers, cache: "no-store", signal: AbortSignal.timeout(15000) });
    if (response.status === 401) {
      // Another request may have been given a better one meanwhile.
      if (token === sessionStorage.getItem(TOKEN)) askForToken(token !== null);
      continue;
    }
    if (!response.ok) {
      const problem = await response.json().catch(() => ({}));
      throw new Refused(problem.detail ?? `The relay answered ${response.status}.`);
    }
    return response;
  }
}

/// The answer, as JSON.
const askJSON = async (path, options) => (await ask(path, options)).json();

/// Shows where the token is typed; whoever asks waits meanwhile.
function askForToken(wasWrong) {
  waitingForToken ??= new Promise((resolve) => {
    const dialog = $("token");
    write($("token-fault"), wasWrong ? "That token is not the right one." : "");
    $("token-form").onsubmit = (event) => {
      event.preventDefault();
      sessionStorage.setItem(TOKEN, $("token-text").value.trim());
      $("token-text").value = "";
      dialog.close();
      waitingForToken = null;
      $("forget").hidden = false;
      resolve();
    };
    dialog.oncancel = (event) => event.preventDefault();
    dialog.showModal();
  });
}

function prepareToken() {
  $("forget").hidden = sessionStorage.getItem(TOKEN) === null;
  $("forget").onclick = () => {
    sessionStorage.removeItem(TOKEN);
    location.reload();
  };
}

// MARK: Words for numbers

const count = (value) => Math.round(value).toLocaleString("en");

/// With three digits or so.
function short(value) {
  if (value === 0) return "0";
  if (value < 10) return value.toFixed(value < 1 ? 2 : 1);
  return count(value);
}

function bytes(value) {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(value) : short(value)} ${units[unit]}`;
}

/// A short time, in seconds.
function latency(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds < 0.001) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 1) return `${short(seconds * 1000)} ms`;
  return `${seconds.toFixed(2)} s`;
}

/// A long time, in milliseconds.
function age(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (value) => String(value).padStart(2, "0");
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${two(Math.floor(seconds / 60) % 60)} m`;
  return `${Math.floor(seconds / 86400)} d ${two(Math.floor(seconds / 3600) % 24)} h`;
}
