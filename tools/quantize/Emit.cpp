// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/quantize/Emit.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

using namespace pebble;
using namespace pebble::quantize;

namespace {

/// ONNX's types for codes. Widths that it has no type for are held in 8 bits.
struct Storage {
  int bits;
  int unsignedType, signedType;
  int64_t opset; ///< The version that brought the types.
};

constexpr Storage kStorages[] = {
    {2, proto::TensorProto::UINT2, proto::TensorProto::INT2, 25},
    {4, proto::TensorProto::UINT4, proto::TensorProto::INT4, 21},
    {8, proto::TensorProto::UINT8, proto::TensorProto::INT8, 13},
};

const Storage &storageOf(int bits) {
  for (const Storage &storage : kStorages)
    if (storage.bits == bits)
      return storage;
  return kStorages[std::size(kStorages) - 1];
}

class Emitter {
public:
  Emitter(const Graph &graph, const Plan &plan, const Numbers &numbers, bool biasesAreInputs)
      : plan(plan), numbers(numbers), biasesAreInputs(biasesAreInputs), source(graph),
        result{graph, {}, {}} {
    for (size_t i = 0; i < plan.layers.size(); ++i) {
      layerAt[plan.layers[i].node] = i;
      if (plan.layers[i].biasNode >= 0)
        biasAt[plan.layers[i].biasNode] = i;
    }
    result.sums.resize(plan.layers.size());
    result.biasInputs.resize(plan.layers.size());
  }

  Emitted run() {
    for (const auto &value : source.proto().input())
      if (plan.isQuantized(value.name()))
        quantizeInput(value.name());
    for (const auto &tensor : source.proto().initializer())
      if (plan.isQuantized(tensor.name()))
        quantizeConstant(tensor.name());
    for (int i = 0; i < source.proto().node_size(); ++i)
      emitNode(i);
    for (size_t i = 0; i < plan.layers.size(); ++i) {
      auto renamed = floatNames.find(plan.layers[i].sum);
      result.sums[i] = renamed == floatNames.end() ? plan.layers[i].sum : renamed->second;
    }
    result.graph.replaceNodes(std::move(nodes));
    result.graph.sweep();
    return std::move(result);
  }

private:
  Graph &graph() { return result.graph; }

  const Code &codeOf(const std::string &tensor) const {
    int group = plan.groupOf.at(tensor);
    return numbers.codeOf(group, plan.groups[group].bits);
  }

  proto::TensorProto &addCodes(const std::string &base, int type, const std::vector<int64_t> &dims,
                               const std::vector<int8_t> &codes, int bits) {
    proto::TensorProto &tensor = graph().addTensor(base);
    tensor.set_data_type(type);
    for (int64_t dim : dims)
      tensor.add_dims(dim);
    // Elements of less than a byte are packed, the first one lowest.
    size_t perByte = static_cast<size_t>(8 / bits);
    std::string bytes((codes.size() + perByte - 1) / perByte, 0);
    for (size_t i = 0; i < codes.size(); ++i) {
      unsigned field = static_cast<uint8_t>(codes[i]) & ((1u << bits) - 1);
      bytes[i / perByte] |= static_cast<char>(field << (i % perByte * bits));
    }
    tensor.set_raw_data(bytes);
    return tensor;
  }

  std::string addScalar(const std::string &base, float value) {
    return graph().addFloats(base, {{}, {value}});
  }

  /// The scale and zero point of a tensor's codes.
  std::pair<std::string, std::string> addCode(const std::string &base, const Code &code) {
    std::string scale = addScalar(base + "/scale", code.scale);
    const Storage &storage = storageOf(code.bits);
    std::string zero = addCodes(base + "/zero_point", storage.unsignedType, {},
                                {static_cast<int8_t>(code.zeroPoint)}, storage.bits)
                           .name();
    return {scale, zero};
  }

  void push(const std::string &op, const std::vector<std::string> &inputs,
            const std::string &output) {
    nodes.push_back(makeNode(op, graph().freshName(output + "/" + op), inputs, output));
  }

