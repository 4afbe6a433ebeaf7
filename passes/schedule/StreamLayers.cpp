// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/WriteOver.h"
#include "passes/schedule/ArenaPlan.h"
#include "passes/schedule/Parts.h"
#include "passes/schedule/StreamProgram.h"
#include "passes/schedule/stream/OrderSearch.h"
#include "passes/schedule/stream/RegionPlacement.h"
#include "passes/schedule/stream/StripSearch.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/SetVector.h"

#include <map>

namespace pebble {
#define GEN_PASS_DEF_STREAMLAYERS
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

/// Rewrites `@main` to the schedule: slots for its buffers, loops over rows for its blocks.
class Streamer {
public:
  Streamer(func::FuncOp main, SymbolTable &symbols, StreamProgram &source,
           const stream::Choice &choice)
      : main(main), symbols(symbols), source(source), strips(choice.strips),
        program(strips.program), schedule(choice.schedule), b(main.getLoc(), main.getContext()) {
    for (auto [layer, it] : llvm::enumerate(program.layers))
      for (int result : it.results)
        producers[result] = static_cast<int>(layer);
  }

  void run() {
    placeBuffers();
    for (const stream::Block &block : schedule.blocks)
      if (block.byRows)
        streamBlock(block);
    for (Operation *op : replaced)
      op->erase();
    main.walk([](Operation *op) {
      if (isa<mem::ViewOp, mem::SlotOp, memref::AllocOp>(op) && op->use_empty())
        op->erase();
    });
    for (func::FuncOp kernel : unused)
      if (kernel.symbolKnownUseEmpty(main->getParentOp()))
        symbols.erase(kernel);
    main->setAttr("mem.arena_bytes", b.getI64IntegerAttr(schedule.height));
    main->setAttr("mem.arena_lower_bound", b.getI64IntegerAttr(schedule.lowerBound));
  }

private:
  //===--- buffers --------------------------------------------------------===//

  void placeBuffers() {
    for (auto [t, part] : llvm::enumerate(strips.tensors)) {
      Value buffer = source.buffers[part.whole];
      if (auto alloc = buffer.getDefiningOp<memref::AllocOp>()) {
        const stream::Lives &lives = schedule.trace.lives[t];
        SmallVector<int64_t> shape(alloc.getType().getShape());
        if (lives.isRing)
          shape[1] = lives.depth;
        if (isCut(part))
          shape[2] = part.end - part.begin;
        buffer = makeSlot(alloc, shape, std::max<int64_t>(schedule.offsets[t], 0),
                          schedule.regions.empty() ? 0 : schedule.regions[t]);
        // Strips are used where their launches are made.
        if (!isCut(part))
          alloc.replaceAllUsesWith(buffer);
      }
      buffers.push_back(buffer);
    }
    for (auto [layer, part] : llvm::enumerate(strips.layers))
      if (memref::AllocOp scratch = source.scratchBuffers[part.whole])
        scratch.replaceAllUsesWith(
            makeSlot(scratch, scratch.getType().getShape(), schedule.scratchOffsets[layer],
                     schedule.regions.empty() ? 0 : schedule.scratchRegions[layer]));
  }

  Value makeSlot(memref::AllocOp alloc, ArrayRef<int64_t> shape, int64_t offset, int region) {
    b.setInsertionPoint(alloc);
    b.setLoc(alloc.getLoc());
    return mem::SlotOp::create(b, alloc.getType().clone(shape), offset,
                               region ? b.getI64IntegerAttr(region) : IntegerAttr());
  }

  /// Whether `part` is less than the tensor.
  bool isCut(const stream::Part &part) const {
    return part.end - part.begin != source.program.tensors[part.whole].columns;
  }

  //===--- loops ----------------------------------------------------------===//

  void streamBlock(const stream::Block &block) {
    // A strip comes after the one before it, all of whose layers are there already.
    latest = std::max(latest, strips.layers[block.last].whole);
    Operation *last = source.layers[latest];
    b.setInsertionPoint(last);
    b.setLoc(last->getLoc());
    int64_t rows = program.tensors[program.layers[block.last].results[0]].rows;
    Value zero = constant(0);
    forRows(zero, constant(rows), [&](Value row) { computeRow(block, block.last, row); });
    for (int layer = block.first; layer <= block.last; ++layer)
      replaced.insert(source.layers[strips.layers[layer].whole]);
  }

