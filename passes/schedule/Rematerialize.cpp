// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/Macs.h"
#include "passes/analysis/NodeNames.h"
#include "passes/schedule/BlockGraph.h"
#include "passes/schedule/order/Recompute.h"

#include "mlir/Dialect/DLTI/DLTI.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

#include <map>
#include <numeric>
#include <tuple>

namespace pebble {
#define GEN_PASS_DEF_REMATERIALIZE
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

/// Orders and sets of operators to look at: seconds for a network of hundreds of layers.
constexpr int64_t recomputeSteps = 100'000;
/// Programs that are scheduled to the end to see what they need.
constexpr size_t mostTried = 4;

/// What it costs to run something again. Work is elements that are made or read, whichever are
/// more, and multiply-adds.
struct Cost {
  int64_t work = 0, products = 0;
};

int64_t elementsOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getNumElements();
}

/// Nothing for layers that must not run twice, or do much for an element.
std::optional<Cost> costOf(Operation *op) {
  using Result = std::optional<Cost>;
  if (std::optional<int64_t> products = macsOf(op); !products || *products > 0)
    return products ? Result({*products, *products}) : std::nullopt;
  int64_t made = 0;
  for (Value result : op->getResults())
    made += elementsOf(result);
  if (op->hasTrait<nn::ElementwiseOp>())
    return Cost{made};
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case<nn::BroadcastToOp, nn::TileOp, nn::TransposeOp, nn::SliceOp, nn::PadOp, nn::ConcatOp,
            nn::GatherOp, nn::GatherElementsOp, nn::GatherNDOp, nn::ReverseSequenceOp, nn::TriluOp,
            nn::RangeOp, nn::EyeLikeOp, nn::OneHotOp, nn::ReshapeOp, nn::BitCastOp, qnn::AddBytesOp,
            qnn::MulBytesOp, qnn::LookupBytesOp>([&](auto) { return Cost{made}; })
      .Case([&](nn::ResizeOp resize) {
        return resize.getMode() == nn::ResizeMode::nearest ? Result({made}) : std::nullopt;
      })
      .Case<nn::MaxPoolOp, nn::AvgPoolOp, nn::PoolNhwcOp, qnn::MaxBytesOp, qnn::AverageBytesOp>(
          [&](auto pool) {
            for (int64_t size : pool.getKernelShape())
              made *= size;
            return Cost{made};
          })
      .Case<nn::ReduceSumOp, nn::ReduceMeanOp, nn::ReduceMaxOp, nn::ReduceMinOp, nn::ReduceProdOp,
            qnn::MeanBytesOp>([](auto reduce) { return Cost{elementsOf(reduce.getInput())}; })
      .Default([](Operation *) { return std::nullopt; });
}

std::optional<Cost> costOf(func::FuncOp kernel) {
  Cost all;
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    if (isa<nn::ConstantOp>(op))
      continue;
    std::optional<Cost> cost = costOf(&op);
    if (!cost)
      return std::nullopt;
    all.work += cost->work;
    all.products += cost->products;
  }
  return all;
}

func::FuncOp kernelOf(Operation *op, SymbolTable &symbols) {
  auto launch = dyn_cast<nn::LaunchOp>(op);
  auto kernel = launch ? symbols.lookup<func::FuncOp>(launch.getKernel()) : func::FuncOp();
  return kernel && !kernel.isExternal() ? kernel : func::FuncOp();
}

/// Whether kernels and names can be made again.
bool canRepeat(Block &block, SymbolTable &symbols) {
  return isPlain(block) && llvm::all_of(block, [&](Operation &op) {
           bool isKnown = !isa<nn::LaunchOp>(op) || kernelOf(&op, symbols);
           bool isSized =
               !isName(&op) || llvm::all_of(op.getOperands().drop_front(), [](Value operand) {
                 Operation *maker = operand.getDefiningOp();
                 return maker && maker->hasTrait<OpTrait::ConstantLike>();
               });
           return isKnown && isSized;
         });
}

