/* The two layers of a convolutional decoder, for browsers: WebAssembly with 128-bit vectors.

   `make kernel` builds kernel.wasm from this file. decoder.js holds the same in plain JavaScript, and
   says how weights and activations lie in memory. Numbers of channels are multiples of four. */

#include <wasm_simd128.h>

static inline v128_t finish(v128_t sum, int relu) {
    return relu ? wasm_f32x4_max(sum, wasm_f32x4_const_splat(0)) : sum;
}

/* y[outputs] = x[inputs] . w[inputs][outputs] + b[outputs] */
__attribute__((export_name("dense"))) void
dense(const float *x, const float *w, const float *b, float *y, int inputs, int outputs, int relu) {
    for (int o = 0; o < outputs; o += 4) {
        v128_t sum = wasm_v128_load(b + o);
        const float *weight = w + o;
        for (int i = 0; i < inputs; i++, weight += outputs)
            sum = wasm_f32x4_add(sum, wasm_f32x4_mul(wasm_v128_load32_splat(x + i), wasm_v128_load(weight)));
        wasm_v128_store(y + o, finish(sum, relu));
    }
}

/* Four neighbouring pixels of one phase, four channels each. */
static inline void four_pixels(const float *x, const float *w, v128_t bias, float *y, int row,
                               int inputs, int outputs, int relu) {
    v128_t s0 = bias, s1 = bias, s2 = bias, s3 = bias;
    for (int dy = 0; dy < 2; dy++) {
        const float *in = x + dy * row;
        for (int i = 0; i < 2 * inputs; i++, w += outputs) {
            v128_t weight = wasm_v128_load(w);
            s0 = wasm_f32x4_add(s0, wasm_f32x4_mul(wasm_v128_load32_splat(in + i), weight));
            s1 = wasm_f32x4_add(s1, wasm_f32x4_mul(wasm_v128_load32_splat(in + i + inputs), weight));
            s2 = wasm_f32x4_add(s2, wasm_f32x4_mul(wasm_v128_load32_splat(in + i + 2 * inputs), weight));
            s3 = wasm_f32x4_add(s3, wasm_f32x4_mul(wasm_v128_load32_splat(in + i + 3 * inputs), weight));
        }
    }
    wasm_v128_store(y, finish(s0, relu));
    wasm_v128_store(y + 2 * outputs, finish(s1, relu));
    wasm_v128_store(y + 4 * outputs, finish(s2, relu));
    wasm_v128_store(y + 6 * outputs, finish(s3, relu));
}

static inline void one_pixel(const float *x, const float *w, v128_t sum, float *y, int row, int inputs,
                             int outputs, int relu) {
    for (int dy = 0; dy < 2; dy++) {
        const float *in = x + dy * row;
        for (int i = 0; i < 2 * inputs; i++, w += outputs)
            sum = wasm_f32x4_add(sum, wasm_f32x4_mul(wasm_v128_load32_splat(in + i), wasm_v128_load(w)));
    }
    wasm_v128_store(y, finish(sum, relu));
}

/* A transposed convolution, 4x4, stride 2, padding 1. Each of the four phases of the output is a 2x2
   convolution of the input, which has a border of one pixel; so has the output, if border is 1. */
__attribute__((export_name("upconv"))) void
upconv(const float *x, const float *w, const float *b, float *y, int height, int width, int inputs,
       int outputs, int border, int relu) {
    const int row = (width + 2) * inputs, out_row = (2 * width + 2 * border) * outputs;
    for (int phase = 0; phase < 4; phase++) {
        const int down = phase >> 1, right = phase & 1;
        const float *weights = w + phase * 4 * inputs * outputs;
        for (int r = 0; r < height; r++) {
            const float *in = x + (r + down) * row + right * inputs;
            float *out = y + (2 * r + down + border) * out_row + (right + border) * outputs;
            int c = 0;
            for (; c + 4 <= width; c += 4)
                for (int o = 0; o < outputs; o += 4)
                    four_pixels(in + c * inputs, weights + o, wasm_v128_load(b + o),
                                out + 2 * c * outputs + o, row, inputs, outputs, relu);
            for (; c < width; c++)
                for (int o = 0; o < outputs; o += 4)
                    one_pixel(in + c * inputs, weights + o, wasm_v128_load(b + o),
                              out + 2 * c * outputs + o, row, inputs, outputs, relu);
        }
    }
}
