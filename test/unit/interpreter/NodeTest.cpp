// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Interprets the node tests of the onnx package: each imports, and gives the outputs that come with
// it. Nodes that the front end does not support are no concern of the interpreter. Each op on the
// way also has its result types inferred from less and less known operands: what is inferred has to
// hold for the results that the op gave.

#include "dialects/interpreter/Elementwise.h"
#include "dialects/interpreter/Interpreter.h"
#include "dialects/nn/NN.h"
#include "frontends/onnx/Importer.h"
#include "frontends/onnx/TensorData.h"
#include "frontends/onnx/onnx-ml.pb.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Matchers.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <set>
#include <sstream>

using namespace pebble;
using namespace pebble::interpreter;
namespace fs = std::filesystem;

namespace {

// Their outputs are random by definition.
const std::set<std::string> randomTests = {"test_bernoulli",
                                           "test_bernoulli_double",
                                           "test_bernoulli_double_expanded",
                                           "test_bernoulli_expanded",
                                           "test_bernoulli_seed",
                                           "test_bernoulli_seed_expanded",
                                           "test_training_dropout",
                                           "test_training_dropout_default",
                                           "test_training_dropout_default_mask",
                                           "test_training_dropout_mask"};

// Differ because the reference is off; test/conformance/expected_failures.txt says how.
const std::set<std::string> inexactTests = {"test_dft_inverse", "test_dft_inverse_opset19"};

std::string readFile(const fs::path &path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::optional<Tensor> readTensor(const fs::path &path, const onnx::Model &model,
                                 mlir::MLIRContext &context) {
  auto proto = std::make_shared<onnx::proto::TensorProto>();
  if (!proto->ParseFromString(readFile(path)) ||
      !(onnx::elementTypeOf(proto->data_type(), &context) || onnx::narrowBits(proto->data_type())))
    return std::nullopt;
  std::optional<Tensor> tensor = Tensor::of(onnx::tensorValue(*proto, model, proto, &context));
  // The attribute may share the message's memory; the tensor outlives both.
  return tensor ? Tensor::copyOf(tensor->dtype(), tensor->dims(), tensor->bytes()) : std::nullopt;
}

std::vector<Tensor> readTensors(const fs::path &folder, const std::string &prefix,
                                const onnx::Model &model, mlir::MLIRContext &context) {
  std::vector<Tensor> tensors;
  for (int i = 0;; ++i) {
    fs::path path = folder / (prefix + std::to_string(i) + ".pb");
    std::optional<Tensor> tensor =
        fs::exists(path) ? readTensor(path, model, context) : std::nullopt;
    if (!tensor)
      return tensors;
    tensors.push_back(std::move(*tensor));
  }
}

std::vector<double> toDoubles(const Tensor &tensor) {
  std::optional<Tensor> wide = Tensor::allocate(PEBBLE_F64, tensor.dims());
  EXPECT_TRUE(wide && convertElements(tensor, *wide));
  const double *data = wide->data<double>();
  return std::vector<double>(data, data + wide->numElements());
}

std::string difference(const Tensor &actual, const Tensor &expected) {
  std::ostringstream text;
  if (actual.dtype() != expected.dtype())
    text << "type " << actual.dtype() << " instead of " << expected.dtype();
  else if (actual.dims() != expected.dims())
    text << "other dims";
  if (!text.str().empty())
    return text.str();
  std::vector<double> a = toDoubles(actual), b = toDoubles(expected);
  for (size_t i = 0; i < a.size(); ++i)
    if (!(a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])) ||
          std::fabs(a[i] - b[i]) <= 1e-7 + 1e-3 * std::fabs(b[i]))) {
      text << "element " << i << " is " << a[i] << " instead of " << b[i];
      break;
    }
  return text.str();
}

/// What inference may know of the operands.
enum class Knowledge { everything, noValues, noOddDims, nothing };