/// Turns the operations of a block into the runs of its graph.
class Repeater {
public:
  Repeater(Block &block, SymbolTable &symbols, const order::Recomputation &runs)
      : block(block), given(block, symbols), runs(runs),
        made(given.values.begin(), given.values.end()), read(runs.graph.nodes) {
    made.resize(runs.graph.tensors.size());
    for (size_t t = 0; t < runs.graph.tensors.size(); ++t) {
      const order::Tensor &tensor = runs.graph.tensors[t];
      for (int consumer : tensor.consumers)
        read[consumer][runs.tensors[t]] = static_cast<int>(t);
      if (tensor.producer >= given.graph.nodes)
        copies[tensor.producer].push_back(static_cast<int>(t));
    }
    for (auto [index, value] : llvm::enumerate(given.values))
      origins[value] = static_cast<int>(index);
  }

  void run() {
    for (int run : runs.order) {
      Operation *op = given.ops[runs.nodes[run]];
      const bool isCopy = run >= given.graph.nodes;
      if (!isCopy) {
        op->moveBefore(block.getTerminator());
      } else {
        op = op->clone();
        block.getOperations().insert(block.getTerminator()->getIterator(), op);
        for (int t : copies[run]) {
          made[t] = op->getResult(given.values[runs.tensors[t]].getResultNumber());
          origins[made[t]] = runs.tensors[t];
        }
      }
      if (!isName(op))
        for (OpOperand &operand : op->getOpOperands())
          connect(operand, run, isCopy);
    }
    for (Operation *op : llvm::reverse(given.ops))
      if (isName(op) && op->use_empty())
        op->erase();
  }

private:
  /// Lets an operand name what its run reads.
  void connect(OpOperand &operand, int run, bool isCopy) {
    SmallVector<Operation *> names; // The last first.
    Value base = operand.get();
    for (Operation *maker = base.getDefiningOp(); maker && isName(maker);
         maker = base.getDefiningOp()) {
      names.push_back(maker);
      base = maker->getOperand(0);
    }
    auto origin = origins.find(base);
    if (origin == origins.end())
      return;
    Value wanted = made[read[run].at(origin->second)];
    // The names that a given operation reads come before it, those of its copies need not.
    if (wanted == base && (names.empty() || !isCopy))
      return;
    OpBuilder builder(operand.getOwner());
    for (Operation *name : llvm::reverse(names)) {
      Operation *again = builder.clone(*name);
      again->setOperand(0, wanted);
      wanted = again->getResult(0);
    }
    operand.set(wanted);
  }

  Block &block;
  BlockGraph given;
  const order::Recomputation &runs;
  std::vector<Value> made;                ///< Of the tensors of the runs.
  std::vector<std::map<int, int>> read;   ///< From given tensors to those that each run reads.
  std::map<int, std::vector<int>> copies; ///< What the runs that are copies make.
  llvm::DenseMap<Value, int> origins;     ///< The given tensors of values.
};

class Rematerialize : public pebble::impl::RematerializeBase<Rematerialize> {
public:
  using RematerializeBase::RematerializeBase;

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    auto main = symbols.lookup<func::FuncOp>("main");
    if (!main)
      return;
    if (!llvm::hasSingleElement(main.getBody()) || !canRepeat(main.getBody().front(), symbols)) {
      main.emitRemark("nothing is computed again: the model has control flow, or tensors whose "
                      "sizes only the run knows");
      return;
    }
    std::optional<Need> once = needOf(nullptr);
    if (!once || (once->bytes <= enough && once->products == 0))
      return;
    BlockGraph block(main.getBody().front(), symbols);
    block.addOvers();
    std::vector<order::Recomputation> found =
        order::recompute(block.graph, optionsFor(main, block, symbols));
    const order::Recomputation *best = nullptr;
    Need least = *once;
    size_t tried = 0;
    for (const order::Recomputation &runs : llvm::reverse(found)) {
      if (!runs.hasCopies(block.graph) || tried++ == mostTried)
        break;
      std::optional<Need> need = needOf(&runs);
      if (!need || rank(*need) >= rank(least) ||
          need->bytes >= std::max<int64_t>(once->bytes, enough + 1))
        continue;
      least = *need;
      best = &runs;
    }
    if (!best) {
      main.emitRemark("nothing is computed again: that would not lower the ")
          << once->bytes << " bytes of the arena";
      return;
    }
    InFlightDiagnostic remark = main.emitRemark("computed again: ");
    for (int run = block.graph.nodes; run < best->graph.nodes; ++run) {
      SmallVector<StringRef> names = nodeNames(block.ops[best->nodes[run]]->getLoc());
      remark << (run == block.graph.nodes ? "" : ", ");
      if (names.empty())
        remark << "a node without a name";
      else
        llvm::interleave(names, [&](StringRef name) { remark << name; }, [&] { remark << " + "; });
    }
    remark << "; the arena has " << least.bytes << " bytes instead of " << once->bytes << ", for "
           << best->work - best->products << " elements and " << best->products
           << " multiply-adds more";
    apply(main, symbols, *best);
  }