  Value constant(int64_t value) { return arith::ConstantIndexOp::create(b, value); }

  void forRows(Value begin, Value end, function_ref<void(Value)> body) {
    auto loop = scf::ForOp::create(b, begin, end, constant(1));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    body(loop.getInductionVar());
  }

  /// Asks the layers of the block that `layer` drives for the rows that its row `row` is the first
  /// to need, and computes it.
  void computeRow(const stream::Block &block, int layer, Value row) {
    std::map<int, const stream::Read *, std::greater<int>> asked;
    for (const stream::Read &read : program.layers[layer].reads) {
      auto producer = producers.find(read.tensor);
      if (producer != producers.end() && producer->second >= block.first &&
          producer->second < layer && schedule.trace.askers[producer->second] == layer)
        asked.try_emplace(producer->second, &read);
    }
    for (auto [producer, read] : asked)
      ask(block, producer, *read, row);
    b.setLoc(source.layers[strips.layers[layer].whole]->getLoc());
    launchRow(layer, row);
  }

  void ask(const stream::Block &block, int producer, const stream::Read &read, Value row) {
    int64_t rows = program.tensors[read.tensor].rows;
    stream::Window all{rows, 0, 0};
    const stream::Window &window = read.window ? *read.window : all;
    if (window.extent == 1 && window.stride == 1 && window.pad == 0)
      return computeRow(block, producer, row);
    forRows(firstNew(window, rows, row), endOf(window, rows, row),
            [&](Value next) { computeRow(block, producer, next); });
  }

  /// The first row of `rows` that row `row` does not read: clamp(row * stride - pad + extent).
  Value endOf(const stream::Window &window, int64_t rows, Value row) {
    Value end = arith::MulIOp::create(b, row, constant(window.stride));
    end = arith::AddIOp::create(b, end, constant(window.extent - window.pad));
    end = arith::MaxSIOp::create(b, end, constant(0));
    return arith::MinSIOp::create(b, end, constant(rows));
  }

  Value firstNew(const stream::Window &window, int64_t rows, Value row) {
    Value zero = constant(0);
    Value before = arith::SubIOp::create(b, row, constant(1));
    Value isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, row, zero);
    return arith::SelectOp::create(b, isFirst, zero, endOf(window, rows, before));
  }

  /// Row `row` of tensor `t`, or its columns [begin, end) of it, counted as in the whole tensor.
  Value rowOf(int t, Value row, int64_t begin, int64_t end) {
    auto type = cast<MemRefType>(buffers[t].getType());
    SmallVector<int64_t> shape(type.getShape());
    shape[1] = 1;
    IntegerAttr column;
    if (end - begin != shape[2]) {
      column = b.getI64IntegerAttr(begin - strips.tensors[t].begin);
      shape[2] = end - begin;
    }
    return mem::RowOp::create(b, type.clone(shape), buffers[t], row, column);
  }

  void launchRow(int layer, Value row) {
    const stream::Part &part = strips.layers[layer];
    auto launch = cast<mem::LaunchOp>(source.layers[part.whole]);
    Version version{launch.getKernel().str(), 0, part.begin, part.end};
    SmallVector<Value> inputs;
    auto read = program.layers[layer].reads.begin();
    const RowKernel &kernel = *source.rowKernels[part.whole];
    for (auto [operand, rows] : llvm::zip_equal(launch.getInputs(), kernel.reads)) {
      bool isConstant = static_cast<bool>(bufferOf(operand).getDefiningOp<mem::ConstantOp>());
      int t = isConstant ? -1 : (read++)->tensor;
      if (isConstant || !rows) {
        inputs.push_back(operand);
      } else if (rows->isAtPlace) {
        inputs.push_back(rowOf(t, row, part.begin, part.end));
      } else {
        version.ringRows = schedule.trace.lives[t].isRing ? schedule.trace.lives[t].depth : 0;
        version.inputBegin = strips.tensors[t].begin;
        version.inputEnd = strips.tensors[t].end;
        inputs.push_back(buffers[t]);
      }
    }
    Value output = rowOf(program.layers[layer].results[0], row, part.begin, part.end);
    version.isCut = part.end - part.begin != source.program.tensors[resultOf(part.whole)].columns;
    mem::LaunchOp::create(b, kernelFor(version, kernel), inputs, output, Value(),
                          kernel.isPointwise ? Value() : row, /*over=*/{});
  }

