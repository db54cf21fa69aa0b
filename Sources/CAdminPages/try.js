// A session through the relay, as a page of a tenant's would have it: a token, a WebSocket, sound up and words down.

let session = null;

/// One session, from the button to its end.
class Session {
  constructor() {
    this.startedAt = performance.now();
    this.turns = new Map();
    this.sentBytes = 0;
    $("transcript").replaceChildren();
    $("steps").replaceChildren();
    write($("times"), "");
  }

  /// Seconds since the button.
  get time() {
    return (performance.now() - this.startedAt) / 1000;
  }

  step(text, tone = "") {
    $("steps").append(make("li", { className: tone }, make("span", { className: "soft mono", textContent: `${this.time.toFixed(2)} s` }), text));
  }

  async start() {
    showState("warn", "Starting");
    this.context = new AudioContext();
    await this.context.resume();
    const [sound] = await Promise.all([this.openSound(), this.context.audioWorklet.addModule("/try/resampler.js")]);
    this.step(sound.label);
    const tenant = $("tenant").value;
    const wanted = new URLSearchParams({ tenant });
    if ($("zone").value) wanted.set("zone", $("zone").value);
    const { token, origin } = await askJSON(`/try/token?${wanted}`, { method: "POST" });
    this.step(`A token for one session of ${tenant}, from ${origin} alone`);
    this.openSocket(token, sound);
  }

  async openSound() {
    if ($("form").elements.source.value === "microphone") {
      if (!navigator.mediaDevices) {
        throw new Refused("Browsers lend the microphone to https:// and localhost pages only: reach the console through an SSH tunnel, or put TLS in front of it.");
      }
      this.stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } })
        .catch((error) => { throw new Refused(`The microphone cannot be had: ${error.message}.`); });
      return { node: this.context.createMediaStreamSource(this.stream), label: "The microphone is open", begin: () => {} };
    }
    const [file] = $("file").files;
    if (!file) throw new Refused("Choose a file first.");
    const buffer = await this.context.decodeAudioData(await file.arrayBuffer())
      .catch(() => { throw new Refused("The browser cannot read this file as sound."); });
    const node = new AudioBufferSourceNode(this.context, { buffer });
    node.onended = () => this.finish("The file is over");
    return { node, label: `${file.name}: ${buffer.duration.toFixed(1)} s of sound`, begin: () => node.start() };
  }

  openSocket(token, sound) {
    const base = $("relay").value.trim().replace(/\/+$/, "");
    const query = new URLSearchParams($("query").value.trim());
    if ($("zone").value) query.set("zone", $("zone").value);
    // A token in a URL would stand in logs.
    this.socket = new WebSocket(`${base}/v3/ws?${query}`, ["tidegate.v1", `bearer.${token}`]);
    this.socket.onopen = () => {
      this.step("Connected: policy has granted a zone, and its provider is dialled");
      this.feed(sound);
    };
    this.socket.onmessage = ({ data }) => this.hear(JSON.parse(data));
    this.socket.onclose = ({ code, reason }) => this.closed(code, reason);
  }

  feed({ node, begin }) {
    this.resampler = new AudioWorkletNode(this.context, "resampler");
    this.resampler.port.onmessage = ({ data }) => this.send(data);
    node.connect(this.resampler);
    // What is not connected to an end is not asked for samples.
    this.resampler.connect(new GainNode(this.context, { gain: 0 })).connect(this.context.destination);
    if ($("hear").checked && !this.stream) node.connect(this.context.destination);
    begin();
  }

  send({ bytes: sound, level, isLast }) {
    if (isLast) return this.terminate();
    showLevel(level);
    if (this.socket.readyState !== WebSocket.OPEN) return;
    this.socket.send(sound);
    this.sentBytes += sound.byteLength;
    write($("times"), `${(this.sentBytes / 32000).toFixed(1)} s sent`);
  }

  hear(message) {
    switch (message.type) {
      case "Begin":
        showState("good", "Listening");
        return this.step(`Begin: the provider's session ${message.id ?? ""} has begun`);
      case "Turn":
        if (this.turns.size === 0) this.step("The first words");
        return this.showTurn(message);
      case "Termination":
        return this.step(`Termination: ${message.audio_duration_seconds} s of audio, ${message.session_duration_seconds} s of session`);
      case "Error":
        return this.step(`Error ${message.error_code}: ${message.error}`, "bad");
      default:
        return undefined;
    }
  }

  showTurn({ turn_order: order, transcript, end_of_turn: isOver }) {
    if (!this.turns.has(order)) this.turns.set(order, $("transcript").appendChild(make("p")));
    const line = this.turns.get(order);
    write(line, transcript);
    line.className = isOver ? "" : "soft";
    $("transcript").scrollTop = $("transcript").scrollHeight;
  }

  /// No more sound; the provider is told once the last of it is on its way.
  finish(why) {
    if (this.isFinishing) return;
    this.isFinishing = true;
    this.step(why);
    showState("warn", "Finishing");
    if (this.resampler) this.resampler.port.postMessage("end"); else this.socket?.close();
  }

  terminate() {
    this.release();
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ type: "Terminate" }));
  }

  closed(code, reason) {
    if (this.isOver) return;
    const isGood = code === 1000;
    this.step(`Closed with ${code}${reason ? `: ${reason}` : ""}`, isGood ? "" : "bad");
    if (code === 1006) {
      this.step("The browser could not connect, or does not trust the relay's certificate for this name. Name the relay as clients do, and open that address once.", "bad");
    }
    this.end(isGood ? "good" : "bad", isGood ? "Done" : `Closed: ${code}`);
  }

  /// Lets go of the sound.
  release() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.context?.close().catch(() => {});
    this.context = null;
    showLevel(0);
  }

  end(tone, word) {
    this.isOver = true;
    this.release();
    if (this.socket && this.socket.readyState < WebSocket.CLOSING) this.socket.close();
    showState(tone, word);
    setRunning(false);
    if ($("transcript").children.length === 0) $("transcript").append(make("p", { className: "soft", textContent: "No words." }));
    session = null;
  }
}

