/* A trained decoder in the browser: codes in, pixels out.

   Activations lie as height x width x channel in single precision, the channels filled up to a
   multiple of four, with a border of one pixel where a convolution reads them; an image
   that comes straight from a dense layer lies as channel x height x width, as torch has it. A dense
   layer's weights lie as [four outputs][input][output], so that each four read one contiguous
   stretch, a transposed convolution's as [phase][row][column, input][output]: each of its four
   phases is a 2x2 convolution that reads two contiguous stretches.

   Both kernels have the functions `dense` and `upconv`, with addresses in bytes. A 3x3 convolution is
   computed by `upconv` too: four pixels of its input are first put together to a cell of four times
   the channels, and each of the four pixels of an output cell then sees 2x2 cells. Where a side is
   odd, cells reach beyond the map, whose `rows` or `columns` are then one more than its size. */
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

/** Where a map has a pixel; rows and columns count from its first inner ones. */
function place(map, row, column) {
  const pitch = map.columns + 2 * map.border;
  return map.at + ((row + map.border) * pitch + column + map.border) * map.channels;
}

class Decoder {
  /**
   * @param model `layers` and half-precision `weights` (base64), as Python wrote them
   * @param scale how outputs become pixels: `shape` [channel, height, width], `mean`, `std`, `sigmoid`
   * @param code the WebAssembly, or null for plain JavaScript
   */
  constructor(model, scale, code) {
    Object.assign(this, { scale, size: 0, steps: [], packers: [] });
    const last = model.layers.at(-1), first = model.layers[0];
    this.code = { at: this.#take(first.inputs), inputs: first.inputs };
    this.output = model.layers.reduce((input, layer) => this.#add(layer, input, layer === last), this.code);
    try {
      if (!code) throw new Error("not wanted");
      this.kernel = wasmKernel(code, 4 * this.size);
    } catch (error) {
      this.kernel = plainKernel(4 * this.size);
    }
    this.heap = this.kernel.heap.subarray(this.kernel.start / 4);
    const weights = fromHalf(bytesOf(model.weights));
    let read = 0;
    for (const pack of this.packers) pack((num) => weights.subarray(read, read += num));
  }

  /** Set numbers aside; addresses count from the start of `heap`. */
  #take(num) {
    const at = this.size;
    this.size += upToFour(num);
    return at;
  }

  /** Set a map aside, with room for more `rows` and `columns` than it has, if they are given. */
  #map(channels, height, width, border, rows = height, columns = width) {
    const size = (rows + 2 * border) * (columns + 2 * border) * channels;
    return { at: this.#take(size), size, channels, height, width, border, rows, columns };
  }

  /** Lay out a layer: its weights, its steps and its output, which it gives. */
  #add(layer, input, last) {
    const relu = +(layer.activation === "relu"), framed = () => this.#framed(input);
    const output = {
      dense: () => this.#addDense(layer, input, last, relu),
      broadcast: () => this.#addBroadcast(layer, input),
      upconv: () => this.#addUpconv(layer, framed(), last, relu),
      conv: () => this.#addConv(layer, framed(), last, relu),
      residual: () => this.#addResidual(layer, framed(), relu),
      activation: () => this.#addActivation(framed(), relu),
      crop: () => ({ ...input, top: (input.height - layer.height) >> 1, left: (input.width - layer.width) >> 1 }),
    }[layer.kind]();
    if (layer.activation === "tanh") this.steps.push(() => this.#tanh(output));
    return output;
  }

  #addDense({ inputs, outputs, grid }, input, last, relu) {
    const [depth, height, width] = grid || [outputs, 1, 1], channels = last ? depth : upToFour(depth);
    const y = this.#map(channels, height, width, 0), size = upToFour(y.size);
    const w = this.#take(inputs * size), b = this.#take(size), area = height * width;
    this.packers.push((pass) => {
      const given = pass(inputs * outputs), bias = pass(outputs);
      for (let o = 0; o < outputs; o++) {
        const to = last ? o : (o % area) * channels + Math.floor(o / area);
        const within = to % FOUR, at = w + (to - within) * inputs + within;
        this.heap[b + to] = bias[o];
        for (let i = 0; i < inputs; i++) this.heap[at + i * FOUR] = given[o * inputs + i];
      }
    });
    this.steps.push(() => {
      for (let o = 0; o < size; o += FOUR) {
        this.#run("dense", [input.at, w + o * inputs, b + o, y.at + o], inputs, FOUR, relu);
      }
    });
    return { ...y, isPlanes: last };
  }

