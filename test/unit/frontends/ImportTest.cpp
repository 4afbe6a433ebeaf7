// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What ONNX graphs become in the nn dialect, and what is said of those that cannot be imported.
#include "test/unit/frontends/Models.h"

#include "dialects/nn/Constants.h"
#include "dialects/nn/NN.h"
#include "dialects/qnn/QNN.h"
#include "dialects/qnn/Quantization.h"
#include "frontends/onnx/Importer.h"
#include "frontends/onnx/Registry.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

namespace pebble::onnx::test {

namespace {

class Import : public testing::Test {
protected:
  mlir::func::FuncOp import(const proto::ModelProto &proto, const ImportOptions &options = {}) {
    problems = Problems();
    std::shared_ptr<const Model> model = read(proto, problems);
    if (model)
      module = importModel(model, context, options, problems);
    return module ? *module->getOps<mlir::func::FuncOp>().begin() : mlir::func::FuncOp();
  }

  template <typename OpTy> size_t count() {
    size_t number = 0;
    module->walk([&](OpTy) { ++number; });
    return number;
  }

  static mlir::RankedTensorType resultType(mlir::func::FuncOp function, unsigned index = 0) {
    return llvm::cast<mlir::RankedTensorType>(function.getResultTypes()[index]);
  }

  mlir::MLIRContext context;
  Problems problems;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

constexpr int64_t dynamic = mlir::ShapedType::kDynamic;

TEST_F(Import, NamesInputsAndOutputs) {
  mlir::func::FuncOp function = import(reluModel());
  ASSERT_TRUE(function);
  EXPECT_EQ(function.getArgAttrOfType<mlir::StringAttr>(0, "nn.name"), "x");
  EXPECT_EQ(function.getResultAttrOfType<mlir::StringAttr>(0, "nn.name"), "y");
  EXPECT_EQ(count<nn::ReluOp>(), 1u);
}

TEST_F(Import, BindsSymbolicDims) {
  proto::ModelProto model = emptyModel();
  addInput(*model.mutable_graph(), "x", {"batch", 3});
  addOutput(*model.mutable_graph(), "y");
  addNode(*model.mutable_graph(), "Relu", {"x"}, {"y"});
  mlir::func::FuncOp function = import(model);
  ASSERT_TRUE(function);
  EXPECT_EQ(resultType(function).getShape(), (llvm::ArrayRef<int64_t>{dynamic, 3}));
  auto dims = function.getArgAttrOfType<mlir::ArrayAttr>(0, "nn.dims");
  ASSERT_TRUE(dims);
  EXPECT_EQ(llvm::cast<mlir::StringAttr>(dims[0]), "batch");

  function = import(model, {.dims = {{"batch", 4}}, .watched = {}});
  ASSERT_TRUE(function);
  EXPECT_EQ(resultType(function).getShape(), (llvm::ArrayRef<int64_t>{4, 3}));

  EXPECT_FALSE(import(model, {.dims = {{"width", 4}}, .watched = {}}));
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems.all().front().code, ProblemCode::DimBinding);
}

TEST_F(Import, FoldsTheArithmeticOfShapes) {
  // y = Reshape(x, Concat(Shape(x)[0:1], [-1])) on dims batch x 3 x 4.
  proto::ModelProto model = emptyModel();
  proto::GraphProto &graph = *model.mutable_graph();
  addInput(graph, "x", {2, 3, 4});
  addOutput(graph, "y");
  for (const auto &[name, value] : {std::pair{"zero", 0}, {"one", 1}, {"rest", -1}})
    *graph.add_initializer() = ints(name, {value});
  addNode(graph, "Shape", {"x"}, {"s"});
  addNode(graph, "Slice", {"s", "zero", "one"}, {"b"});
  proto::NodeProto *concat = addNode(graph, "Concat", {"b", "rest"}, {"t"});
  addAttribute(*concat, "axis", proto::AttributeProto::INT)->set_i(0);
  addNode(graph, "Reshape", {"x", "t"}, {"y"});
  mlir::func::FuncOp function = import(model);
  ASSERT_TRUE(function);
  EXPECT_EQ(resultType(function).getShape(), (llvm::ArrayRef<int64_t>{2, 12}));
  EXPECT_EQ(count<nn::ConcatOp>() + count<nn::SliceOp>() + count<nn::ShapeOfOp>(), 0u);

  setType(*graph.mutable_input(0), "x", proto::TensorProto::FLOAT, {"batch", 3, 4});
  graph.mutable_input(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->mutable_shape()
      ->mutable_dim()
      ->DeleteSubrange(0, 3);
  *graph.mutable_initializer(2) = ints("rest", {12});
  function = import(model);
  ASSERT_TRUE(function);
  EXPECT_EQ(resultType(function).getShape(), (llvm::ArrayRef<int64_t>{dynamic, 12}));
}

TEST_F(Import, ReportsAllUnknownOperatorsAtOnce) {
  proto::ModelProto model = emptyModel();
  proto::GraphProto &graph = *model.mutable_graph();
  addInput(graph, "x", {2});
  addOutput(graph, "c");
  addNode(graph, "NoSuchOp", {"x"}, {"a"});
  addNode(graph, "Relu", {"a"}, {"b"});
  addNode(graph, "NorThis", {"b"}, {"c"});
  EXPECT_FALSE(import(model));
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems.exitCode(), 3);
  EXPECT_EQ(problems.all()[0].op, "NoSuchOp");
  EXPECT_EQ(problems.all()[1].op, "NorThis");
  EXPECT_EQ(
      problems.all()[0].str().rfind("error[E3010]: node 'NoSuchOp_a' (NoSuchOp, opset 18): ", 0),
      0u);
}

TEST_F(Import, SaysWhatDoesNotFit) {
  proto::ModelProto model = emptyModel();
  proto::GraphProto &graph = *model.mutable_graph();
  addInput(graph, "x", {2, 3});
  addInput(graph, "z", {4});
  addOutput(graph, "y");
  addNode(graph, "Add", {"x", "z"}, {"y"});
  EXPECT_FALSE(import(model));
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems.exitCode(), 2);
  EXPECT_EQ(problems.all().front().node, "Add_y");
}

TEST_F(Import, ReportsMissingInputs) {
  for (const char *op : {"Conv", "MatMul", "Reshape", "Gather", "Gemm", "Pad", "TopK", "Slice",
                         "Softmax", "LSTM", "Resize", "Split", "Where"}) {
    proto::ModelProto model = emptyModel();
    addInput(*model.mutable_graph(), "x", {1, 2, 3, 4});
    addOutput(*model.mutable_graph(), "y");
    addNode(*model.mutable_graph(), op, {}, {"y"});
    EXPECT_FALSE(import(model)) << op;
    EXPECT_EQ(problems.exitCode(), 2) << op;
  }
}

TEST_F(Import, InlinesFunctionsWithTheirAttributes) {
  proto::ModelProto model = emptyModel();
  model.add_opset_import()->set_domain("local");
  model.mutable_opset_import(1)->set_version(1);
  proto::FunctionProto *function = model.add_functions();
  function->set_domain("local");
  function->set_name("Flat");
  function->add_input("f");
  function->add_output("g");
  function->add_attribute("at");
  *function->add_opset_import() = model.opset_import(0);
  proto::NodeProto *inner = addNode(*function, "Flatten", {"f"}, {"g"});
  addAttribute(*inner, "axis", proto::AttributeProto::INT)->set_ref_attr_name("at");
  addInput(*model.mutable_graph(), "x", {2, 3, 4});
  addOutput(*model.mutable_graph(), "y");
  proto::NodeProto *call = addNode(*model.mutable_graph(), "Flat", {"x"}, {"y"});
  call->set_domain("local");
  addAttribute(*call, "at", proto::AttributeProto::INT)->set_i(2);
  mlir::func::FuncOp main = import(model);
  ASSERT_TRUE(main);
  EXPECT_EQ(resultType(main).getShape(), (llvm::ArrayRef<int64_t>{6, 4}));

  // A function that calls itself has no body to inline.
  inner->set_op_type("Flat");
  inner->set_domain("local");
  *function->add_opset_import() = model.opset_import(1);
  EXPECT_FALSE(import(model));
  EXPECT_EQ(problems.all().front().code, ProblemCode::Function);
}

/// Loop that doubles `v` and collects what `v` was.
proto::ModelProto loopModel() {
  proto::ModelProto model = emptyModel();
  proto::GraphProto &graph = *model.mutable_graph();
  addInput(graph, "n", {}, proto::TensorProto::INT64);
  addInput(graph, "x", {2});
  addOutput(graph, "last");
  addOutput(graph, "all");
  proto::NodeProto *loop = addNode(graph, "Loop", {"n", "", "x"}, {"last", "all"});
  proto::GraphProto &body = *addAttribute(*loop, "body", proto::AttributeProto::GRAPH)->mutable_g();
  addInput(body, "i", {}, proto::TensorProto::INT64);
  addInput(body, "go", {}, proto::TensorProto::BOOL);
  addInput(body, "v", {2});
  addNode(body, "Identity", {"go"}, {"goOn"});
  addNode(body, "Add", {"v", "v"}, {"twice"});
  for (const char *name : {"goOn", "twice", "v"})
    addOutput(body, name);
  return model;
}

TEST_F(Import, GrowsScanOutputsOfLoops) {
  mlir::func::FuncOp function = import(loopModel());
  ASSERT_TRUE(function) << (problems.empty() ? "" : problems.all().front().str());
  EXPECT_EQ(count<nn::LoopOp>(), 1u);
  EXPECT_EQ(resultType(function, 0).getShape(), (llvm::ArrayRef<int64_t>{2}));
  EXPECT_EQ(resultType(function, 1).getShape(), (llvm::ArrayRef<int64_t>{dynamic, 2}));
}

TEST_F(Import, MakesDimsThatChangeInALoopDynamic) {
  proto::ModelProto model = loopModel();
  proto::GraphProto &body =
      *model.mutable_graph()->mutable_node(0)->mutable_attribute(0)->mutable_g();
  proto::NodeProto *concat = body.mutable_node(1);
  concat->set_op_type("Concat");
  addAttribute(*concat, "axis", proto::AttributeProto::INT)->set_i(0);
  mlir::func::FuncOp function = import(model);
  ASSERT_TRUE(function) << (problems.empty() ? "" : problems.all().front().str());
  EXPECT_EQ(resultType(function, 0).getShape(), (llvm::ArrayRef<int64_t>{dynamic}));
  EXPECT_EQ(resultType(function, 1).getShape(), (llvm::ArrayRef<int64_t>{dynamic, dynamic}));
}

TEST_F(Import, MovesTheSignsOfScalesIntoCodes) {
  proto::ModelProto model = emptyModel();
  proto::GraphProto &graph = *model.mutable_graph();
  addOutput(graph, "y");
  auto addTensor = [&](const char *name, proto::TensorProto::DataType type) {
    proto::TensorProto *tensor = graph.add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(type);
    tensor->add_dims(2);
    return tensor;
  };
  proto::TensorProto *codes = addTensor("q", proto::TensorProto::INT8);
  codes->add_int32_data(-3);
  codes->add_int32_data(5);
  proto::TensorProto *scales = addTensor("s", proto::TensorProto::FLOAT);
  scales->add_float_data(-0.5f);
  scales->add_float_data(0.25f);
  addAttribute(*addNode(graph, "DequantizeLinear", {"q", "s"}, {"y"}), "axis",
               proto::AttributeProto::INT)
      ->set_i(0);
  auto typedScales = [&] {
    llvm::SmallVector<double> found;
    module->walk([&](qnn::DequantizeOp op) {
      found = qnn::quantizationOf(op.getInput().getType())->scales;
    });
    return found;
  };
  auto codesAre = [&](llvm::ArrayRef<int64_t> expected) {
    bool found = false;
    module->walk([&](qnn::StorageCastOp op) {
      std::optional<llvm::SmallVector<int64_t>> values = nn::constantInts(op.getInput());
      found |= values && llvm::ArrayRef(*values) == expected;
    });
    return found;
  };
  ASSERT_TRUE(import(model)) << (problems.empty() ? "" : problems.all().front().str());
  EXPECT_EQ(typedScales(), (llvm::SmallVector<double>{0.5, 0.25}));
  EXPECT_TRUE(codesAre({3, 5}));

  // The opposite of the lowest code is no code.
  codes->set_int32_data(0, -128);
  ASSERT_TRUE(import(model));
  EXPECT_EQ(count<qnn::DequantizeOp>(), 0u);
}

TEST_F(Import, HoldsNarrowTypesAsTheirCodes) {
  proto::ModelProto model = emptyModel(25);
  proto::GraphProto &graph = *model.mutable_graph();
  addInput(graph, "x", {2, 3}, proto::TensorProto::FLOAT8E5M2);
  addInput(graph, "i", {2, 3}, proto::TensorProto::INT4);
  for (const char *name : {"y", "j", "f"})
    addOutput(graph, name);
  addNode(graph, "Identity", {"x"}, {"y"});
  addNode(graph, "Identity", {"i"}, {"j"});
  addAttribute(*addNode(graph, "Cast", {"x"}, {"f"}), "to", proto::AttributeProto::INT)
      ->set_i(proto::TensorProto::FLOAT);
  mlir::func::FuncOp function = import(model);
  ASSERT_TRUE(function) << (problems.empty() ? "" : problems.all().front().str());
  auto codes = [&](unsigned result) {
    return function.getResultAttrOfType<mlir::StringAttr>(result, "nn.codes");
  };
  EXPECT_EQ(function.getArgAttrOfType<mlir::StringAttr>(0, "nn.codes"), "f8e5m2");
  EXPECT_EQ(codes(0), "f8e5m2");
  EXPECT_EQ(codes(1), "i4");
  EXPECT_FALSE(codes(2));
  EXPECT_TRUE(resultType(function, 0).getElementType().isUnsignedInteger(8));
  EXPECT_TRUE(resultType(function, 1).getElementType().isSignlessInteger(8));
  EXPECT_TRUE(resultType(function, 2).getElementType().isF32());
  // The bits of a byte that are not an int4's are cut off where it comes in.
  EXPECT_EQ(function.getArgument(0), function.getBody().back().back().getOperand(0));
  EXPECT_EQ(count<nn::BitwiseXorOp>(), 1u);

  addNode(graph, "Neg", {"x"}, {"n"});
  EXPECT_FALSE(import(model));
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems.all().front().code, ProblemCode::UnsupportedNode);
}