  /// Quantizes `from` and makes the numbers that the codes stand for `to`.
  void quantizeAndBack(const std::string &from, const std::string &to, const std::string &base,
                       const Code &code) {
    auto [scale, zero] = addCode(base, code);
    std::string number = from;
    // The type would let codes in that the width does not have.
    if (storageOf(code.bits).bits != code.bits) {
      number = graph().freshName(base + "/bounded");
      push("Clip",
           {from, addScalar(base + "/low", static_cast<float>(code.low())),
            addScalar(base + "/high", static_cast<float>(code.high()))},
           number);
    }
    std::string codes = graph().freshName(base + "/codes");
    push("QuantizeLinear", {number, scale, zero}, codes);
    push("DequantizeLinear", {codes, scale, zero}, to);
  }

  void quantizeInput(const std::string &tensor) {
    std::string name = graph().freshName(tensor + "/quantized");
    quantizeAndBack(tensor, name, tensor, codeOf(tensor));
    readNames[tensor] = name;
  }

  void quantizeConstant(const std::string &tensor) {
    FloatTensor value = *source.floats(tensor);
    const Code &code = codeOf(tensor);
    std::vector<int8_t> codes;
    for (float one : value.values)
      codes.push_back(static_cast<int8_t>(
          std::clamp(std::nearbyint(one / code.scale) + code.zeroPoint, 0.0f, float(code.most()))));
    const Storage &storage = storageOf(code.bits);
    auto [scale, zero] = addCode(tensor, code);
    std::string held =
        addCodes(tensor + "/codes", storage.unsignedType, value.dims, codes, storage.bits).name();
    readNames[tensor] = graph().freshName(tensor + "/quantized");
    push("DequantizeLinear", {held, scale, zero}, readNames[tensor]);
  }

  /// A tensor as a layer reads it, with as few bits as the layer asks for.
  std::string operand(const std::string &tensor, int bits) {
    int group = plan.groupOf.at(tensor);
    auto renamed = readNames.find(tensor);
    std::string wide = renamed == readNames.end() ? tensor : renamed->second;
    if (bits >= plan.groups[group].bits)
      return wide;
    std::string &narrow = narrowNames[{tensor, bits}];
    if (narrow.empty()) {
      std::string base = tensor + "/" + std::to_string(bits) + "bit";
      narrow = graph().freshName(base);
      quantizeAndBack(wide, narrow, base, numbers.codeOf(group, bits));
    }
    return narrow;
  }

  std::string weightOf(size_t index) {
    const QuantizedWeight &weight = numbers.weights[index];
    const std::string &base = plan.layers[index].weight;
    const Storage &storage = storageOf(weight.bits);
    bool perChannel = weight.scales.size() > 1;
    std::vector<int64_t> dims;
    if (perChannel)
      dims.push_back(static_cast<int64_t>(weight.scales.size()));
    std::string codes =
        addCodes(base + "/codes", storage.signedType, weight.dims, weight.codes, storage.bits)
            .name();
    std::string scale = graph().addFloats(base + "/scale", {dims, weight.scales});
    std::string zero = addCodes(base + "/zero_point", storage.signedType, dims,
                                std::vector<int8_t>(weight.scales.size(), 0), storage.bits)
                           .name();
    std::string name = graph().freshName(base + "/quantized");
    push("DequantizeLinear", {codes, scale, zero}, name);
    if (perChannel)
      setInt(nodes.back(), "axis", static_cast<int64_t>(weight.axis));
    return name;
  }

