// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The interpreter on small programs: control flow, kernels, errors, and what constants share.

#include "dialects/interpreter/Interpreter.h"
#include "dialects/nn/Constants.h"
#include "dialects/nn/NN.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

using namespace pebble;
using namespace pebble::interpreter;

namespace {

class InterpreterTest : public testing::Test {
protected:
  InterpreterTest() : context(mlir::MLIRContext::Threading::DISABLED) {
    context.loadDialect<nn::NNDialect, mlir::func::FuncDialect>();
  }

  /// Runs @main of `text`; the results, or nothing with the reason in `error`.
  std::optional<llvm::SmallVector<Tensor>>
  run(llvm::StringRef text, llvm::ArrayRef<Tensor> arguments, Observer observer = nullptr) {
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    if (!module) {
      error = "does not parse";
      return std::nullopt;
    }
    llvm::SmallVector<Tensor> results;
    auto main = module->lookupSymbol<mlir::func::FuncOp>("main");
    if (failed(interpretFunction(main, arguments, results, error, observer)))
      return std::nullopt;
    return results;
  }

  template <typename T>
  static Tensor tensor(int32_t dtype, llvm::ArrayRef<int64_t> dims, std::vector<T> values) {
    llvm::ArrayRef<char> bytes(reinterpret_cast<const char *>(values.data()),
                               values.size() * sizeof(T));
    return *Tensor::copyOf(dtype, dims, bytes);
  }
  static Tensor floats(llvm::ArrayRef<int64_t> dims, std::vector<float> values) {
    return tensor(PEBBLE_F32, dims, std::move(values));
  }
  static Tensor ints(llvm::ArrayRef<int64_t> dims, std::vector<int64_t> values) {
    return tensor(PEBBLE_I64, dims, std::move(values));
  }
  static Tensor boolean(bool value) { return tensor<uint8_t>(PEBBLE_BOOL, {}, {value}); }

  template <typename T> static std::vector<T> values(const Tensor &tensor) {
    return std::vector<T>(tensor.data<T>(), tensor.data<T>() + tensor.numElements());
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::string error;
};

TEST_F(InterpreterTest, TakesTheBranchThatTheConditionChooses) {
  const char *text = R"(
    func.func @main(%c: tensor<i1>, %x: tensor<2xf32>) -> tensor<2xf32> {
      %0 = nn.if %c : (tensor<i1>) -> tensor<2xf32> {
        nn.yield %x : tensor<2xf32>
      } else {
        %1 = nn.neg %x : (tensor<2xf32>) -> tensor<2xf32>
        nn.yield %1 : tensor<2xf32>
      }
      return %0 : tensor<2xf32>
    })";
  Tensor x = floats({2}, {1, -2});
  EXPECT_EQ(values<float>((*run(text, {boolean(true), x}))[0]), (std::vector<float>{1, -2}));
  EXPECT_EQ(values<float>((*run(text, {boolean(false), x}))[0]), (std::vector<float>{-1, 2}));
}

// Appends the iteration number to a vector that starts empty, until it is `last` or the trips end.
const char *growing = R"(
  func.func @main(%trips: tensor<i64>, %last: tensor<i64>, %start: tensor<?xi64>)
      -> tensor<?xi64> {
    %go = nn.constant dense<true> : tensor<i1>
    %one = nn.constant dense<1> : tensor<1xi64>
    %0 = nn.loop %trips, %go iter(%start) : (tensor<i64>, tensor<i1>, tensor<?xi64>)
        -> tensor<?xi64> {
    ^bb0(%i: tensor<i64>, %c: tensor<i1>, %v: tensor<?xi64>):
      %n = nn.reshape %i, %one {allowzero = false} : (tensor<i64>, tensor<1xi64>) -> tensor<1xi64>
      %w = nn.concat %v, %n {axis = 0 : i64} : (tensor<?xi64>, tensor<1xi64>) -> tensor<?xi64>
      %more = nn.compare lt, %i, %last : (tensor<i64>, tensor<i64>) -> tensor<i1>
      nn.yield %more, %w : tensor<i1>, tensor<?xi64>
    }
    return %0 : tensor<?xi64>
  })";

TEST_F(InterpreterTest, LoopsUntilTheTripsOrTheConditionEnd) {
  Tensor empty = ints({0}, {});
  EXPECT_EQ(values<int64_t>((*run(growing, {ints({}, {3}), ints({}, {99}), empty}))[0]),
            (std::vector<int64_t>{0, 1, 2}));
  EXPECT_EQ(values<int64_t>((*run(growing, {ints({}, {99}), ints({}, {1}), empty}))[0]),
            (std::vector<int64_t>{0, 1}));
  EXPECT_EQ((*run(growing, {ints({}, {0}), ints({}, {1}), empty}))[0].numElements(), 0);
}

TEST_F(InterpreterTest, RunsFusedLayersAndLaunchedKernels) {
  const char *text = R"(
    func.func private @kernel(%x: tensor<2xf32>) -> tensor<2xf32> {
      %0 = nn.mul %x, %x : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
      return %0 : tensor<2xf32>
    }
    func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
      %0 = nn.fused %x : (tensor<2xf32>) -> tensor<2xf32> {
      ^bb0(%a: tensor<2xf32>):
        %1 = nn.add %a, %a : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
        nn.yield %1 : tensor<2xf32>
      }
      %2 = nn.launch @kernel(%0) : (tensor<2xf32>) -> tensor<2xf32>
      return %2 : tensor<2xf32>
    })";
  int seen = 0;
  auto results =
      run(text, {floats({2}, {1, -3})}, [&](mlir::Operation *, llvm::ArrayRef<Tensor>) { ++seen; });
  ASSERT_TRUE(results) << error;
  EXPECT_EQ(values<float>((*results)[0]), (std::vector<float>{4, 36}));
  EXPECT_EQ(seen, 4);
}

