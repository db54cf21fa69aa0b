// Node's `ws`, in the shape of the provider's documented raw example, with only the host changed.
const fs = require("fs");
const WebSocket = require("ws");

const WAV_HEADER_BYTES = 44;
const CHUNK_BYTES = 3200; // 100 ms of 16 kHz samples
const PACE_MILLISECONDS = 30; // between chunks: about three times real time, which the provider takes
// The provider's Node SDK, from 4.35: what has not begun in a second is given up and tried again, with the same credential.
const PATIENCE_MILLISECONDS = 1000;
const PAUSE_MILLISECONDS = 500;

const { url, key, audio, origin, attempts, certificate } = JSON.parse(process.argv[2]);
const tell = (event, facts = {}) => console.log(JSON.stringify({ event, ...facts }));

const shown = certificate ? { cert: fs.readFileSync(certificate[0]), key: fs.readFileSync(certificate[1]) } : {};

tell("connecting");
connect(attempts || 1);

function connect(left) {
  const socket = new WebSocket(url, { headers: key ? { Authorization: key } : {}, origin, ...shown });
  const timer = attempts && setTimeout(giveUp, PATIENCE_MILLISECONDS);
  let isAbandoned = false;

  socket.on("open", () => {
    tell("open");
    send(socket, fs.readFileSync(audio).subarray(WAV_HEADER_BYTES));
  });
  socket.on("message", (data) => {
    clearTimeout(timer);
    tell("message", { text: data.toString() });
  });
  socket.on("error", (error) => isAbandoned || tell("error", { text: error.message }));
  socket.on("close", (code, reason) => isAbandoned || tell("closed", { code, reason: reason.toString() }));
  socket.on("unexpected-response", (request, response) => {
    clearTimeout(timer);
    let body = "";
    response.on("data", (piece) => (body += piece));
    response.on("end", () => tell("refused", { status: response.statusCode, headers: response.headers, body }));
  });

  function giveUp() {
    isAbandoned = true;
    tell("abandoned");
    socket.close();
    if (left > 1) setTimeout(connect, PAUSE_MILLISECONDS, left - 1);
  }
}

function send(socket, samples) {
  if (socket.readyState !== WebSocket.OPEN) return;
  if (samples.length === 0) return socket.send(JSON.stringify({ type: "Terminate" }));
  socket.send(samples.subarray(0, CHUNK_BYTES));
  setTimeout(send, PACE_MILLISECONDS, socket, samples.subarray(CHUNK_BYTES));
}