  /// The bias in steps of the products' scale; "" for a layer without one.
  std::string biasOf(size_t index) {
    const std::vector<float> &bias = numbers.biases[index];
    const Layer &layer = plan.layers[index];
    if (bias.empty())
      return "";
    std::string base = !layer.bias.empty() ? layer.bias : layer.output + "/bias";
    if (biasesAreInputs)
      return addBiasInput(index, base, bias.size());
    const QuantizedWeight &weight = numbers.weights[index];
    int group = plan.groupOf.at(layer.operands[0]);
    int bits = std::min(layer.bits.activations, plan.groups[group].bits);
    float input = numbers.codeOf(group, bits).scale;
    std::vector<float> scales;
    std::vector<int32_t> codes;
    for (float one : weight.scales)
      scales.push_back(input * one);
    for (size_t c = 0; c < bias.size(); ++c) {
      double code = std::nearbyint(bias[c] / double(scales[scales.size() == 1 ? 0 : c]));
      codes.push_back(static_cast<int32_t>(std::clamp<double>(
          code, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max())));
    }
    proto::TensorProto &tensor = graph().addTensor(base + "/codes");
    tensor.set_data_type(proto::TensorProto::INT32);
    tensor.add_dims(static_cast<int64_t>(codes.size()));
    tensor.set_raw_data(codes.data(), codes.size() * sizeof(int32_t));
    std::string held = tensor.name();
    std::vector<int64_t> dims;
    if (scales.size() > 1)
      dims.push_back(static_cast<int64_t>(scales.size()));
    std::string scale = graph().addFloats(base + "/scale", {dims, scales});
    std::string name = graph().freshName(base + "/quantized");
    push("DequantizeLinear", {held, scale}, name);
    if (scales.size() > 1)
      setInt(nodes.back(), "axis", 0);
    return name;
  }

  std::string addBiasInput(size_t index, const std::string &base, size_t channels) {
    std::string name = graph().freshName(base + "/input");
    proto::ValueInfoProto &input = *graph().proto().add_input();
    input.set_name(name);
    auto &type = *input.mutable_type()->mutable_tensor_type();
    type.set_elem_type(proto::TensorProto::FLOAT);
    type.mutable_shape()->add_dim()->set_dim_value(static_cast<int64_t>(channels));
    result.biasInputs[index] = name;
    return name;
  }

  void emitNode(int index) {
    proto::NodeProto node = source.node(index);
    auto layer = layerAt.find(index), biased = biasAt.find(index);
    for (int i = 0; i < node.input_size(); ++i) {
      const std::string input = node.input(i);
      bool isOperand =
          layer != layerAt.end() && i < int(plan.layers[layer->second].operands.size());
      if (isOperand)
        node.set_input(i, operand(input, plan.layers[layer->second].bits.activations));
      else if (readNames.count(input))
        node.set_input(i, readNames[input]);
    }
    if (layer != layerAt.end() && plan.layers[layer->second].hasWeight()) {
      node.set_input(1, weightOf(layer->second));
      std::string bias =
          plan.layers[layer->second].op == "MatMul" ? std::string() : biasOf(layer->second);
      if (!bias.empty() && node.input_size() > 2)
        node.set_input(2, bias);
      else if (!bias.empty())
        node.add_input(bias);
    }
    if (biased != biasAt.end())
      for (int i = 0; i < node.input_size(); ++i)
        if (source.node(index).input(i) == plan.layers[biased->second].bias)
          node.set_input(i, biasOf(biased->second));
    std::vector<std::string> quantized;
    for (int i = 0; i < node.output_size(); ++i) {
      const std::string output = node.output(i);
      if (!plan.isQuantized(output))
        continue;
      floatNames[output] = graph().freshName(output + "/float");
      node.set_output(i, floatNames[output]);
      quantized.push_back(output);
    }
    nodes.push_back(std::move(node));
    for (const std::string &output : quantized)
      quantizeAndBack(floatNames[output], output, output, codeOf(output));
  }

  const Plan &plan;
  const Numbers &numbers;
  bool biasesAreInputs;
  const Graph &source;
  Emitted result;
  std::vector<proto::NodeProto> nodes;
  std::map<int, size_t> layerAt, biasAt;
  std::map<std::string, std::string> readNames;  ///< Of inputs and constants as nodes read them.
  std::map<std::string, std::string> floatNames; ///< What is quantized to become the tensor.
  std::map<std::pair<std::string, int>, std::string> narrowNames;
};

} // namespace

int64_t quantize::opsetFor(const Plan &plan) {
  int64_t version = 13;
  auto need = [&](int bits) { version = std::max(version, storageOf(bits).opset); };
  for (const Group &group : plan.groups)
    need(group.bits);
  for (const Layer &layer : plan.layers) {
    need(layer.bits.activations);
    if (layer.hasWeight())
      need(layer.bits.weights);
  }
  return version;
}

Emitted quantize::emit(const Graph &graph, const Plan &plan, const Numbers &numbers,
                       bool biasesAreInputs) {
  return Emitter(graph, plan, numbers, biasesAreInputs).run();
}