  int resultOf(int layer) const { return source.program.layers[layer].results[0]; }

  //===--- kernels --------------------------------------------------------===//

  /// A kernel that computes one row, or some columns of one.
  struct Version {
    std::string whole;
    int64_t ringRows = 0, begin = 0, end = 0, inputBegin = 0, inputEnd = 0;
    bool isCut = false;

    std::string symbol() const {
      std::string text = whole + (ringRows ? "_ring" + std::to_string(ringRows) : "_row");
      return isCut ? text + "_columns" + std::to_string(begin) + "_" + std::to_string(end) : text;
    }
  };

  StringRef kernelFor(const Version &version, const RowKernel &rows) {
    func::FuncOp &kernel = versions[version.symbol()];
    if (kernel)
      return kernel.getSymName();
    auto whole = symbols.lookup<func::FuncOp>(version.whole);
    kernel = whole.clone();
    kernel.setSymName(version.symbol());
    symbols.insert(kernel);
    if (!llvm::is_contained(unused, whole))
      unused.push_back(whole);
    if (!rows.isPointwise) {
      kernel->setAttr(mem::ringRowsName, b.getI64IntegerAttr(version.ringRows));
      if (version.isCut)
        kernel->setAttr(
            mem::columnsName,
            b.getDenseI64ArrayAttr({version.inputBegin, version.inputEnd - version.inputBegin,
                                    version.begin, version.end - version.begin}));
      return kernel.getSymName();
    }
    auto oneRow = [&](Type type) -> Type {
      auto tensor = cast<RankedTensorType>(type);
      SmallVector<int64_t> shape(tensor.getShape());
      shape[1] = 1;
      if (version.isCut)
        shape[2] = version.end - version.begin;
      return tensor.clone(shape);
    };
    Block &body = kernel.getBody().front();
    for (auto [argument, read] : llvm::zip_equal(body.getArguments(), rows.reads))
      if (read)
        argument.setType(oneRow(argument.getType()));
    for (Operation &op : body.without_terminator())
      if (!isa<nn::ConstantOp>(op))
        op.getResult(0).setType(oneRow(op.getResult(0).getType()));
    kernel.setFunctionType(
        FunctionType::get(kernel.getContext(), body.getArgumentTypes(),
                          SmallVector<Type>(body.getTerminator()->getOperandTypes())));
    return kernel.getSymName();
  }

  func::FuncOp main;
  SymbolTable &symbols;
  StreamProgram &source;
  const stream::Strips &strips;
  const stream::Program &program;
  const stream::Schedule &schedule;
  ImplicitLocOpBuilder b;
  SmallVector<Value> buffers;         // Of the tensors of `program`.
  int latest = 0;                     // Of the layers whose blocks are there.
  llvm::DenseMap<int, int> producers; // Of tensors.
  llvm::SmallSetVector<Operation *, 32> replaced;
  SmallVector<func::FuncOp> unused;
  std::map<std::string, func::FuncOp> versions;
};

/// The arena of all layers computed at once, over operands that die and in parts of others where
/// they can be; nothing where it does not fit the memories.
std::optional<int64_t> bytesAtOnce(func::FuncOp main, SymbolTable &symbols,
                                   const PartOptions &parts, ArrayRef<MemoryRegion> memories) {
  // Beside the kernels, which say what they read and write.
  func::FuncOp copy = main.clone();
  main->getParentOfType<ModuleOp>().push_back(copy);
  placeParts(copy, symbols, parts);
  for (auto &[launch, over] : chooseOver(copy, symbols))
    launch.setOver(over);
  FailureOr<ArenaPlan> plan = ArenaPlan::make(copy, ArenaPlan::planSteps, memories);
  copy.erase();
  if (failed(plan) || llvm::any_of(plan->regions, [](const PlannedRegion &region) {
        return region.memory.capacity && region.height > *region.memory.capacity;
      }))
    return std::nullopt;
  return plan->height;
}

