// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lower/emitters/Emitters.h"
#include "passes/lower/emitters/WindowNhwc.h"

#include "llvm/ADT/Sequence.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pebble;

namespace {

/// What stays in a core's second-level cache beside the rest.
constexpr int64_t cacheBytes = 384 * 1024;

class ConvEmitter {
public:
  ConvEmitter(KernelEmitter &emitter, nn::ConvNhwcOp op)
      : emitter(emitter), b(emitter.builder()), op(op), epilogue(emitter, op) {
    ArrayRef<OpFoldResult> input = emitter.tensor(op.getInput())->dims;
    pixel = emitter.tensor(op.getInput())->runStep();
    ArrayRef<int64_t> weight = cast<RankedTensorType>(op.getWeight().getType()).getShape();
    ArrayRef<OpFoldResult> result = emitter.tensor(emitter.yieldedFrom(op).front())->dims;
    batch = input[0], height = input[1], width = input[2], channels = *constantOf(input[3]);
    group = weight[0], blocks = weight[1], kernelHeight = weight[2], kernelWidth = weight[3];
    groupChannels = weight[4], block = weight[5];
    outHeight = result[1], outWidth = result[2], outChannels = *constantOf(result[3]) / group;
    lanes = emitter.options().vectorBytes / 4;
    ArrayRef<int64_t> strides = op.getStrides(), dilations = op.getDilations(), pads = op.getPads();
    down = {kernelHeight, strides[0], dilations[0], pads[0], pads[2], height, outHeight};
    across = {kernelWidth, strides[1], dilations[1], pads[1], pads[3], width, outWidth};
    // Element counts of a row and of an image, wanted in every loop.
    rowElements = multiply(b, width, b.getIndexAttr(pixel));
    imageElements = multiply(b, height, rowElements);
  }

  void run() {
    // Either the weights or the image is read again and again: the smaller one, if it does not fit
    // in the cache anyway.
    int64_t weightBytes = group * blocks * kernelHeight * kernelWidth * groupChannels * block * 4;
    int64_t imageBytes = likely(height) * likely(width) * channels * 4;
    int64_t places = constantOf(batch).value_or(1) * likely(outHeight);
    int64_t rowsOutside = weightBytes <= cacheBytes ? weightBytes : weightBytes * places;
    int64_t blocksOutside = imageBytes <= cacheBytes ? imageBytes : imageBytes * group * blocks;
    OpFoldResult groups = b.getIndexAttr(group);
    int64_t products = kernelHeight * kernelWidth * groupChannels;
    if (rowsOutside <= blocksOutside)
      forImageRows(
          emitter, batch, outHeight,
          [&](Value n, Value row) {
            emitter.parallelLoops({groups}, [&](ArrayRef<Value> g) {
              forBlocks([&](Value blockIndex, int64_t outputs) {
                emitRow(n, row, g[0], blockIndex, outputs);
              });
            });
          },
          likely(outWidth) * outChannels * group * products);
    else
      emitter.parallelLoops({groups}, [&](ArrayRef<Value> g) {
        forBlocks([&](Value blockIndex, int64_t outputs) {
          forImageRows(
              emitter, batch, outHeight,
              [&](Value n, Value row) { emitRow(n, row, g[0], blockIndex, outputs); },
              /*cost=*/1);
        });
      });
  }

private:
  static int64_t likely(OpFoldResult size) { return constantOf(size).value_or(likelySide); }

  /// Full blocks of output channels in a loop, the rest behind it.
  void forBlocks(llvm::function_ref<void(Value, int64_t)> body) {
    int64_t full = outChannels / block, rest = outChannels % block;
    if (full > 0)
      emitter.parallelLoops(
          {b.getIndexAttr(full)}, [&](ArrayRef<Value> index) { body(index[0], block); },
          likely(outHeight) * likely(outWidth) * block * kernelHeight * kernelWidth *
              groupChannels);
    if (rest > 0)
      body(arith::ConstantIndexOp::create(b, full), rest);
  }

  Value linear(std::initializer_list<std::pair<Value, OpFoldResult>> terms) {
    Value sum;
    for (auto [value, factor] : terms) {
      Value term = toValue(b, multiply(b, value, factor));
      sum = sum ? arith::AddIOp::create(b, sum, term).getResult() : term;
    }
    return sum;
  }
  OpFoldResult index(int64_t value) { return b.getIndexAttr(value); }

