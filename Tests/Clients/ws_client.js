// Node's `ws`, in the shape of the provider's documented raw example, with only the host changed.
const fs = require("fs");
const WebSocket = require("ws");

const WAV_HEADER_BYTES = 44;
const CHUNK_BYTES = 3200; // 100 ms of 16 kHz samples
const PACE_MILLISECONDS = 30; // between chunks: about three times real time, which the provider takes

const { url, key, audio, origin } = JSON.parse(process.argv[2]);
const tell = (event, facts = {}) => console.log(JSON.stringify({ event, ...facts }));

tell("connecting");
const socket = new WebSocket(url, { headers: { Authorization: key }, origin });
socket.on("open", () => {
  tell("open");
  send(fs.readFileSync(audio).subarray(WAV_HEADER_BYTES));
});
socket.on("message", (data) => tell("message", { text: data.toString() }));
socket.on("error", (error) => tell("error", { text: error.message }));
socket.on("close", (code, reason) => tell("closed", { code, reason: reason.toString() }));
socket.on("unexpected-response", (request, response) => {
  let body = "";
  response.on("data", (piece) => (body += piece));
  response.on("end", () => tell("refused", { status: response.statusCode, headers: response.headers, body }));
});

function send(samples) {
  if (socket.readyState !== WebSocket.OPEN) return;
  if (samples.length === 0) return socket.send(JSON.stringify({ type: "Terminate" }));
  socket.send(samples.subarray(0, CHUNK_BYTES));
  setTimeout(send, PACE_MILLISECONDS, samples.subarray(CHUNK_BYTES));
}
