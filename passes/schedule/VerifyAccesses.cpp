// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/Followable.h"
#include "passes/schedule/verifier/AccessVerifier.h"

#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/TypeSwitch.h"

namespace pebble {
#define GEN_PASS_DEF_VERIFYACCESSES
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;
using Bytes = verifier::Region;

namespace {

/// Runs `@main` without its kernels: follows loops and branches and looks at what each launch reads
/// and writes.
class ProgramWalk {
public:
  ProgramWalk(func::FuncOp main, SymbolTable &symbols, int64_t arenaBytes)
      : main(main), symbols(symbols), memory(capacitiesOf(main, arenaBytes)) {}

  LogicalResult run() { return runBlock(main.getBody().front()); }

private:
  static std::vector<int64_t> capacitiesOf(func::FuncOp main, int64_t arenaBytes) {
    std::vector<int64_t> capacities;
    for (mem::RegionAttr region : mem::regionsOf(main))
      capacities.push_back(region.getBytes());
    return capacities.empty() ? std::vector<int64_t>{arenaBytes} : capacities;
  }

  int64_t number(Value value) { return numbers.lookup(value); }

  LogicalResult runBlock(Block &block) {
    for (Operation &op : block)
      if (failed(runOp(&op)))
        return failure();
    return success();
  }

  LogicalResult runOp(Operation *op) {
    auto binary = [&](auto compute) {
      numbers[op->getResult(0)] = compute(number(op->getOperand(0)), number(op->getOperand(1)));
      return success();
    };
    return llvm::TypeSwitch<Operation *, LogicalResult>(op)
        .Case([&](arith::ConstantOp constant) {
          if (auto value = dyn_cast<IntegerAttr>(constant.getValue()))
            numbers[constant] = value.getInt();
          return success();
        })
        .Case([&](arith::AddIOp) { return binary(std::plus<int64_t>()); })
        .Case([&](arith::SubIOp) { return binary(std::minus<int64_t>()); })
        .Case([&](arith::MulIOp) { return binary(std::multiplies<int64_t>()); })
        .Case([&](arith::MaxSIOp) {
          return binary([](int64_t a, int64_t b) { return std::max(a, b); });
        })
        .Case([&](arith::MinSIOp) {
          return binary([](int64_t a, int64_t b) { return std::min(a, b); });
        })
        // Others, and those of what is loaded, decide between branches, which are both followed.
        .Case([&](arith::CmpIOp) { return binary(std::equal_to<int64_t>()); })
        .Case([&](arith::SelectOp select) {
          numbers[select] = number(number(select.getCondition()) ? select.getTrueValue()
                                                                 : select.getFalseValue());
          return success();
        })
        .Case([&](scf::ForOp loop) -> LogicalResult {
          int64_t end = number(loop.getUpperBound()), step = number(loop.getStep());
          for (int64_t i = number(loop.getLowerBound()); i < end; i += step) {
            numbers[loop.getInductionVar()] = i;
            if (failed(runBlock(*loop.getBody())))
              return failure();
          }
          return success();
        })
        .Case([&](scf::IfOp branch) { return runIf(branch); })
        .Case<scf::YieldOp, memref::LoadOp>([&](Operation *reader) {
          std::vector<Bytes> reads;
          for (Value operand : reader->getOperands())
            if (isa<MemRefType>(operand.getType()))
              addWhole(operand, reads);
          return check(reader, reads, {}, {});
        })
        .Case([&](mem::RowOp row) {
          numbers[row] = number(row.getRow());
          return success();
        })
        .Case([&](mem::LaunchOp launch) { return runLaunch(launch); })
        .Case([&](mem::CopyOp copy) {
          std::vector<Bytes> reads, writes;
          addWhole(copy.getSource(), reads);
          addWhole(copy.getTarget(), writes);
          return check(copy, reads, writes, {});
        })
        .Default(success());
  }

