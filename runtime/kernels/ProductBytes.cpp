// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products of matrices of codes that are both made by the run: the right one is packed as the
// weights of convolutions are, then multiplied.

#include "runtime/kernels/PackedConv.h"
#include "runtime/kernels/Requantize.h"
#include "runtime/kernels/Vector.h"

namespace pebble::kernels {
namespace {

using Bytes = Vector<uint8_t, blockWidth>;
using Pairs = Vector<uint16_t, blockWidth>;
using Words = Vector<uint32_t, blockWidth>;
using Panel = Vector<int32_t, blockWidth>;

PEBBLE_INLINE Bytes loadBytes(const uint8_t *from) {
  Bytes bytes;
  __builtin_memcpy(&bytes, from, sizeof bytes);
  return bytes ^ uint8_t(128);
}

// Four rows of 16 columns, column by column; their sums.
PEBBLE_INLINE Panel packQuad(const uint8_t *from, int64_t stride, int8_t *to) {
  Bytes row[quad];
  for (int64_t i = 0; i < quad; ++i)
    row[i] = loadBytes(from + i * stride);
  auto wide = [](Bytes bytes) { return __builtin_convertvector(bytes, Pairs); };
  Pairs low = wide(row[0]) | (wide(row[1]) << 8), high = wide(row[2]) | (wide(row[3]) << 8);
  Words packed = __builtin_convertvector(low, Words) | (__builtin_convertvector(high, Words) << 16);
  __builtin_memcpy(to, &packed, sizeof packed);
  Panel sum = {};
  for (int64_t i = 0; i < quad; ++i)
    sum += __builtin_convertvector(reinterpret_cast<Vector<int8_t, blockWidth>>(row[i]), Panel);
  return sum;
}

// One matrix [depth, columns] in blocks of 16 columns by 4 rows, and the sums of its columns.
void packMatrix(const uint8_t *from, int64_t depth, int64_t columns, int8_t *to, int32_t *sums) {
  for (int64_t first = 0; first < columns; first += blockWidth) {
    int64_t width = columns - first < blockWidth ? columns - first : blockWidth;
    for (int64_t c = 0; c < blockWidth; ++c)
      sums[first + c] = 0;
    int64_t k = 0;
    if (width == blockWidth) {
      Panel sum = {};
      for (; k + quad <= depth; k += quad, to += blockWidth * quad)
        sum += packQuad(from + k * columns + first, columns, to);
      __builtin_memcpy(sums + first, &sum, sizeof sum);
    }
    for (; k < depth; k += quad, to += blockWidth * quad)
      for (int64_t i = 0; i < quad; ++i)
        for (int64_t c = 0; c < blockWidth; ++c) {
          bool exists = k + i < depth && c < width;
          auto code = static_cast<int8_t>(exists ? from[(k + i) * columns + first + c] - 128 : 0);
          to[c * quad + i] = code;
          sums[first + c] += code;
        }
  }
}

// Where the matrix for a position of the result's leading dims starts, counted in matrices.
int64_t matrixAt(const pebble_tensor &tensor, int leading, const pebble_tensor &result,
                 int64_t position) {
  int64_t at = 0, stride = 1;
  for (int i = 1; i <= result.rank - 2; ++i) {
    int64_t size = result.dims[result.rank - 2 - i], coordinate = position % size;
    position /= size;
    if (i > leading)
      continue;
    int64_t own = tensor.dims[leading - i];
    at += own == 1 ? 0 : coordinate * stride;
    stride *= own;
  }
  return at;
}

} // namespace

template <typename T>
int32_t pack_bytes(const pebble_tensor *tensors, const int64_t *, const double *) {
  const pebble_tensor &input = tensors[0];
  int64_t depth = input.dims[input.rank - 2], columns = input.dims[input.rank - 1];
  int64_t matrices = product(input.dims, 0, input.rank - 2);
  int64_t padded = (columns + blockWidth - 1) / blockWidth * blockWidth;
  int64_t bytes = padded * ((depth + quad - 1) / quad * quad);
  for (int64_t m = 0; m < matrices; ++m)
    packMatrix(data<const uint8_t>(input) + m * depth * columns, depth, columns,
               data<int8_t>(tensors[1]) + m * bytes, data<int32_t>(tensors[2]) + m * padded);
  return PEBBLE_OK;
}

template <typename T>
int32_t product_bytes(const pebble_tensor *tensors, const int64_t *ints, const double *floats) {
  Attributes attributes(ints, floats);
  const pebble_tensor &input = tensors[0], &packed = tensors[1], &bias = tensors[2];
  const pebble_tensor &result = tensors[3];
  int64_t columns = attributes.integer(), weightZero = attributes.integer();
  int64_t zeroPoint = attributes.integer();
  int64_t low = attributes.integer(), high = attributes.integer();
  auto multiplier = static_cast<float>(attributes.real());
  int64_t rows = input.dims[input.rank - 2], depth = input.dims[input.rank - 1];
  int64_t quads = (depth + quad - 1) / quad, blocks = (columns + blockWidth - 1) / blockWidth;
  int leading = packed.rank - 4;
  if (packed.dims[leading] != blocks || packed.dims[leading + 1] != quads ||
      bias.dims[bias.rank - 1] != blocks * blockWidth)
    return PEBBLE_ERROR_SHAPE;
  CodeRange range = CodeRange::make(zeroPoint, low, high);
  int64_t products = product(result.dims, 0, result.rank - 2);
  for (int64_t p = 0; p < products * rows; ++p) {
    const uint8_t *row =
        data<const uint8_t>(input) +
        (matrixAt(input, input.rank - 2, result, p / rows) * rows + p % rows) * depth;
    int64_t matrix = matrixAt(packed, leading, result, p / rows);
    const int8_t *panel = data<const int8_t>(packed) + matrix * blocks * quads * quad * blockWidth;
    const int32_t *start = data<const int32_t>(bias) + matrix * blocks * blockWidth;
    uint8_t *to = data<uint8_t>(result) + p * columns;
    uint32_t inputs = 0;
    for (int64_t k = 0; k < depth; ++k)
      inputs += row[k];
    uint32_t correction = inputs * static_cast<uint32_t>(weightZero);
    for (int64_t block = 0; block < blocks; ++block) {
      uint32_t sums[blockWidth];
      for (int64_t c = 0; c < blockWidth; ++c)
        sums[c] = static_cast<uint32_t>(start[block * blockWidth + c]) - correction;
      for (int64_t k = 0; k < quads * quad; ++k)
        for (int64_t c = 0; c < blockWidth && k < depth; ++c)
          sums[c] += static_cast<uint32_t>(
              row[k] * panel[((block * quads + k / quad) * blockWidth + c) * quad + k % quad]);
      int64_t first = block * blockWidth;
      for (int64_t c = 0; c < blockWidth && first + c < columns; ++c)
        to[first + c] = range.code(static_cast<int32_t>(sums[c]), multiplier);
    }
  }
  return PEBBLE_OK;
}

} // namespace pebble::kernels

#define PEBBLE_HERE_pack_bytes 1
#define PEBBLE_HERE_product_bytes 1
#include "runtime/kernels/Instantiate.h"