class StreamLayers : public pebble::impl::StreamLayersBase<StreamLayers> {
public:
  using StreamLayersBase::StreamLayersBase;

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    auto main = symbols.lookup<func::FuncOp>("main");
    if (!main)
      return;
    SmallVector<StringRef> operations = operationsOf(microkernels);
    StreamProgram source(main, symbols, operations, inputInArena);
    if (!source.isPlain())
      return;
    stream::Options options;
    options.alignment = alignment;
    options.inPlace = inPlace;
    options.longestBlock = longestBlock;
    if (budget >= 0)
      options.budget = budget;
    // Whole layers that run again count, too.
    auto again = main->getAttrOfType<IntegerAttr>("mem.extra_products");
    const int64_t repeated = again ? again.getInt() : 0;
    int64_t products = -repeated;
    for (const stream::Layer &layer : source.program.layers)
      products += layer.work;
    SmallVector<MemoryRegion> memories;
    if (std::string fault = readRegions(regions, memories); !fault.empty()) {
      main.emitError("the memory regions are not as they must be: ") << fault;
      return signalPassFailure();
    }
    // Schedules by rows know nothing of layers that write over what they read at once, which
    // `write-in-place` makes of a program that is left as it is.
    std::optional<int64_t> bytes;
    if (!inputInArena && !listPoints)
      bytes = bytesAtOnce(main, symbols, {operations}, memories);
    if (bytes && *bytes <= budget)
      return;
    auto [choice, order] = chooseOrder(
        source.program, options,
        std::max<int64_t>(0, static_cast<int64_t>(products * extraWork / 100) - repeated),
        memories);
    if (bytes && *bytes <= choice.schedule.height)
      return;
    if (!llvm::is_sorted(order))
      source.reorder(order);
    std::vector<stream::Point> points;
    if (listPoints)
      points = stream::listPoints(source.program, options);
    Streamer(main, symbols, source, choice).run();
    Builder builder(&getContext());
    main->setAttr("mem.products", builder.getI64IntegerAttr(products));
    main->setAttr("mem.extra_products",
                  builder.getI64IntegerAttr(repeated + choice.strips.extraWork));
    std::vector<PlannedRegion> planned;
    for (auto [memory, use] : llvm::zip(memories, choice.schedule.uses))
      planned.push_back({memory, use.height, use.alive});
    describeRegions(main, planned);
    if (!listPoints)
      return;
    SmallVector<Attribute> list;
    for (const stream::Point &point : points)
      list.push_back(builder.getDenseI64ArrayAttr({point.height, point.extraWork, point.rowSteps}));
    main->setAttr("mem.points", builder.getArrayAttr(list));
  }

private:
  /// The schedule of the order that needs the fewest bytes, or of the first that the budget and the
  /// memories allow, and that order.
  std::pair<stream::Choice, std::vector<int>> chooseOrder(const stream::Program &program,
                                                          const stream::Options &options,
                                                          int64_t mostExtra,
                                                          ArrayRef<MemoryRegion> memories) {
    auto most = capacity < 0 ? std::nullopt : std::optional<int64_t>(capacity);
    stream::Capacities capacities;
    for (const MemoryRegion &memory : memories)
      capacities.push_back(memory.capacity);
    auto cost = [&](const stream::Choice &choice) {
      return std::tuple(stream::excessOf(choice.schedule, capacities),
                        std::max<int64_t>(choice.schedule.height, budget), choice.strips.extraWork);
    };
    std::optional<std::pair<stream::Choice, std::vector<int>>> best;
    int64_t lowerBound = stream::noHeight;
    for (std::vector<int> &order : stream::candidateOrders(program)) {
      const stream::Program ordered = stream::reordered(program, order);
      stream::Choice choice =
          memories.empty() ? stream::chooseStrips(ordered, options, most, mostExtra)
                           : stream::chooseForRegions(ordered, options, capacities, mostExtra);
      lowerBound = std::min(lowerBound, choice.schedule.lowerBound);
      if (!best || cost(choice) < cost(best->first))
        best.emplace(std::move(choice), std::move(order));
    }
    best->first.schedule.lowerBound = lowerBound;
    return std::move(*best);
  }
};

} // namespace