private:
  struct Need {
    int64_t bytes;
    int64_t products; ///< That are computed again.
  };

  /// What is to be least: bytes beyond what is enough, then products, then bytes.
  std::tuple<int64_t, int64_t, int64_t> rank(const Need &need) const {
    return {std::max<int64_t>(need.bytes, enough), need.products, need.bytes};
  }

  order::RecomputeOptions optionsFor(func::FuncOp main, const BlockGraph &block,
                                     SymbolTable &symbols) {
    order::RecomputeOptions options;
    options.steps = recomputeSteps;
    if (auto products = main->getAttrOfType<IntegerAttr>("mem.macs"))
      options.mostProducts = static_cast<int64_t>(products.getInt() * extraWork / 100);
    for (Operation *op : block.ops) {
      func::FuncOp kernel = kernelOf(op, symbols);
      std::optional<Cost> cost = kernel ? costOf(kernel) : std::nullopt;
      const bool isAllowed = cost && cost->products <= options.mostProducts;
      options.work.push_back(isAllowed ? cost->work : -1);
      options.products.push_back(isAllowed ? cost->products : 0);
      // Beside products, of no more elements than the program has.
      for (Value result : op->getResults())
        options.mostWork += elementsOf(result);
    }
    options.mostWork += options.mostProducts;
    return options;
  }

  static void apply(func::FuncOp main, SymbolTable &symbols, const order::Recomputation &runs) {
    Block &entry = main.getBody().front();
    Repeater(entry, symbols, runs).run();
    BlockGraph after(entry, symbols);
    after.addOvers();
    std::vector<int> order(after.graph.nodes);
    std::iota(order.begin(), order.end(), 0);
    Builder builder(main.getContext());
    main->setAttr("mem.live_bytes", builder.getI64IntegerAttr(order::peakOf(after.graph, order)));
    // It was that of running everything once.
    main->removeAttr("mem.live_lower_bound");
    if (runs.products > 0)
      main->setAttr("mem.extra_products", builder.getI64IntegerAttr(runs.products));
  }

  /// What the program needs when it is scheduled to the end, with `runs` or as it is.
  std::optional<Need> needOf(const order::Recomputation *runs) {
    ModuleOp copy = getOperation().clone();
    // The module around it has the same: two cannot be combined.
    copy->removeAttr(DLTIDialect::kDataLayoutAttrName);
    getOperation().push_back(copy);
    SymbolTable symbols(copy);
    auto main = symbols.lookup<func::FuncOp>("main");
    if (runs)
      apply(main, symbols, *runs);
    std::optional<Need> need;
    if (llvm::all_of(schedule, [&](OpPassManager &pipeline) {
          return succeeded(runPipeline(pipeline, copy));
        }))
      if (auto bytes = main->getAttrOfType<IntegerAttr>("mem.arena_bytes")) {
        auto again = main->getAttrOfType<IntegerAttr>("mem.extra_products");
        need = Need{bytes.getInt(), again ? again.getInt() : 0};
      }
    copy.erase();
    return need;
  }
};

} // namespace
