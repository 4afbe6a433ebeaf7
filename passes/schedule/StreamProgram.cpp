// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/StreamProgram.h"

#include "passes/analysis/Macs.h"
#include "passes/schedule/stream/OrderSearch.h"

using namespace mlir;
using namespace pebble;

int64_t pebble::bytesOf(MemRefType type) {
  return type.getNumElements() * type.getElementTypeBitWidth() / 8;
}

StreamProgram::StreamProgram(func::FuncOp main, SymbolTable &symbols,
                             ArrayRef<StringRef> microkernels, bool inputInArena) {
  for (Operation &op : main.getBody().front().without_terminator()) {
    bool isBuffer =
        isa<mem::InputOp, mem::OutputOp, mem::ConstantOp, mem::ViewOp, memref::AllocOp>(op);
    bool isLayer = isa<mem::LaunchOp, mem::CopyOp>(op);
    plain &= isBuffer || isLayer || isa<arith::ConstantOp>(op);
    if (isBuffer)
      plain &= cast<MemRefType>(op.getResult(0).getType()).hasStaticShape();
  }
  plain &= llvm::hasSingleElement(main.getBody());
  if (!plain)
    return;
  for (Operation &op : main.getBody().front())
    if (isa<mem::LaunchOp, mem::CopyOp>(op))
      addLayer(&op, symbols, microkernels, inputInArena);
}

int StreamProgram::tensorOf(Value buffer) {
  auto [it, isNew] = numbers.try_emplace(buffer, static_cast<int>(buffers.size()));
  if (!isNew)
    return it->second;
  auto type = cast<MemRefType>(buffer.getType());
  bool hasRows = type.getRank() == 4 && type.getDimSize(0) == 1 && type.getNumElements() > 0;
  stream::Tensor tensor;
  tensor.rows = hasRows ? type.getDimSize(1) : 1;
  tensor.rowBytes = bytesOf(type) / tensor.rows;
  tensor.columns = hasRows ? type.getDimSize(2) : 1;
  tensor.isInArena = static_cast<bool>(buffer.getDefiningOp<memref::AllocOp>());
  tensor.isGiven = static_cast<bool>(buffer.getDefiningOp<mem::InputOp>());
  tensor.isKept = static_cast<bool>(buffer.getDefiningOp<mem::OutputOp>());
  program.tensors.push_back(tensor);
  buffers.push_back(buffer);
  return it->second;
}

void StreamProgram::addLayer(Operation *op, SymbolTable &symbols, ArrayRef<StringRef> microkernels,
                             bool inputInArena) {
  stream::Layer layer;
  std::optional<RowKernel> rows;
  memref::AllocOp scratch;
  SmallVector<Value> reads, writes;
  if (auto launch = dyn_cast<mem::LaunchOp>(op)) {
    auto kernel = symbols.lookup<func::FuncOp>(launch.getKernel());
    rows = RowKernel::of(kernel, microkernels);
    kernel.walk([&](Operation *op) { layer.work += macsOf(op).value_or(0); });
    llvm::append_range(reads, launch.getInputs());
    llvm::append_range(writes, launch.getOutputs());
    if (Value lent = launch.getScratch()) {
      scratch = lent.getDefiningOp<memref::AllocOp>();
      layer.scratch = bytesOf(scratch.getType());
    }
  } else {
    reads.push_back(op->getOperand(0));
    writes.push_back(op->getOperand(1));
  }
  for (auto [index, value] : llvm::enumerate(reads)) {
    Value buffer = bufferOf(value);
    if (buffer.getDefiningOp<mem::ConstantOp>())
      continue;
    stream::Read read{tensorOf(buffer)};
    if (rows && rows->reads[index]) {
      // A view with other dims has other rows.
      if (cast<MemRefType>(buffer.getType()).getShape() !=
          cast<MemRefType>(value.getType()).getShape())
        rows.reset();
      else {
        read.window = rows->reads[index]->rows;
        if (rows->hasColumns)
          read.across = rows->reads[index]->columns;
      }
    }
    if (inputInArena && buffer.getDefiningOp<mem::InputOp>())
      rows.reset();
    layer.reads.push_back(read);
  }
  for (Value value : writes)
    layer.results.push_back(tensorOf(bufferOf(value)));
  if (writes.size() != 1 || bufferOf(writes[0]) != writes[0])
    rows.reset();
  layer.byRows = rows.has_value();
  layer.hasColumns = rows && rows->hasColumns;
  if (!rows)
    for (stream::Read &read : layer.reads)
      read = {read.tensor};
  program.layers.push_back(std::move(layer));
  layers.push_back(op);
  rowKernels.push_back(std::move(rows));
  scratchBuffers.push_back(scratch);
}

void StreamProgram::reorder(ArrayRef<int> order) {
  StreamProgram old = *this;
  program = stream::reordered(old.program, std::vector<int>(order.begin(), order.end()));
  for (auto [place, layer] : llvm::enumerate(order)) {
    layers[place] = old.layers[layer];
    rowKernels[place] = old.rowKernels[layer];
    scratchBuffers[place] = old.scratchBuffers[layer];
    // Buffers and their views depend on no layer, so all layers can stand behind them.
    layers[place]->moveBefore(layers[place]->getBlock()->getTerminator());
  }
}
