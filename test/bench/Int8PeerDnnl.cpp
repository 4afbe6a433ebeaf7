// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "test/bench/Int8Peer.h"

#include <dnnl.hpp>

#include <cstring>
#include <memory>
#include <unordered_map>

using namespace dnnl;
using pebble::bench::Int8Peer;

namespace {

using Type = memory::data_type;
using Tag = memory::format_tag;

/// A primitive with everything it works on.
struct Work {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  dnnl::primitive primitive;
  std::unordered_map<int, memory> arguments;

  template <typename T> memory filled(const memory::desc &description, const T *data) {
    memory result(description, engine);
    memcpy(result.get_data_handle(), data, description.get_size());
    return result;
  }
  /// In the layout that the primitive wants.
  memory reordered(memory from, const memory::desc &wanted) {
    if (from.get_desc() == wanted)
      return from;
    memory to(wanted, engine);
    reorder(from, to).execute(stream, from, to);
    stream.wait();
    return to;
  }
};

std::function<void()> runner(std::shared_ptr<Work> work) {
  return [work] {
    work->primitive.execute(work->stream, work->arguments);
    work->stream.wait();
  };
}

/// One scale a channel, and a zero point of the result.
primitive_attr requantization(const std::vector<float> &scale, int64_t channels) {
  primitive_attr attributes;
  attributes.set_output_scales(1 << 1, {scale.begin(), scale.begin() + channels});
  attributes.set_zero_points(DNNL_ARG_DST, 0, {3});
  return attributes;
}

} // namespace

const char *Int8Peer::description() {
  static const std::string text = "peer: oneDNN " + std::to_string(version()->major) + "." +
                                  std::to_string(version()->minor) + "." +
                                  std::to_string(version()->patch);
  return text.c_str();
}

std::function<void()> Int8Peer::gemm(int64_t m, int64_t n, int64_t k, const uint8_t *a,
                                     const std::vector<int8_t> &weights,
                                     const std::vector<int32_t> &bias,
                                     const std::vector<float> &scale) {
  auto work = std::make_shared<Work>();
  memory::desc source({m, k}, Type::u8, Tag::ab), target({m, n}, Type::u8, Tag::ab);
  memory::desc biasDesc({1, n}, Type::s32, Tag::ab);
  matmul::primitive_desc description(
      matmul::desc(source, {{k, n}, Type::s8, Tag::any}, biasDesc, target),
      requantization(scale, n), work->engine);
  work->primitive = matmul(description);
  work->arguments = {
      {DNNL_ARG_SRC, work->filled(source, a)},
      {DNNL_ARG_WEIGHTS, work->reordered(work->filled({{k, n}, Type::s8, Tag::ba}, weights.data()),
                                         description.weights_desc())},
      {DNNL_ARG_BIAS, work->filled(biasDesc, bias.data())},
      {DNNL_ARG_DST, memory(target, work->engine)}};
  return runner(work);
}

std::function<void()> Int8Peer::conv(const pebble_x86_window &w, bool isDepthwise,
                                     const uint8_t *input, const std::vector<int8_t> &weights,
                                     const std::vector<int32_t> &bias,
                                     const std::vector<float> &scale) {
  auto work = std::make_shared<Work>();
  memory::desc source({w.batch, w.inChannels, w.inHeight, w.inWidth}, Type::u8, Tag::nhwc);
  memory::desc target({w.batch, w.outChannels, w.outHeight, w.outWidth}, Type::u8, Tag::nhwc);
  memory::desc biasDesc({w.outChannels}, Type::s32, Tag::a);
  memory::dims shape{w.outChannels, w.inChannels, w.kernelHeight, w.kernelWidth};
  if (isDepthwise)
    shape = {w.inChannels, 1, 1, w.kernelHeight, w.kernelWidth};
  auto end = [](int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t begin) {
    return (out - 1) * stride + kernel - in - begin;
  };
  memory::dims padEnd{end(w.inHeight, w.outHeight, w.kernelHeight, w.strideHeight, w.padTop),
                      end(w.inWidth, w.outWidth, w.kernelWidth, w.strideWidth, w.padLeft)};
  convolution_forward::primitive_desc description(
      convolution_forward::desc(prop_kind::forward_inference, algorithm::convolution_direct, source,
                                {shape, Type::s8, Tag::any}, biasDesc, target,
                                {w.strideHeight, w.strideWidth}, {w.padTop, w.padLeft}, padEnd),
      requantization(scale, w.outChannels), work->engine);
  work->primitive = convolution_forward(description);
  memory::desc plain(shape, Type::s8, isDepthwise ? Tag::goihw : Tag::ohwi);
  work->arguments = {{DNNL_ARG_SRC, work->filled(source, input)},
                     {DNNL_ARG_WEIGHTS, work->reordered(work->filled(plain, weights.data()),
                                                        description.weights_desc())},
                     {DNNL_ARG_BIAS, work->filled(biasDesc, bias.data())},
                     {DNNL_ARG_DST, memory(target, work->engine)}};
  return runner(work);
}