/// Checks the types inferred for an op that gave `results`; empty when they hold.
std::string checkInference(mlir::Operation *op, llvm::ArrayRef<Tensor> results,
                           Knowledge knowledge) {
  auto inference = llvm::dyn_cast<mlir::InferTypeOpInterface>(op);
  if (!inference)
    return "";
  mlir::Block block;
  llvm::SmallVector<mlir::Value> operands;
  for (mlir::Value operand : op->getOperands()) {
    auto type = llvm::cast<mlir::RankedTensorType>(operand.getType());
    llvm::SmallVector<int64_t> dims(type.getShape());
    for (size_t i = 0; i < dims.size(); ++i)
      if (knowledge == Knowledge::nothing || (knowledge == Knowledge::noOddDims && i % 2 != 0))
        dims[i] = mlir::ShapedType::kDynamic;
    bool keep = knowledge == Knowledge::everything || knowledge == Knowledge::noOddDims;
    mlir::Attribute constant;
    bool isConstant = mlir::matchPattern(operand, mlir::m_Constant(&constant));
    operands.push_back(keep && isConstant ? operand
                                          : block.addArgument(type.clone(dims), op->getLoc()));
  }
  llvm::SmallVector<mlir::Type> types;
  std::string error;
  mlir::ScopedDiagnosticHandler handler(op->getContext(), [&](mlir::Diagnostic &diagnostic) {
    error += diagnostic.str();
    return mlir::success();
  });
  if (failed(inference.inferReturnTypes(op->getContext(), op->getLoc(), operands,
                                        op->getDiscardableAttrDictionary(),
                                        op->getPropertiesStorage(), op->getRegions(), types)))
    // Without a shape's length there is no rank to infer.
    return error.find("depends on it") != std::string::npos ? "" : error;
  for (size_t i = 0; i < types.size(); ++i)
    if (!results[i].fits(types[i])) {
      llvm::raw_string_ostream(error) << op->getName() << " is inferred as " << types[i]
                                      << " but gives " << results[i].tensorType(op->getContext());
      return error;
    }
  return "";
}

/// Empty when the test passes or does not apply; counts those that ran.
std::string runTest(const fs::path &folder, int &ran) {
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.loadDialect<nn::NNDialect, mlir::func::FuncDialect>();
  onnx::Problems problems;
  std::shared_ptr<const onnx::Model> model =
      onnx::readModel((folder / "model.onnx").string(), problems);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      model ? onnx::importModel(model, context, {}, problems) : nullptr;
  if (!module) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    problems.print(stream);
    return problems.exitCode() == 3 ? "" : text;
  }
  auto main = module->lookupSymbol<mlir::func::FuncOp>("main");
  for (const auto &data : fs::directory_iterator(folder)) {
    if (!data.is_directory())
      continue;
    std::vector<Tensor> inputs = readTensors(data.path(), "input_", *model, context);
    std::vector<Tensor> outputs = readTensors(data.path(), "output_", *model, context);
    llvm::SmallVector<Tensor> results;
    std::string error;
    std::string unsound;
    auto observe = [&](mlir::Operation *op, llvm::ArrayRef<Tensor> given) {
      for (Knowledge knowledge :
           {Knowledge::everything, Knowledge::noValues, Knowledge::noOddDims, Knowledge::nothing})
        if (unsound.empty())
          unsound = checkInference(op, given, knowledge);
    };
    if (failed(interpretFunction(main, inputs, results, error, observe)))
      return error;
    if (!unsound.empty())
      return unsound;
    ++ran;
    if (results.size() != outputs.size())
      return std::to_string(results.size()) + " outputs";
    for (size_t i = 0; i < results.size(); ++i)
      if (std::string bad = difference(results[i], outputs[i]); !bad.empty())
        return "output " + std::to_string(i) + ": " + bad;
  }
  return "";
}

TEST(NodeTest, GivesTheExpectedOutputs) {
  int ran = 0;
  std::set<fs::path> folders;
  for (const auto &entry : fs::directory_iterator(PEBBLE_NODE_TESTS))
    folders.insert(entry.path());
  const char *only = std::getenv("PEBBLE_NODE_TEST");
  for (const fs::path &folder : folders) {
    std::string name = folder.filename().string();
    if (randomTests.count(name) != 0 || (only && name.find(only) == std::string::npos))
      continue;
    std::string problem = runTest(folder, ran);
    bool isInexact = inexactTests.count(name) != 0;
    if (problem.empty() == isInexact)
      ADD_FAILURE() << name << ": " << (isInexact ? "is listed as inexact but passes" : problem);
  }
  if (!only)
    EXPECT_GE(ran, 1400) << "far fewer nodes than the front end supports were interpreted";
}

} // namespace