TEST_F(Import, SharesLargeConstantsWithTheModel) {
  proto::ModelProto proto = reluModel();
  proto::GraphProto &graph = *proto.mutable_graph();
  proto::TensorProto *tensor = graph.add_initializer();
  tensor->set_name("w");
  tensor->set_data_type(proto::TensorProto::FLOAT);
  tensor->add_dims(100000);
  std::string raw(400000, '\0');
  raw[5] = 1;
  tensor->set_raw_data(raw);
  addOutput(graph, "w");
  Problems none;
  std::shared_ptr<const Model> model = read(proto, none);
  ASSERT_TRUE(model);
  const std::string &kept = model->proto().graph().initializer(0).raw_data();
  std::weak_ptr<const Model> watched = model;
  {
    mlir::MLIRContext own;
    mlir::OwningOpRef<mlir::ModuleOp> imported = importModel(model, own, {}, none);
    ASSERT_TRUE(imported);
    model.reset();
    EXPECT_FALSE(watched.expired());
    llvm::SmallVector<char> storage;
    imported->walk([&](nn::ConstantOp constant) {
      EXPECT_EQ(nn::rawBytes(constant.getValue(), storage).data(), kept.data());
    });
  }
  EXPECT_TRUE(watched.expired());
}

TEST(Registry, HasOneRowPerOperatorAndVersion) {
  llvm::ArrayRef<OpEntry> rows = Registry::get().entries();
  for (size_t i = 1; i < rows.size(); ++i)
    EXPECT_FALSE(rows[i - 1].domain == rows[i].domain && rows[i - 1].name == rows[i].name &&
                 rows[i - 1].since == rows[i].since)
        << rows[i].name.str();
}

} // namespace

} // namespace pebble::onnx::test