// MARK: The page

function showState(tone, word) {
  $("state").className = `pill ${tone}`;
  write($("state"), word);
}

/// Of a voice: what lies 60 dB below the loudest is silence.
function showLevel(level) {
  const decibels = level > 0 ? 20 * Math.log10(level) : -60;
  $("level").style.width = `${Math.max(0, Math.min(100, (100 * (decibels + 60)) / 60))}%`;
}

function setRunning(isRunning) {
  $("start").disabled = isRunning;
  $("stop").disabled = !isRunning;
}

async function start(event) {
  event.preventDefault();
  if (session) return;
  setRunning(true);
  sessionStorage.setItem("tidegate-relay", $("relay").value);
  const own = new Session();
  session = own;
  try {
    await own.start();
  } catch (error) {
    own.step(error instanceof Refused ? error.message : `${error.name}: ${error.message}`, "bad");
    own.end("bad", "Not started");
  }
}

function chooseSource() {
  const isFile = $("form").elements.source.value === "file";
  $("file").hidden = !isFile;
  $("hear-label").hidden = !isFile;
}

/// Where clients may find the relay: at its own names, or at the name of this page.
function relays({ listeners, hosts }) {
  const all = [];
  for (const { port, secure } of listeners) {
    const scheme = secure ? "wss" : "ws";
    all.push(`${scheme}://${location.hostname}:${port}`);
    if (secure) all.push(...hosts.map((host) => `${scheme}://${host}${port === 443 ? "" : `:${port}`}`));
  }
  return all;
}

function showChoices(choices) {
  $("tenant").append(...choices.tenants.map(({ name, residency }) => make("option", { value: name, textContent: `${name} (${residency})` })));
  $("zone").append(...choices.zones.map((name) => make("option", { textContent: name })));
  const known = relays(choices);
  $("relays").append(...known.map((value) => make("option", { value })));
  $("relay").value = sessionStorage.getItem("tidegate-relay") ?? known[0] ?? "";
  const isPossible = choices.obstacles.length === 0;
  $("start").disabled = !isPossible;
  $("notices").hidden = isPossible;
  $("notices").replaceChildren(...choices.obstacles.map(({ text, remedy }) =>
    make("div", { className: "notice warn" }, make("p", { textContent: text }), make("pre", { className: "mono", textContent: remedy }))));
}

async function prepare() {
  prepareToken();
  $("form").onsubmit = start;
  $("form").onchange = chooseSource;
  $("stop").onclick = () => session?.finish("Stopped");
  chooseSource();
  setRunning(false);
  try {
    showChoices(await askJSON("/try/choices"));
  } catch (error) {
    showState("bad", error instanceof Refused ? error.message : "No answer");
    $("start").disabled = true;
  }
}

prepare();
