// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/quantize/Plan.h"
#include "tools/quantize/Equalize.h"

#include "llvm/Support/raw_ostream.h"

#include <gtest/gtest.h>

using namespace pebble;
using namespace pebble::quantize;

namespace {

/// A model on the input x: [1, 2, 4, 4] with the nodes and 2x2x1x1 weights w0, w1, w2.
class Maker {
public:
  Maker() {
    model.set_ir_version(8);
    model.add_opset_import()->set_version(13);
    auto &input = *model.mutable_graph()->add_input();
    input.set_name("x");
    auto &type = *input.mutable_type()->mutable_tensor_type();
    type.set_elem_type(proto::TensorProto::FLOAT);
    for (int64_t dim : {1, 2, 4, 4})
      type.mutable_shape()->add_dim()->set_dim_value(dim);
    for (int i = 0; i < 3; ++i) {
      proto::TensorProto &weight = *model.mutable_graph()->add_initializer();
      weight.set_name("w" + std::to_string(i));
      weight.set_data_type(proto::TensorProto::FLOAT);
      for (int64_t dim : {2, 2, 1, 1})
        weight.add_dims(dim);
      for (float value : {1.0f, 2.0f, 30.0f, 40.0f})
        weight.add_float_data(value);
    }
  }

  Maker &op(const std::string &kind, const std::vector<std::string> &inputs,
            const std::string &output) {
    *model.mutable_graph()->add_node() = makeNode(kind, kind + "_" + output, inputs, output);
    return *this;
  }

  Graph graph(const std::string &output) {
    model.mutable_graph()->add_output()->set_name(output);
    std::string bytes = model.SerializeAsString();
    onnx::Problems problems;
    auto read = onnx::readModel(llvm::ArrayRef<char>(bytes.data(), bytes.size()), "", problems);
    problems.print(llvm::errs());
    return Graph(*read);
  }

private:
  proto::ModelProto model;
};

TEST(Plan, FusesReluAndSharesCodesOfMovers) {
  Graph graph = Maker()
                    .op("Conv", {"x", "w0"}, "a")
                    .op("Relu", {"a"}, "b")
                    .op("Transpose", {"b"}, "c")
                    .op("Conv", {"c", "w1"}, "d")
                    .graph("d");
  Plan plan = makePlan(graph, {});
  ASSERT_EQ(plan.layers.size(), 2u);
  EXPECT_EQ(plan.layers[0].output, "b");
  EXPECT_FALSE(plan.isQuantized("a"));
  EXPECT_EQ(plan.groupOf.at("b"), plan.groupOf.at("c"));
  EXPECT_NE(plan.groupOf.at("c"), plan.groupOf.at("d"));
  EXPECT_EQ(plan.groups[plan.groupOf.at("b")].sources, std::vector<std::string>{"b"});
}

TEST(Plan, DoesNotFuseWhatIsReadTwice) {
  Graph graph = Maker()
                    .op("Conv", {"x", "w0"}, "a")
                    .op("Relu", {"a"}, "b")
                    .op("Add", {"a", "b"}, "c")
                    .op("Conv", {"c", "w1"}, "d")
                    .graph("d");
  Plan plan = makePlan(graph, {});
  // a + relu(a) is a function of a alone.
  ASSERT_EQ(plan.layers.size(), 2u);
  EXPECT_TRUE(plan.isQuantized("a"));
  EXPECT_FALSE(plan.isQuantized("b"));
  EXPECT_TRUE(plan.isQuantized("c"));
}

TEST(Plan, StartsAFunctionAnewWhereALayerReadsItsResult) {
  Graph graph = Maker()
                    .op("Conv", {"x", "w0"}, "a")
                    .op("Sigmoid", {"a"}, "s")
                    .op("Mul", {"a", "s"}, "m")
                    .op("Conv", {"s", "w1"}, "c")
                    .op("Conv", {"m", "w2"}, "d")
                    .op("Add", {"c", "d"}, "e")
                    .graph("e");
  Plan plan = makePlan(graph, {});
  // The product has two quantized operands now.
  EXPECT_EQ(plan.names().count("Mul_m"), 1u);
  EXPECT_TRUE(plan.isQuantized("s"));
  EXPECT_EQ(plan.layers.size(), 5u);
}

TEST(Plan, TakesTheMostBitsThatOneReaderAsksFor) {
  Graph graph = Maker()
                    .op("Conv", {"x", "w0"}, "a")
                    .op("Conv", {"a", "w1"}, "b")
                    .op("Conv", {"a", "w2"}, "c")
                    .op("Add", {"b", "c"}, "d")
                    .graph("d");
  std::vector<std::string> problems;
  Policy policy = Policy::parse(R"({"schema_version": 1, "default": {"activations": 5}, "layers":
      {"Conv_b": {"activations": 4}, "Conv_c": {"weights": 3, "activations": 6}}})",
                                problems);
  EXPECT_TRUE(problems.empty());
  Plan plan = makePlan(graph, policy);
  EXPECT_EQ(plan.groups[plan.groupOf.at("a")].bits, 6);
  EXPECT_EQ(plan.groups[plan.groupOf.at("b")].bits, 5);
  EXPECT_EQ(plan.groups[plan.groupOf.at("d")].bits, 8);
  EXPECT_EQ(plan.layers[2].bits.weights, 3);
}

TEST(Equalize, KeepsTheProductOfTwoLayers) {
  Graph graph = Maker()
                    .op("Conv", {"x", "w0"}, "a")
                    .op("Relu", {"a"}, "b")
                    .op("Conv", {"b", "w1"}, "c")
                    .graph("c");
  Plan plan = makePlan(graph, {});
  ASSERT_EQ(equalizeLayers(graph, plan), 1);
  plan = makePlan(graph, {});
  FloatTensor first = *graph.floats(plan.layers[0].weight);
  FloatTensor second = *graph.floats(plan.layers[1].weight);
  const float before[] = {1, 2, 30, 40};
  for (int channel = 0; channel < 2; ++channel) {
    // Rows of the first and columns of the second have one range now.
    EXPECT_NEAR(std::max(first.values[2 * channel], first.values[2 * channel + 1]),
                std::max(second.values[channel], second.values[2 + channel]), 0.2);
    for (int from = 0; from < 2; ++from)
      for (int to = 0; to < 2; ++to)
        EXPECT_NEAR(first.values[2 * channel + from] * second.values[2 * to + channel],
                    before[2 * channel + from] * before[2 * to + channel], 1e-3);
  }
}

} // namespace
