// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lower/emitters/Emitters.h"
#include "passes/lower/emitters/Tile.h"

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
    ArrayRef<int64_t> input = cast<RankedTensorType>(op.getInput().getType()).getShape();
    ArrayRef<int64_t> weight = cast<RankedTensorType>(op.getWeight().getType()).getShape();
    ArrayRef<int64_t> result = cast<RankedTensorType>(op.getType()).getShape();
    batch = input[0], height = input[1], width = input[2], channels = input[3];
    group = weight[0], blocks = weight[1], kernelHeight = weight[2], kernelWidth = weight[3];
    groupChannels = weight[4], block = weight[5];
    outHeight = result[1], outWidth = result[2], outChannels = result[3] / group;
    lanes = emitter.options().vectorBytes / 4;
  }

  void run() {
    // Either the weights or the image is read again and again: the smaller one, if it does not fit
    // in the cache anyway.
    int64_t weightBytes = group * blocks * kernelHeight * kernelWidth * groupChannels * block * 4;
    int64_t imageBytes = height * width * channels * 4;
    int64_t rowsOutside = weightBytes <= cacheBytes ? weightBytes : weightBytes * batch * outHeight;
    int64_t blocksOutside = imageBytes <= cacheBytes ? imageBytes : imageBytes * group * blocks;
    OpFoldResult n = b.getIndexAttr(batch), rows = b.getIndexAttr(outHeight);
    OpFoldResult groups = b.getIndexAttr(group);
    int64_t pixel = kernelHeight * kernelWidth * groupChannels;
    if (rowsOutside <= blocksOutside)
      emitter.parallelLoops(
          {n, rows},
          [&](ArrayRef<Value> at) {
            emitter.parallelLoops({groups}, [&](ArrayRef<Value> g) {
              forBlocks([&](Value blockIndex, int64_t outputs) {
                emitRow(at[0], at[1], g[0], blockIndex, outputs);
              });
            });
          },
          outWidth * outChannels * group * pixel);
    else
      emitter.parallelLoops({groups}, [&](ArrayRef<Value> g) {
        forBlocks([&](Value blockIndex, int64_t outputs) {
          emitter.parallelLoops({n, rows}, [&](ArrayRef<Value> at) {
            emitRow(at[0], at[1], g[0], blockIndex, outputs);
          });
        });
      });
  }

private:
  /// Full blocks of output channels in a loop, the rest behind it.
  void forBlocks(llvm::function_ref<void(Value, int64_t)> body) {
    int64_t full = outChannels / block, rest = outChannels % block;
    if (full > 0)
      emitter.parallelLoops(
          {b.getIndexAttr(full)}, [&](ArrayRef<Value> index) { body(index[0], block); },
          outHeight * outWidth * block * kernelHeight * kernelWidth * groupChannels);
    if (rest > 0)
      body(arith::ConstantIndexOp::create(b, full), rest);
  }

  Value linear(std::initializer_list<std::pair<Value, int64_t>> terms) {
    Value sum;
    for (auto [value, factor] : terms) {
      Value term = factor == 1
                       ? value
                       : arith::MulIOp::create(b, value, arith::ConstantIndexOp::create(b, factor))
                             .getResult();
      sum = sum ? arith::AddIOp::create(b, sum, term).getResult() : term;
    }
    return sum;
  }

  void emitRow(Value n, Value row, Value g, Value blockIndex, int64_t outputs) {
    Tile tile;
    tile.input = emitter.tensor(op.getInput())->memory;
    tile.weight = emitter.tensor(op.getWeight())->memory;
    tile.lanes = lanes;
    tile.vectors = llvm::divideCeil(outputs, lanes);
    tile.lastLanes = outputs - (tile.vectors - 1) * lanes;
    int64_t blockElements = kernelHeight * kernelWidth * groupChannels * block;
    tile.weightBase = linear({{g, blocks * blockElements}, {blockIndex, blockElements}});
    tile.rowStride = b.getIndexAttr(op.getStrides()[1] * channels);
    addLoops(tile);
    Value channel = linear({{g, outChannels}, {blockIndex, block}});
    addBias(tile, channel);

    Value rowBase = linear({{n, height * width * channels},
                            {row, op.getStrides()[0] * width * channels},
                            {g, groupChannels}});
    auto emit = [&](Value column, int64_t rows) {
      Tile here = tile;
      here.rows = rows;
      here.inputBase =
          arith::AddIOp::create(b, rowBase, linear({{column, op.getStrides()[1] * channels}}));
      SmallVector<Value> sums = emitTile(b, here);
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t vector = 0; vector < tile.vectors; ++vector)
          epilogue.store({n, row, offset(column, r), offset(channel, vector * lanes)},
                         sums[r * tile.vectors + vector]);
    };
    int64_t rows = evenRows(outWidth, mostRows(emitter.options(), tile.vectors));
    int64_t full = outWidth / rows * rows;
    emitter.loop(b.getIndexAttr(0), b.getIndexAttr(full), rows,
                 [&](Value column) { emit(column, rows); });
    if (full < outWidth)
      emit(arith::ConstantIndexOp::create(b, full), outWidth - full);
    if (epilogue.needsFinish())
      emitter.loop(b.getIndexAttr(0), b.getIndexAttr(outWidth), 1, [&](Value column) {
        epilogue.finish({n, row, column}, channel, offset(channel, outputs));
      });
  }

  Value offset(Value base, int64_t by) {
    return by == 0
               ? base
               : arith::AddIOp::create(b, base, arith::ConstantIndexOp::create(b, by)).getResult();
  }

  void addLoops(Tile &tile) {
    auto loop = [&](int64_t count, int64_t inputStep, int64_t weightStep) {
      tile.loops.push_back(
          {b.getIndexAttr(count), b.getIndexAttr(inputStep), b.getIndexAttr(weightStep)});
    };
    if (kernelHeight > 1)
      loop(kernelHeight, op.getDilations()[0] * width * channels,
           kernelWidth * groupChannels * block);
    // A window's row lies in one piece when nothing is skipped.
    if (group == 1 && op.getDilations()[1] == 1)
      return loop(kernelWidth * groupChannels, 1, block);
    if (kernelWidth > 1)
      loop(kernelWidth, op.getDilations()[1] * channels, groupChannels * block);
    loop(groupChannels, 1, block);
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
  int64_t batch, height, width, channels, group, blocks, kernelHeight, kernelWidth, groupChannels,
      block, outHeight, outWidth, outChannels, lanes;
};

} // namespace

bool pebble::emitConvNhwc(KernelEmitter &emitter, Operation *op) {
  ConvEmitter(emitter, cast<nn::ConvNhwcOp>(op)).run();
  return true;
}
