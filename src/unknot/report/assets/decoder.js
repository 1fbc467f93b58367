/* A trained decoder in the browser: codes in, pixels out.

   Activations lie as height x width x channel in single precision, the channels filled up to a
   multiple of four, with a border of one pixel where a transposed convolution reads them; an image
   that comes straight from a dense layer lies as channel x height x width, as torch has it. A dense
   layer's weights lie as [four outputs][input][output], so that each four read one contiguous
   stretch, a transposed convolution's as [phase][row][column, input][output]: each of its four
   phases is a 2x2 convolution that reads two contiguous stretches.

   Both kernels have the functions `dense` and `upconv`, with addresses in bytes. */
"use strict";

const FOUR = 4;
const TAPS = [[3, 1], [2, 0]]; // rows (or columns) of a 4x4 filter that an even or odd pixel meets

const upToFour = (num) => Math.ceil(num / FOUR) * FOUR;

function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Half precision, as in IEEE 754, to single precision. */
function fromHalf(bytes) {
  const half = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
  const bits = new Uint32Array(half.length);
  const values = new Float32Array(bits.buffer);
  for (let i = 0; i < half.length; i++) {
    const exponent = (half[i] >> 10) & 31, fraction = half[i] & 1023;
    if (exponent) bits[i] = ((half[i] & 0x8000) << 16) | ((exponent + 112) << 23) | (fraction << 13);
    else values[i] = (half[i] & 0x8000 ? -1 : 1) * fraction * 2 ** -24;
  }
  return values;
}

/** The kernel in plain JavaScript, over memory of its own. */
function plainKernel(numBytes) {
  const heap = new Float32Array(numBytes / 4);
  return {
    name: "plain JavaScript",
    heap,
    start: 0,
    dense(x, w, b, y, inputs, outputs, relu) {
      x >>= 2; w >>= 2; b >>= 2; y >>= 2;
      for (let o = 0; o < outputs; o++) {
        let sum = heap[b + o];
        for (let i = 0; i < inputs; i++) sum += heap[x + i] * heap[w + i * outputs + o];
        heap[y + o] = relu && sum < 0 ? 0 : sum;
      }
    },
    upconv(x, w, b, y, height, width, inputs, outputs, border, relu) {
      x >>= 2; w >>= 2; b >>= 2; y >>= 2;
      const row = (width + 2) * inputs, outRow = (2 * width + 2 * border) * outputs;
      for (let phase = 0; phase < 4; phase++) {
        const down = phase >> 1, right = phase & 1, weights = w + phase * 4 * inputs * outputs;
        for (let r = 0; r < height; r++) for (let c = 0; c < width; c++) {
          const from = x + (r + down) * row + (c + right) * inputs;
          const to = y + (2 * r + down + border) * outRow + (2 * c + right + border) * outputs;
          for (let o = 0; o < outputs; o += 4) {
            let s0 = heap[b + o], s1 = heap[b + o + 1], s2 = heap[b + o + 2], s3 = heap[b + o + 3];
            let k = weights + o;
            for (let dy = 0; dy < 2; dy++) {
              for (let i = from + dy * row, end = i + 2 * inputs; i < end; i++, k += outputs) {
                const value = heap[i];
                s0 += value * heap[k]; s1 += value * heap[k + 1];
                s2 += value * heap[k + 2]; s3 += value * heap[k + 3];
              }
            }
            const at = to + o;
            heap[at] = relu && s0 < 0 ? 0 : s0; heap[at + 1] = relu && s1 < 0 ? 0 : s1;
            heap[at + 2] = relu && s2 < 0 ? 0 : s2; heap[at + 3] = relu && s3 < 0 ? 0 : s3;
          }
        }
      }
    },
  };
}

/** The kernel in WebAssembly; throws where the browser or the page's policy refuses it. */
function wasmKernel(code, numBytes) {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code));
  const start = (exports.__heap_base.value + 15) & ~15;
  const missing = start + numBytes - exports.memory.buffer.byteLength;
  if (missing > 0) exports.memory.grow(Math.ceil(missing / 65536));
  const heap = new Float32Array(exports.memory.buffer);
  return { name: "WebAssembly", heap, start, dense: exports.dense, upconv: exports.upconv };
}

class Decoder {
  /**
   * @param model `layers` and half-precision `weights` (base64), as Python wrote them
   * @param scale how outputs become pixels: `shape` [channel, height, width], `mean`, `std`, `sigmoid`
   * @param code the WebAssembly, or null for plain JavaScript
   */
  constructor(model, scale, code) {
    this.layers = model.layers;
    this.scale = scale;
    const numBytes = 4 * this.#plan(() => 0, null);
    try {
      if (!code) throw new Error("not wanted");
      this.kernel = wasmKernel(code, numBytes);
    } catch (error) {
      this.kernel = plainKernel(numBytes);
    }
    const heap = this.kernel.heap;
    let next = this.kernel.start / 4;
    this.steps = [];
    this.#plan((num) => { const at = next; next += num; return at; }, fromHalf(bytesOf(model.weights)));
    this.heap = heap;
  }