  /** The code at every pixel, then the row and the column from -1 to 1. */
  #addBroadcast({ height, width }, { at, inputs }) {
    const y = this.#map(upToFour(inputs + 2), height, width, 1);
    const pixels = (write) => {
      for (let r = 0; r < height; r++) for (let c = 0; c < width; c++) write(place(y, r, c), r, c);
    };
    const along = (i, num) => (num > 1 ? (2 * i) / (num - 1) - 1 : -1);
    this.packers.push(() => pixels((to, r, c) => this.heap.set([along(r, height), along(c, width)], to + inputs)));
    this.steps.push(() => pixels((to) => this.heap.copyWithin(to, at, at + inputs)));
    return y;
  }

  #addUpconv({ inputs, outputs }, x, last, relu) {
    const filled = upToFour(outputs), w = this.#take(16 * x.channels * filled), b = this.#take(filled);
    const y = this.#map(filled, 2 * x.height, 2 * x.width, last ? 0 : 1, 2 * x.rows, 2 * x.columns);
    this.packers.push((pass) => {
      const given = pass(inputs * outputs * 16), at = (phase, tap, i) => w + ((phase * 4 + tap) * x.channels + i) * filled;
      this.heap.set(pass(outputs), b);
      for (let phase = 0; phase < 4; phase++) for (let tap = 0; tap < 4; tap++) {
        const row = TAPS[phase >> 1][tap >> 1], column = TAPS[phase & 1][tap & 1];
        for (let i = 0; i < inputs; i++) for (let o = 0; o < outputs; o++) {
          this.heap[at(phase, tap, i) + o] = given[(i * outputs + o) * 16 + row * 4 + column];
        }
      }
    });
    this.#convolve(x, w, b, y, relu);
    return y;
  }

  #addConv({ inputs, outputs }, x, last, relu) {
    const rows = Math.ceil(x.height / 2), columns = Math.ceil(x.width / 2), filled = upToFour(outputs);
    const cells = this.#map(4 * x.channels, rows, columns, 1);
    const w = this.#take(16 * cells.channels * filled), b = this.#take(filled);
    const y = this.#map(filled, x.height, x.width, last ? 0 : 1, 2 * rows, 2 * columns);
    this.packers.push((pass) => {
      const given = pass(inputs * outputs * 9);
      this.heap.set(pass(outputs), b);
      for (let phase = 0; phase < 4; phase++) for (let tap = 0; tap < 4; tap++) for (let pixel = 0; pixel < 4; pixel++) {
        const row = (phase >> 1) + 2 * (tap >> 1) + (pixel >> 1) - 1, column = (phase & 1) + 2 * (tap & 1) + (pixel & 1) - 1;
        if (row < 0 || row > 2 || column < 0 || column > 2) continue;
        const at = w + ((phase * 4 + tap) * 4 + pixel) * x.channels * filled;
        for (let o = 0; o < outputs; o++) for (let i = 0; i < inputs; i++) {
          this.heap[at + i * filled + o] = given[(o * inputs + i) * 9 + row * 3 + column];
        }
      }
    });
    this.steps.push(() => this.#gather(x, cells));
    this.#convolve(cells, w, b, y, relu);
    return y;
  }

  #addResidual({ branch }, x, relu) {
    const y = branch.reduce((input, layer) => this.#add(layer, input, false), x);
    this.steps.push(() => this.#eachRow(y, (at, num, r) => {
      for (let i = 0, from = place(x, r, 0); i < num; i++) {
        const sum = this.heap[at + i] + this.heap[from + i];
        this.heap[at + i] = relu && sum < 0 ? 0 : sum;
      }
    }));
    return y;
  }

  #addActivation(x, relu) {
    const y = this.#map(x.channels, x.height, x.width, 1, x.rows, x.columns);
    this.steps.push(() => {
      for (let i = 0; i < x.size; i++) {
        const value = this.heap[x.at + i];
        this.heap[y.at + i] = relu && value < 0 ? 0 : value;
      }
    });
    return y;
  }

  /** A map with a border: itself, or a copy. */
  #framed(x) {
    if (x.border) return x;
    const y = this.#map(x.channels, x.height, x.width, 1);
    this.steps.push(() => this.#eachRow(x, (at, num, r) => this.heap.copyWithin(place(y, r, 0), at, at + num)));
    return y;
  }

  #eachRow(map, visit) {
    for (let r = 0; r < map.height; r++) visit(place(map, r, 0), map.width * map.channels, r);
  }

  #convolve(x, w, b, y, relu) {
    this.steps.push(() => this.#run("upconv", [x.at, w, b, y.at], x.rows, x.columns, x.channels, y.channels, y.border, relu));
    if (y.rows > y.height || y.columns > y.width) this.steps.push(() => this.#blank(y));
  }

  #run(name, addresses, ...given) {
    this.kernel[name](...addresses.map((at) => this.kernel.start + 4 * at), ...given);
  }

  /** Clear what lies beyond a map's height and width. */
  #blank(map) {
    for (let r = 0; r < map.rows; r++) this.heap.fill(0, place(map, r, r < map.height ? map.width : 0), place(map, r, map.columns));
  }

  /** Put each 2x2 pixels together to a cell: the pair of the upper row, then that of the lower. */
  #gather(x, cells) {
    const pair = 2 * x.channels;
    for (let r = 0; r < x.height; r++) for (let c = 0; c < x.width; c += 2) {
      const from = place(x, r, c);
      this.heap.copyWithin(place(cells, r >> 1, c >> 1) + (r & 1) * pair, from, from + pair);
    }
  }

  #tanh({ at, size }) {
    for (let i = at; i < at + size; i++) this.heap[i] = Math.tanh(this.heap[i]);
  }

  /** Decode a code: gives what finds the value, from 0 to 255, of a channel at a row and a column. */
  decode(code) {
    this.heap.set(code, this.code.at);
    for (const step of this.steps) step();
    const { heap, output, scale } = this, [, height, width] = scale.shape, area = height * width;
    const { top = 0, left = 0, isPlanes } = output;
    return (channel, row, column) => {
      const p = channel * area + row * width + column;
      let value = heap[isPlanes ? output.at + p : place(output, row + top, column + left) + channel];
      if (scale.sigmoid) value = 1 / (1 + Math.exp(-value));
      return 255 * (value * scale.std[p] + scale.mean[p]);
    };
  }

  /** Decode one code into the pixels of an `ImageData` of the image's size: one channel is grey, two
      are red and green, and of four the first three are shown. */
  paint(code, image) {
    const [depth, height, width] = this.scale.shape, value = this.decode(code), pixels = image.data;
    for (let r = 0, at = 0; r < height; r++) for (let c = 0; c < width; c++, at += 4) {
      for (let k = 0; k < 3; k++) pixels[at + k] = depth === 2 && k === 2 ? 0 : value(depth === 1 ? 0 : k, r, c);
      pixels[at + 3] = 255;
    }
    return image;
  }
}
