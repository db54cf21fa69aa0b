// Brings sound of any rate to 16,000 Hz, mono, signed 16-bit, in messages of 100 ms. Runs on the browser's audio thread.
"use strict";

const RATE = 16000;
/// Samples of one message.
const CHUNK = RATE / 10;
/// Zero crossings of the filter at each side: speech needs no more.
const REACH = 12;

/// A windowed sinc, which keeps out what the lower rate cannot hold.
class Resampler {
  constructor(rate) {
    this.step = rate / RATE;
    this.cut = Math.min(1, RATE / rate) * 0.95;
    this.half = Math.ceil(REACH / this.cut);
    this.input = new Float32Array(this.half);
    /// Where in the input the next sample lies.
    this.position = this.half;
  }

  /// Takes samples and gives those that can be told from what has come so far to `put`.
  take(samples, put) {
    const input = new Float32Array(this.input.length + samples.length);
    input.set(this.input);
    input.set(samples, this.input.length);
    while (this.position + this.half < input.length) {
      put(this.at(this.position, input));
      this.position += this.step;
    }
    const past = Math.max(0, Math.floor(this.position) - this.half);
    this.input = input.slice(past);
    this.position -= past;
  }

  at(position, input) {
    let sum = 0;
    const first = Math.ceil(position - this.half);
    for (let index = Math.max(0, first); index < position + this.half; index += 1) {
      const distance = position - index;
      const angle = Math.PI * distance * this.cut;
      const sinc = angle === 0 ? 1 : Math.sin(angle) / angle;
      sum += input[index] * sinc * this.cut * (0.5 + 0.5 * Math.cos((Math.PI * distance) / this.half));
    }
    return sum;
  }
}

registerProcessor("resampler", class extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(sampleRate);
    this.chunk = new Int16Array(CHUNK);
    this.filled = 0;
    this.power = 0;
    this.isOver = false;
    this.port.onmessage = () => this.end();
  }

  process([channels]) {
    if (this.isOver) return false;
    if (channels.length > 0) this.resampler.take(mix(channels), (sample) => this.put(sample));
    return true;
  }

  put(sample) {
    const limited = Math.max(-1, Math.min(1, sample));
    this.chunk[this.filled] = limited < 0 ? limited * 0x8000 : limited * 0x7fff;
    this.power += limited * limited;
    this.filled += 1;
    if (this.filled === CHUNK) this.send();
  }

  send() {
    const bytes = this.chunk.slice(0, this.filled).buffer;
    this.port.postMessage({ bytes, level: Math.sqrt(this.power / Math.max(1, this.filled)) }, [bytes]);
    [this.filled, this.power] = [0, 0];
  }

  /// The last message may be shorter, but not so short that a provider would refuse it.
  end() {
    this.isOver = true;
    if (this.filled > 0) {
      while (this.filled < CHUNK / 2) this.put(0);
      this.send();
    }
    this.port.postMessage({ isLast: true });
  }
});

function mix(channels) {
  if (channels.length === 1) return channels[0];
  const mono = new Float32Array(channels[0].length);
  for (const channel of channels) for (let index = 0; index < mono.length; index += 1) mono[index] += channel[index] / channels.length;
  return mono;
}