  void emitRow(Value n, Value row, Value g, Value blockIndex, int64_t outputs) {
    Tile tile;
    tile.input = emitter.tensor(op.getInput())->memory;
    tile.weight = emitter.tensor(op.getWeight())->memory;
    tile.lanes = lanes;
    tile.vectors = llvm::divideCeil(outputs, lanes);
    tile.lastLanes = outputs - (tile.vectors - 1) * lanes;
    int64_t blockElements = kernelHeight * kernelWidth * groupChannels * block;
    tile.weightBase =
        linear({{g, index(blocks * blockElements)}, {blockIndex, index(blockElements)}});
    int64_t columnStep = across.stride * pixel;
    tile.rowStride = index(columnStep);
    Value channel = linear({{g, index(outChannels)}, {blockIndex, index(block)}});
    addBias(tile, channel);
    bool isRing = emitter.ringRows() > 0;
    if (kernelHeight > 1 || down.isPadded() || isRing) {
      OpFoldResult begin = index(0), end = index(kernelHeight);
      WindowSide::Taps taps = down.tapsAt(b, row);
      if (down.isPadded())
        begin = taps.begin, end = taps.end;
      ReductionLoop loop{end, multiply(b, rowElements, index(down.dilation)),
                         index(kernelWidth * groupChannels * block), begin};
      if (isRing)
        loop.inputAt = [=, this](Value tap) {
          Value y = linear({{taps.origin, index(1)}, {tap, index(down.dilation)}});
          return toValue(b, multiply(b, emitter.heldRow(y), rowElements));
        };
      tile.loops.push_back(std::move(loop));
    }

    Value rowBase = linear({{n, imageElements}, {g, index(groupChannels)}});
    if (!isRing)
      rowBase = arith::AddIOp::create(
          b, rowBase, linear({{row, multiply(b, rowElements, index(down.stride))}}));
    // Where tap 0 of column 0 lies, which may be in the padding.
    if (down.padBefore > 0 && !isRing)
      rowBase = offset(rowBase, -down.padBefore * *constantOf(width) * pixel);
    if (across.padBefore > 0)
      rowBase = offset(rowBase, -across.padBefore * pixel);
    forColumns(mostRows(emitter.options(), tile.vectors), [&](const Columns &columns) {
      Tile here = tile;
      here.rows = columns.count;
      addLoops(here, columns);
      here.inputBase =
          arith::AddIOp::create(b, rowBase, linear({{columns.first, index(columnStep)}}));
      SmallVector<Value> sums = emitTile(b, here);
      for (int64_t r = 0; r < columns.count; ++r)
        for (int64_t vector = 0; vector < tile.vectors; ++vector)
          epilogue.store({n, row, offset(columns.first, r), offset(channel, vector * lanes)},
                         sums[r * tile.vectors + vector]);
    });
    if (epilogue.needsFinish())
      emitter.loop(b.getIndexAttr(0), outWidth, 1, [&](Value column) {
        epilogue.finish({n, row, column}, channel, offset(channel, outputs));
      });
  }

  Value offset(Value base, int64_t by) {
    return by == 0
               ? base
               : arith::AddIOp::create(b, base, arith::ConstantIndexOp::create(b, by)).getResult();
  }

  /// A tile's columns of the result.
  struct Columns {
    Value first;
    int64_t count;
    SmallVector<TileRows> inside; ///< Those whose tap k lies in the image; empty for all.
  };

  /// Covers a row with tiles. Those that reach into the padding stand by themselves, since which of
  /// their pixels have which taps is then known.
  void forColumns(int64_t most, llvm::function_ref<void(const Columns &)> body) {
    if (!across.isPadded())
      return forRowTiles(emitter, index(0), outWidth, most,
                         [&](Value column, int64_t count) { body({column, count, {}}); });
    int64_t size = *constantOf(outWidth), count = evenRows(size, most);
    for (int64_t first = 0; first < size;) {
      int64_t end = first;
      while (end + count <= size && tapsOf(end, count).empty())
        end += count;
      if (end > first) {
        emitter.loop(index(first), index(end), count,
                     [&](Value column) { body({column, count, {}}); });
        first = end;
        continue;
      }
      int64_t here = std::min(count, size - first);
      body({arith::ConstantIndexOp::create(b, first), here, tapsOf(first, here)});
      first += here;
    }
  }

  SmallVector<TileRows> tapsOf(int64_t first, int64_t count) const {
    SmallVector<TileRows> rows;
    for (int64_t tap = 0; tap < kernelWidth; ++tap) {
      auto isOutside = [&](int64_t row) { return !across.isInside(first + row, tap); };
      // The columns with a tap in the image lie side by side.
      auto all = llvm::seq<int64_t>(0, count);
      auto begin = llvm::find_if_not(all, isOutside);
      auto end = std::find_if(begin, all.end(), isOutside);
      rows.push_back({begin - all.begin(), end - all.begin()});
    }
    auto isWhole = [&](TileRows it) { return it.begin == 0 && it.end == count; };
    if (llvm::all_of(rows, isWhole))
      rows.clear();
    return rows;
  }

  /// The loops over a window's row.
  void addLoops(Tile &tile, const Columns &columns) {
    // It lies in one piece when nothing is skipped.
    if (group == 1 && across.dilation == 1 && columns.inside.empty() &&
        (pixel == channels || kernelWidth == 1)) {
      tile.loops.push_back({index(kernelWidth * groupChannels), index(1), index(block)});
      return;
    }
    if (kernelWidth > 1 || !columns.inside.empty())
      tile.loops.push_back({index(kernelWidth),
                            index(across.dilation * pixel),
                            index(groupChannels * block),
                            {},
                            columns.inside});
    tile.loops.push_back({index(groupChannels), index(1), index(block)});
  }

  void addBias(Tile &tile, Value channel) {
    if (!op.getBias())
      return;
    Value bias = emitter.tensor(op.getBias())->memory;
    for (int64_t vector = 0; vector < tile.vectors; ++vector)
      tile.start.push_back(
          vector::LoadOp::create(b, VectorType::get(tile.lanesOf(vector), b.getF32Type()), bias,
                                 offset(channel, vector * lanes)));
  }

  KernelEmitter &emitter;
  ImplicitLocOpBuilder &b;
  nn::ConvNhwcOp op;
  EpilogueStore epilogue;
  WindowSide down, across;
  OpFoldResult batch, height, width, outHeight, outWidth, rowElements, imageElements;
  int64_t channels, pixel; // Of the image, and from one pixel of it to the next.
  int64_t group, blocks, kernelHeight, kernelWidth, groupChannels, block, outChannels, lanes;
};

} // namespace

bool pebble::emitConvNhwc(KernelEmitter &emitter, Operation *op) {
  ConvEmitter(emitter, cast<nn::ConvNhwcOp>(op)).run();
  return true;
}