  /// Both branches from the state before. Behind them a byte holds what both leave there, or, under
  /// a result of the branches, the result.
  LogicalResult runIf(scf::IfOp branch) {
    const verifier::MemoryContents before = memory;
    std::vector<verifier::MemoryContents> ends;
    for (Region *region : branch.getRegions()) {
      memory = before;
      if (!region->empty() && failed(runBlock(region->front())))
        return failure();
      ends.push_back(memory);
    }
    memory = ends[0];
    memory.meet(ends[1]);
    for (Value result : branch.getResults())
      choices[result].clear();
    for (Region *region : branch.getRegions()) {
      llvm::DenseMap<Place, Place> renamed;
      if (!region->empty())
        for (auto [result, value] :
             llvm::zip(branch.getResults(), region->front().getTerminator()->getOperands()))
          for (const Place &place : placesOf(value)) {
            auto [it, isNew] = renamed.try_emplace(place, place);
            if (isNew && !holds(place))
              it->second = renew(place);
            choices[result].push_back(it->second);
          }
    }
    return success();
  }

  /// Where a tensor lies, and its number.
  using Place = std::pair<Operation *, int64_t>;

  bool holds(const Place &place) const {
    std::vector<Bytes> reads;
    addRows(place, reads);
    return !verifier::MemoryContents(memory).run(reads, {});
  }

  /// What one branch has left at `place`, as a tensor that is there whichever branch was taken.
  Place renew(Place place) {
    place.second = count++;
    std::vector<Bytes> writes;
    addRows(place, writes);
    memory.run({}, writes);
    return place;
  }

  /// All that `buffer` may be; nothing where that is not in the arena.
  SmallVector<Place> placesOf(Value buffer) {
    buffer = behindViews(buffer);
    if (auto slot = buffer.getDefiningOp<mem::SlotOp>()) {
      auto [it, isNew] = tensors.try_emplace(slot, count);
      count += isNew;
      return {{slot, it->second}};
    }
    return choices.lookup(buffer);
  }

  LogicalResult runLaunch(mem::LaunchOp launch) {
    std::vector<Bytes> reads, writes, scratch;
    auto kernel = symbols.lookup<func::FuncOp>(launch.getKernel());
    if (kernel && failed(checkPitches(launch, kernel)))
      return failure();
    // A number for each output that is written over an input, on both.
    SmallVector<int64_t> pairs(launch.getInputs().size(), -1);
    for (auto [index, output] : llvm::enumerate(launch.getOutputs())) {
      size_t first = writes.size();
      addWhole(output, writes);
      int64_t operand = launch.getOver() ? (*launch.getOver())[index] : -1;
      if (operand < 0 || !kernel || !isSameMemory(launch.getInputs()[operand], output) ||
          !goesByElement(launch, kernel, operand, index))
        continue;
      pairs[operand] = index;
      for (Bytes &region : MutableArrayRef(writes).drop_front(first))
        region.pair = index;
    }
    for (auto [index, input] : llvm::enumerate(launch.getInputs())) {
      size_t first = reads.size();
      if (!launch.getRow() || !kernel || !addWindow(kernel, index, input, launch.getRow(), reads))
        addWhole(input, reads);
      for (Bytes &region : MutableArrayRef(reads).drop_front(first))
        region.pair = pairs[index];
    }
    if (launch.getScratch())
      addWhole(launch.getScratch(), scratch);
    return check(launch, reads, writes, scratch);
  }

  /// The kernel has to know of the strides of parts.
  static LogicalResult checkPitches(mem::LaunchOp launch, func::FuncOp kernel) {
    auto known = kernel->getAttrOfType<DenseI64ArrayAttr>(mem::pitchesName);
    size_t index = 0;
    for (Value buffer : llvm::concat<Value>(launch.getInputs(), launch.getOutputs())) {
      int64_t pitch = mem::pitchOf(cast<MemRefType>(buffer.getType()));
      int64_t expected = known ? known[index] : 0;
      if (pitch != expected)
        return launch.emitError("the memory plan is not valid: buffer ")
               << index << " has a pitch of " << pitch << " elements, its kernel expects "
               << expected;
      ++index;
    }
    return success();
  }

  static bool isSameMemory(Value input, Value output) {
    auto from = behindViews(input).getDefiningOp<mem::SlotOp>();
    auto to = behindViews(output).getDefiningOp<mem::SlotOp>();
    return from && to && from.regionNumber() == to.regionNumber() &&
           from.getOffset() == to.getOffset() && bytesOf(from) == bytesOf(to);
  }