TEST_F(InterpreterTest, CallsKernelsOnDimsThatOnlyTheRunKnows) {
  const char *text = R"(
    func.func @main(%x: tensor<?x?xf32>, %axes: tensor<?xi64>) -> tensor<?x?xf32> {
      %0 = nn.reduce_sum %x, %axes {keepdims = true} : (tensor<?x?xf32>, tensor<?xi64>)
          -> tensor<?x?xf32>
      return %0 : tensor<?x?xf32>
    })";
  auto results = run(text, {floats({2, 3}, {1, 2, 3, 4, 5, 6}), ints({1}, {-1})});
  ASSERT_TRUE(results) << error;
  EXPECT_EQ((*results)[0].dims(), (llvm::ArrayRef<int64_t>{2, 1}));
  EXPECT_EQ(values<float>((*results)[0]), (std::vector<float>{6, 15}));
}

TEST_F(InterpreterTest, SaysWhichOpFailedAndWhy) {
  const char *text = R"(
    func.func @main(%x: tensor<3xf32>, %i: tensor<1xi64>) -> tensor<1xf32> {
      %0 = nn.gather %x, %i {axis = 0 : i64} : (tensor<3xf32>, tensor<1xi64>) -> tensor<1xf32>
          loc("lookup")
      return %0 : tensor<1xf32>
    })";
  EXPECT_FALSE(run(text, {floats({3}, {1, 2, 3}), ints({1}, {3})}));
  EXPECT_NE(error.find("nn.gather"), std::string::npos) << error;
  EXPECT_NE(error.find("lookup"), std::string::npos) << error;
  EXPECT_NE(error.find("an index is out of range"), std::string::npos) << error;
}

TEST_F(InterpreterTest, RefusesTensorsThatAreNoValuesOfTheType) {
  const char *text = R"(
    func.func @main(%x: tensor<?x3xf32>) -> tensor<?x3xf32> {
      return %x : tensor<?x3xf32>
    })";
  EXPECT_TRUE(run(text, {floats({1, 3}, {1, 2, 3})}));
  EXPECT_FALSE(run(text, {floats({3, 1}, {1, 2, 3})}));
  EXPECT_FALSE(run(text, {floats({3}, {1, 2, 3})}));
  EXPECT_FALSE(run(text, {ints({1, 3}, {1, 2, 3})}));
  EXPECT_FALSE(run(text, {}));
}

TEST_F(InterpreterTest, BroadcastFailuresNameBothDims) {
  const char *text = R"(
    func.func @main(%x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
      %0 = nn.add %x, %y : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
      return %0 : tensor<?xf32>
    })";
  EXPECT_FALSE(run(text, {floats({2}, {1, 2}), floats({3}, {1, 2, 3})}));
  EXPECT_NE(error.find("a dim of 2 with one of 3"), std::string::npos) << error;
}

TEST_F(InterpreterTest, LargeConstantsShareTheirElements) {
  std::vector<float> numbers(5000);
  for (size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = float(i);
  Tensor original = floats({5000}, numbers);
  mlir::ElementsAttr attr = original.toAttr(&context);
  ASSERT_TRUE(llvm::isa<mlir::DenseResourceElementsAttr>(attr));
  std::optional<Tensor> back = Tensor::of(attr);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->bytes().data(), original.bytes().data());
}

TEST_F(InterpreterTest, ConstantsKeepBooleansAndSplats) {
  Tensor flags = tensor<uint8_t>(PEBBLE_BOOL, {3}, {1, 0, 1});
  std::optional<Tensor> back = Tensor::of(flags.toAttr(&context));
  ASSERT_TRUE(back);
  EXPECT_EQ(values<uint8_t>(*back), (std::vector<uint8_t>{1, 0, 1}));

  Tensor splat = floats({10000}, std::vector<float>(10000, 2.5f));
  mlir::ElementsAttr attr = splat.toAttr(&context);
  EXPECT_TRUE(attr.isSplat());
  back = Tensor::of(attr);
  ASSERT_TRUE(back);
  EXPECT_EQ(values<float>(*back), values<float>(splat));

  Tensor empty = floats({0, 4}, {});
  back = Tensor::of(empty.toAttr(&context));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->dims(), (llvm::ArrayRef<int64_t>{0, 4}));
}

TEST_F(InterpreterTest, ReadsConstantIntegersOfEveryWidth) {
  const char *text = R"(
    func.func @main() -> (tensor<2xui8>, tensor<2xi16>, tensor<3xi64>, tensor<2xi1>) {
      %0 = nn.constant dense<[255, 1]> : tensor<2xui8>
      %1 = nn.constant dense<[-5, 5]> : tensor<2xi16>
      %2 = nn.constant dense<7> : tensor<3xi64>
      %3 = nn.constant dense<[true, false]> : tensor<2xi1>
      return %0, %1, %2, %3 : tensor<2xui8>, tensor<2xi16>, tensor<3xi64>, tensor<2xi1>
    })";
  ASSERT_TRUE(run(text, {})) << error;
  auto main = module->lookupSymbol<mlir::func::FuncOp>("main");
  mlir::Operation *terminator = main.front().getTerminator();
  std::vector<std::vector<int64_t>> expected = {{255, 1}, {-5, 5}, {7, 7, 7}, {1, 0}};
  for (auto [operand, numbers] : llvm::zip(terminator->getOperands(), expected)) {
    auto found = nn::constantInts(operand);
    ASSERT_TRUE(found);
    EXPECT_EQ(std::vector<int64_t>(found->begin(), found->end()), numbers);
  }
}

} // namespace
