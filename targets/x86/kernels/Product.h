// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Blocks of rows times all panels of weights: what GEMM and convolutions have in common.
#ifndef PEBBLE_X86_KERNELS_PRODUCT_H
#define PEBBLE_X86_KERNELS_PRODUCT_H

#include "targets/x86/kernels/Tile.h"

PEBBLE_X86_BEGIN

constexpr int64_t maxBlockRows = 256;      // whose input stays in the second-level cache
constexpr int64_t maxBlockPointers = 2048; // to runs of rows, on the stack

// Requantized bytes are the same code for u8 and s8: the bounds differ.
template <typename Out> struct StoredType {
  using Type = Out;
};
template <> struct StoredType<int8_t> {
  using Type = uint8_t;
};

template <class Level, class Weights, typename Out> struct Product {
  Weights weights;
  const int32_t *bias;
  const float *scale;
  const int32_t *weightZero; // null without
  Bounds bounds;
  bool isSigned; // the input
  Out *out;      // of row 0
  int64_t outStride;
  int64_t rows, channels;

  // Results are bytes requantized in registers, or come from sums in memory.
  const TileTable<Level, Weights> &tiles(bool areBytes) const {
    if (areBytes)
      return isSigned ? Tiles<Level, Weights, true, true>::table
                      : Tiles<Level, Weights, false, true>::table;
    return isSigned ? Tiles<Level, Weights, true, false>::table
                    : Tiles<Level, Weights, false, false>::table;
  }
};

// Stores the results of a tile whose sums are in memory.
template <class Level, class Weights, typename Out>
void finishSums(const Product<Level, Weights, Out> &product, const TileTask &task, int64_t height,
                int64_t width, Out *out) {
  for (int64_t r = 0; r < height; ++r)
    for (int64_t p = 0; p < width; ++p) {
      typename Level::Panel values;
      PEBBLE_X86_UNROLL
      for (int v = 0; v < panelWidth / Level::lanes; ++v)
        values[v] = Level::loadInts(task.sums + (r * width + p) * panelWidth + v * Level::lanes);
      if (task.weightZero)
        subtractZero<Level>(values, task.weightZero + p * panelWidth, task.rowSums[r]);
      finishPanel<Level>(values, task.scale + p * panelWidth, product.bounds,
                         out + r * product.outStride + p * panelWidth,
                         p + 1 == width ? task.lastCount : int64_t(panelWidth));
    }
}

// `source` knows where the rows of the input are:
//   runs, runLength
//   readLength     what may be read of a run: up to the next group of four, or no more than it has
//   blockRows      the most rows that it can hold at once
//   fill(pointers, stride, firstRun, runs, firstRow, rows)
template <class Level, class Weights, typename Out, class Source>
void multiplyRows(Source &source, const Product<Level, Weights, Out> &product) {
  const uint8_t *pointers[maxBlockPointers];
  alignas(64) int32_t sums[Level::rows * Level::panels * panelWidth];
  int32_t rowSums[maxBlockRows];
  // A reduction of very many runs is done in parts, each tile finding its rows anew.
  const bool isWhole = source.runs * Level::rows <= maxBlockPointers;
  const int64_t partRuns = isWhole ? source.runs : maxBlockPointers / Level::rows;
  const bool inRegisters = isWhole && sizeof(Out) == 1;
  const auto &tiles = product.tiles(inRegisters).tile;
  int64_t blockRows =
      isWhole ? least(maxBlockPointers / greatest<int64_t>(source.runs, 1), maxBlockRows)
              : int64_t(Level::rows);
  blockRows = least(blockRows, source.blockRows);
  // Blocks and tiles of about one size leave no small remainder.
  blockRows = ceilDiv(product.rows, ceilDiv(product.rows, blockRows));
  const int64_t panels = ceilDiv(product.channels, panelWidth);
  const int64_t runBytes = Weights::runBytes(source.runLength);

  for (int64_t block = 0; block < product.rows; block += blockRows) {
    const int64_t rows = least(blockRows, product.rows - block);
    const int64_t tileRows = ceilDiv(rows, ceilDiv(rows, Level::rows));
    if (isWhole)
      source.fill(pointers, blockRows, 0, source.runs, block, rows);
    if (product.weightZero) {
      for (int64_t r = 0; r < rows; ++r)
        rowSums[r] = 0;
      for (int64_t run = 0; run < source.runs; run += partRuns) {
        const int64_t part = least(partRuns, source.runs - run);
        if (!isWhole)
          source.fill(pointers, blockRows, run, part, block, rows);
        for (int64_t r = 0; r < rows; ++r)
          rowSums[r] += sumRow({pointers, blockRows, part, source.runLength}, r, product.isSigned);
      }
    }
    for (int64_t panel = 0; panel < panels; panel += Level::panels) {
      const int64_t width = least<int64_t>(Level::panels, panels - panel);
      const int64_t channel = panel * panelWidth;
      TileTask task;
      task.bounds = &product.bounds;
      task.scale = product.scale + channel;
      task.weightZero = product.weightZero ? product.weightZero + channel : nullptr;
      task.outStride = product.outStride;
      task.lastCount =
          least<int64_t>(width * panelWidth, product.channels - channel) - (width - 1) * panelWidth;
      task.sums = sums;
      for (int64_t row = 0; row < rows; row += tileRows) {
        const int64_t height = least(tileRows, rows - row);
        const auto tile = tiles[(height - 1) * Level::panels + width - 1];
        Out *out = product.out + (block + row) * product.outStride + channel;
        task.rows = {pointers + row, blockRows, source.runs, source.readLength};
        task.panel = product.weights.data + panel * product.weights.panelBytes;
        task.start = product.bias + channel;
        task.startStride = 0;
        task.rowSums = rowSums + row;
        if (inRegisters) {
          task.out = reinterpret_cast<uint8_t *>(out);
          tile(task, product.weights);
          continue;
        }
        for (int64_t run = 0; run < source.runs; run += partRuns) {
          task.rows.runs = least(partRuns, source.runs - run);
          if (!isWhole) {
            source.fill(pointers, blockRows, run, task.rows.runs, block + row, height);
            task.rows.pointers = pointers;
          }
          tile(task, product.weights);
          task.panel += partRuns * runBytes;
          task.start = sums;
          task.startStride = width * panelWidth;
        }
        finishSums(product, task, height, width, out);
      }
    }
  }
}

PEBBLE_X86_END

#endif // PEBBLE_X86_KERNELS_PRODUCT_H