  /// Whether the kernel finds operand `operand` where it stores result `result`, and takes element
  /// k of it for nothing but element k of the results.
  static bool goesByElement(mem::LaunchOp launch, func::FuncOp kernel, unsigned operand,
                            unsigned result) {
    auto over = kernel->getAttrOfType<DenseI64ArrayAttr>(mem::overName);
    if (!over || over.asArrayRef() != *launch.getOver())
      return false;
    Value read = kernel.getArgument(operand);
    auto end = cast<func::ReturnOp>(kernel.getBody().front().getTerminator());
    if (shapeOf(read) != shapeOf(end.getOperand(result)))
      return false;
    bool storesElements = true;
    Operation *summing = nullptr; // Makes sums of which the layers behind take one each.
    for (Operation &op : kernel.getBody().front().without_terminator()) {
      bool isByElement =
          isa<nn::ConstantOp, qnn::AddBytesOp, qnn::MulBytesOp, qnn::LookupBytesOp>(op) ||
          op.hasTrait<nn::ElementwiseOp>();
      storesElements &= isByElement || (!summing && op.hasTrait<nn::EpilogueOp>());
      if (!isByElement)
        summing = &op;
    }
    return storesElements && llvm::none_of(read.getUsers(), [&](Operation *user) {
             return user == summing || user == end ||
                    shapeOf(user->getResult(0)) != shapeOf(read) ||
                    (isa<qnn::LookupBytesOp>(user) && user->getOperand(0) != read);
           });
  }

  static ArrayRef<int64_t> shapeOf(Value tensor) {
    return cast<RankedTensorType>(tensor.getType()).getShape();
  }

  /// Taps of a layer's window from its first row to its last.
  static std::optional<int64_t> windowHeight(Operation *layer) {
    if (auto taps = layer->getAttrOfType<DenseI64ArrayAttr>("kernel_shape"))
      return taps[0];
    if (isa<nn::ConvNhwcOp>(layer))
      return shapeOf(layer->getOperand(1))[2];
    if (isa<nn::DepthwiseNhwcOp>(layer))
      return shapeOf(layer->getOperand(1))[0];
    return std::nullopt;
  }

  /// The rows under the taps of the kernel's window on operand `index`; false without one.
  bool addWindow(func::FuncOp kernel, unsigned index, Value buffer, Value row,
                 std::vector<Bytes> &regions) {
    Value argument = kernel.getArgument(index);
    for (Operation *layer : argument.getUsers()) {
      auto strides = layer->getAttrOfType<DenseI64ArrayAttr>("strides");
      auto dilations = layer->getAttrOfType<DenseI64ArrayAttr>("dilations");
      auto pads = layer->getAttrOfType<DenseI64ArrayAttr>("pads");
      std::optional<int64_t> height = windowHeight(layer);
      if (!height || !strides || !dilations || !pads || layer->getOperand(0) != argument)
        continue;
      int64_t rows = cast<RankedTensorType>(argument.getType()).getDimSize(1);
      for (int64_t tap = 0; tap < *height; ++tap) {
        int64_t y = number(row) * strides[0] - pads[0] + tap * dilations[0];
        if (y >= 0 && y < rows)
          addRow(buffer, y, regions);
      }
      return true;
    }
    return false;
  }

  static Value behindViews(Value buffer) {
    while (auto view = buffer.getDefiningOp<mem::ViewOp>())
      buffer = view.getSource();
    return buffer;
  }

  static int64_t bytesOf(Value buffer) {
    auto type = cast<MemRefType>(buffer.getType());
    return type.getNumElements() * type.getElementTypeBitWidth() / 8;
  }

  static int64_t rowsOf(Value buffer) {
    auto type = cast<MemRefType>(buffer.getType());
    return type.getRank() == 4 && type.getDimSize(0) == 1 ? type.getDimSize(1) : 1;
  }

  static void addRow(const Place &place, int64_t row, std::vector<Bytes> &regions) {
    auto slot = cast<mem::SlotOp>(place.first);
    if (bytesOf(slot) == 0)
      return;
    int64_t held = rowsOf(slot), rowBytes = bytesOf(slot) / held;
    regions.push_back({static_cast<int64_t>(slot.getOffset()) + row % held * rowBytes, rowBytes,
                       place.second << 32 | row, /*pair=*/-1, slot.regionNumber()});
  }

  static void addRows(const Place &place, std::vector<Bytes> &regions) {
    for (int64_t row = 0; row < rowsOf(place.first->getResult(0)); ++row)
      addRow(place, row, regions);
  }

  void addRow(Value buffer, int64_t row, std::vector<Bytes> &regions) {
    for (const Place &place : placesOf(buffer))
      addRow(place, row, regions);
  }