  /** Lay everything out: counts the numbers needed, and with weights fills them in. */
  #plan(take, weights) {
    let total = 0, read = 0;
    const place = (num) => { total += upToFour(num); return take(upToFour(num)); };
    const pass = (num) => weights.subarray(read, read += num);
    let input = place(this.layers[0].inputs), grid = null, strides = null;
    if (weights) this.input = input;
    for (const [index, layer] of this.layers.entries()) {
      const last = index === this.layers.length - 1;
      if (layer.kind === "dense") {
        const channels = layer.grid && !last ? upToFour(layer.grid[0]) : 0;
        const size = channels ? channels * layer.grid[1] * layer.grid[2] : upToFour(layer.outputs);
        const w = place(layer.inputs * size), b = place(size), y = place(size), relu = +(layer.activation === "relu");
        if (weights) this.#packDense(layer, pass, w, b, channels);
        const x = input;
        if (weights) this.steps.push([() => this.#dense(x, w, b, y, layer.inputs, size, relu)]);
        if (weights && layer.activation === "tanh") this.steps.push([() => this.#tanh(y, size)]);
        input = y;
        if (layer.grid) {
          const [, height, width] = layer.grid;
          grid = { height, width, channels, bordered: false };
          if (last) strides = { pixel: 1, channel: height * width };
        }
      } else {
        const { height, width, channels } = grid, outputs = upToFour(layer.outputs), border = last ? 0 : 1;
        if (!grid.bordered) {
          const framed = place((height + 2) * (width + 2) * channels), flat = input;
          if (weights) this.steps.push([() => this.#frame(flat, framed, height, width, channels)]);
          input = framed;
        }
        const w = place(16 * channels * outputs), b = place(outputs);
        const size = (2 * height + 2 * border) * (2 * width + 2 * border) * outputs, y = place(size);
        if (weights) this.#packUpconv(layer, pass, w, b, channels, outputs);
        if (weights) this.steps.push([this.kernel.upconv, 4 * input, 4 * w, 4 * b, 4 * y, height, width, channels, outputs, border, +(layer.activation === "relu")]);
        if (weights && layer.activation === "tanh") this.steps.push([() => this.#tanh(y, size)]);
        input = y;
        grid = { height: 2 * height, width: 2 * width, channels: outputs, bordered: true };
        strides = { pixel: outputs, channel: 1 };
      }
    }
    if (weights) this.output = { at: input, ...strides };
    return total;
  }

  /** @param channels of the image that a convolution reads next, or 0 to keep torch's order */
  #packDense(layer, pass, w, b, channels) {
    const heap = this.kernel.heap, { inputs, outputs, grid } = layer;
    const given = pass(inputs * outputs), bias = pass(outputs);
    const area = channels ? grid[1] * grid[2] : 1;
    for (let o = 0; o < outputs; o++) {
      const to = channels ? (o % area) * channels + Math.floor(o / area) : o;
      const within = to % FOUR, at = w + (to - within) * inputs + within;
      heap[b + to] = bias[o];
      for (let i = 0; i < inputs; i++) heap[at + i * FOUR] = given[o * inputs + i];
    }
  }

  #packUpconv(layer, pass, w, b, channels, filled) {
    const heap = this.kernel.heap, { inputs, outputs } = layer;
    const given = pass(inputs * outputs * 16), bias = pass(outputs);
    for (let o = 0; o < outputs; o++) {
      heap[b + o] = bias[o];
      for (let i = 0; i < inputs; i++) {
        const filter = (i * outputs + o) * 16;
        for (let phase = 0; phase < 4; phase++) for (let tap = 0; tap < 4; tap++) {
          const row = TAPS[phase >> 1][tap >> 1], column = TAPS[phase & 1][tap & 1];
          heap[w + ((phase * 4 + tap) * channels + i) * filled + o] = given[filter + row * 4 + column];
        }
      }
    }
  }

  #dense(x, w, b, y, inputs, size, relu) {
    for (let o = 0; o < size; o += FOUR) {
      this.kernel.dense(4 * x, 4 * (w + o * inputs), 4 * (b + o), 4 * (y + o), inputs, FOUR, relu);
    }
  }

  #tanh(at, size) {
    const heap = this.kernel.heap;
    for (let i = at; i < at + size; i++) heap[i] = Math.tanh(heap[i]);
  }

  #frame(from, to, height, width, channels) {
    for (let r = 0; r < height; r++) {
      const at = to + ((r + 1) * (width + 2) + 1) * channels, row = from + r * width * channels;
      this.kernel.heap.copyWithin(at, row, row + width * channels);
    }
  }

  /** Decode one code into the pixels of an `ImageData` of the image's size: two channels are red and
      green, and of four the first three are shown. */
  paint(code, image) {
    const heap = this.kernel.heap;
    for (let i = 0; i < code.length; i++) heap[this.input + i] = code[i];
    for (const [run, ...given] of this.steps) run(...given);
    const { at, pixel, channel: next } = this.output, { shape, mean, std, sigmoid } = this.scale;
    const [depth, height, width] = shape, area = height * width, pixels = image.data;
    for (let k = 0; k < 3; k++) {
      const channel = depth === 1 ? 0 : k, first = at + channel * next, own = channel * area;
      if (channel >= depth) break; // of two channels, red and green
      for (let p = 0; p < area; p++) {
        let value = heap[first + p * pixel];
        if (sigmoid) value = 1 / (1 + Math.exp(-value));
        pixels[4 * p + k] = 255 * (value * std[own + p] + mean[own + p]);
      }
    }
    for (let p = 0; p < area; p++) pixels[4 * p + 3] = 255;
    return image;
  }
}