  void addWhole(Value buffer, std::vector<Bytes> &regions) {
    buffer = behindViews(buffer);
    if (buffer.getDefiningOp<mem::PartOp>())
      return addPart(buffer, regions);
    if (auto row = buffer.getDefiningOp<mem::RowOp>()) {
      size_t first = regions.size();
      addRow(row.getBuffer(), number(row), regions);
      for (Bytes &region : MutableArrayRef(regions).drop_front(first)) {
        region.offset += row.getColumnOffset();
        region.size = bytesOf(buffer);
      }
      return;
    }
    for (const Place &place : placesOf(buffer))
      addRows(place, regions);
  }

  /// The runs of a part along its last dim, each in a row of the buffer that it is a part of.
  void addPart(Value part, std::vector<Bytes> &regions) {
    auto type = cast<MemRefType>(part.getType());
    int64_t width = type.getElementTypeBitWidth() / 8, run = type.getShape().back() * width;
    int64_t begin = 0, step = mem::pitchOf(type) ? mem::pitchOf(type) * width : run;
    Value whole = part;
    while (Operation *maker = whole.getDefiningOp()) {
      if (auto cut = dyn_cast<mem::PartOp>(maker))
        begin += cut.getByteOffset();
      else if (!isa<mem::ViewOp>(maker))
        break;
      whole = maker->getOperand(0);
    }
    if (type.getNumElements() == 0)
      return;
    int64_t end = begin + type.getNumElements() * width / run * step;
    for (const Place &place : placesOf(whole)) {
      std::vector<Bytes> rows;
      addRows(place, rows);
      int64_t rowBytes = rows.front().size;
      for (int64_t at = begin; at < end; at += step)
        // A run of a part in one piece may be longer than a row.
        for (int64_t done = 0; done < run;) {
          const Bytes &row = rows[(at + done) / rowBytes];
          int64_t inRow = (at + done) % rowBytes, size = std::min(run - done, rowBytes - inRow);
          regions.push_back({row.offset + inRow, size, row.content, /*pair=*/-1, row.memory});
          done += size;
        }
    }
  }

  LogicalResult check(Operation *op, const std::vector<Bytes> &reads,
                      const std::vector<Bytes> &writes, const std::vector<Bytes> &scratch) {
    std::optional<verifier::AccessFault> fault = memory.run(reads, writes, scratch);
    if (!fault)
      return success();
    auto row = [](int64_t content) {
      return "row " + std::to_string(content & 0xFFFFFFFF) + " of buffer " +
             std::to_string(content >> 32);
    };
    std::string place = row(fault->region.content) + " in bytes [" +
                        std::to_string(fault->region.offset) + ", " +
                        std::to_string(fault->region.offset + fault->region.size) + ")";
    if (fault->region.memory != 0)
      place += " of region " + std::to_string(fault->region.memory);
    InFlightDiagnostic error = op->emitError("the memory plan is not valid: ");
    switch (fault->kind) {
    case verifier::AccessFault::outOfBounds:
      return error << place << " ends beyond the arena";
    case verifier::AccessFault::stale:
      return error << "it reads " << place << ", but byte " << fault->at << " has "
                   << (fault->found ? row(*fault->found) : "nothing");
    case verifier::AccessFault::overlap:
      return error << "it writes " << place << ", and uses byte " << fault->at << " for "
                   << row(*fault->found) << " at one time";
    }
    return failure();
  }

  func::FuncOp main;
  SymbolTable &symbols;
  verifier::MemoryContents memory;
  llvm::DenseMap<Value, int64_t> numbers;
  llvm::DenseMap<Operation *, int64_t> tensors;      // Numbers of slots, by first use.
  int64_t count = 0;                                 // Of tensors.
  llvm::DenseMap<Value, SmallVector<Place>> choices; // What results of branches may be.
};

class VerifyAccesses : public pebble::impl::VerifyAccessesBase<VerifyAccesses> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    auto main = symbols.lookup<func::FuncOp>("main");
    auto arena = main ? main->getAttrOfType<IntegerAttr>("mem.arena_bytes") : IntegerAttr();
    if (!arena || !isFollowable(main))
      return;
    if (failed(ProgramWalk(main, symbols, arena.getInt()).run()))
      signalPassFailure();
  }
};

} // namespace
