// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Times the int8 microkernels on one thread, beside oneDNN where it is installed and beside what
// the processor's dot products could do. Blocks of both alternate, so that a change of the
// machine's speed hits both; a ratio is one of medians.
//
//   int8-kernels [--filter TEXT] [--rounds N] [--level NAME] [--json FILE]

#include "targets/x86/kernels/Native.h"
#include "targets/x86/kernels/Packing.h"
#include "test/bench/Int8Peer.h"

#include <nlohmann/json.hpp>

#include <immintrin.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <random>
#include <string>

using namespace pebble::x86;
using pebble::bench::Int8Peer;

namespace {

struct Contest {
  std::string group, name;
  double operations; // two a multiply-accumulate
  std::function<void()> ours, theirs;
};

template <typename T> std::vector<T> randomValues(int64_t count) {
  static std::mt19937 engine(1);
  std::vector<T> values(count);
  for (T &value : values)
    value = T(engine());
  return values;
}

/// Weights, bias and scales of `channels` results of runs * runLength products each.
struct Layer {
  Layer(int64_t channels, int64_t runs, int64_t runLength)
      : raw(randomValues<int8_t>(channels * runs * runLength)), bias(paddedChannels(channels), 100),
        scale(paddedChannels(channels), float(0.01 / std::sqrt(double(runs * runLength)))) {
    packed = packWeights(channels, runs, runLength, [&](int64_t n, int64_t run, int64_t k) {
      return raw[(n * runs + run) * runLength + k];
    });
  }
  std::vector<int8_t> raw, packed; // raw: [channels][runs][runLength]
  std::vector<int32_t> bias;
  std::vector<float> scale;
};

Contest gemmContest(const NativeLevel &level, int64_t m, int64_t n, int64_t k) {
  auto layer = std::make_shared<Layer>(n, 1, k);
  auto a = std::make_shared<std::vector<uint8_t>>(randomValues<uint8_t>(m * k));
  auto c = std::make_shared<std::vector<uint8_t>>(m * n);
  auto kernel = std::get<Products<uint8_t, uint8_t>>(level.products).gemm;
  Contest contest{"gemm",
                  std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k),
                  2.0 * m * n * k,
                  {},
                  {}};
  contest.ours = [=] {
    kernel(a->data(), k, layer->packed.data(), layer->bias.data(), layer->scale.data(), nullptr,
           c->data(), n, m, n, k, 3, 0, 255);
  };
  contest.theirs = Int8Peer::gemm(m, n, k, a->data(), layer->raw, layer->bias, layer->scale);
  return contest;
}

struct ConvShape {
  int64_t size, in, out, kernel, stride;
};

pebble_x86_window windowOf(const ConvShape &s) {
  const int64_t pad = s.kernel / 2, outSize = (s.size + 2 * pad - s.kernel) / s.stride + 1;
  return {1,        s.size,   s.size,   s.in,     s.in, outSize, outSize, s.out, s.out,
          s.kernel, s.kernel, s.stride, s.stride, 1,    1,       pad,     pad};
}

std::string nameOf(const ConvShape &s) {
  return std::to_string(s.size) + "x" + std::to_string(s.size) + "x" + std::to_string(s.in) + " k" +
         std::to_string(s.kernel) + " s" + std::to_string(s.stride) + " -> " +
         std::to_string(s.out);
}

Contest convContest(const NativeLevel &level, const char *group, const ConvShape &s) {
  const pebble_x86_window w = windowOf(s);
  const bool isRow = prefersRowRuns(s.in, s.kernel, s.kernel, 1);
  const int64_t runs = isRow ? s.kernel : s.kernel * s.kernel;
  const int64_t runLength = isRow ? s.kernel * s.in : s.in;
  auto layer = std::make_shared<Layer>(s.out, runs, runLength);
  auto input =
      std::make_shared<std::vector<uint8_t>>(randomValues<uint8_t>(s.size * s.size * s.in));
  auto padding = std::make_shared<std::vector<uint8_t>>(s.in, uint8_t(7));
  auto output = std::make_shared<std::vector<uint8_t>>(w.outHeight * w.outWidth * s.out);
  const Products<uint8_t, uint8_t> &kernels = std::get<0>(level.products);
  const auto conv = kernels.conv;
  const auto gemm = kernels.gemm;
  Contest contest{group,
                  nameOf(s),
                  2.0 * w.outHeight * w.outWidth * s.out * s.kernel * s.kernel * s.in,
                  {},
                  {}};
  if (s.kernel == 1 && s.stride == 1)
    contest.ours = [=] {
      gemm(input->data(), s.in, layer->packed.data(), layer->bias.data(), layer->scale.data(),
           nullptr, output->data(), s.out, s.size * s.size, s.out, s.in, 3, 0, 255);
    };
  else
    contest.ours = [=] {
      conv(&w, 1, isRow ? PEBBLE_X86_RUN_ROW : PEBBLE_X86_RUN_TAP, input->data(), padding->data(),
           layer->packed.data(), layer->bias.data(), layer->scale.data(), nullptr, output->data(),
           3, 0, 255, 0, w.outHeight);
    };
  contest.theirs = Int8Peer::conv(w, false, input->data(), layer->raw, layer->bias, layer->scale);
  return contest;
}

Contest depthwiseContest(const NativeLevel &level, const ConvShape &s) {
  const pebble_x86_window w = windowOf(s);
  auto layer = std::make_shared<Layer>(s.in, s.kernel, s.kernel);
  auto input =
      std::make_shared<std::vector<uint8_t>>(randomValues<uint8_t>(s.size * s.size * s.in));
  auto output = std::make_shared<std::vector<uint8_t>>(w.outHeight * w.outWidth * s.in);
  auto kernel = std::get<Products<uint8_t, uint8_t>>(level.products).depthwise;
  Contest contest{
      "depthwise", nameOf(s), 2.0 * w.outHeight * w.outWidth * s.in * s.kernel * s.kernel, {}, {}};
  contest.ours = [=] {
    kernel(&w, input->data(), 7, layer->packed.data(), layer->bias.data(), layer->scale.data(),
           nullptr, output->data(), 3, 0, 255, 0, w.outHeight);
  };
  contest.theirs = Int8Peer::conv(w, true, input->data(), layer->raw, layer->bias, layer->scale);
  return contest;
}

/// Bytes through the elementwise kernels; GOP/s are gigabytes of results here.
Contest elementwiseContest(const NativeLevel &level, const std::string &name) {
  constexpr int64_t count = 56 * 56 * 64;
  auto a = std::make_shared<std::vector<uint8_t>>(randomValues<uint8_t>(count));
  auto b = std::make_shared<std::vector<uint8_t>>(randomValues<uint8_t>(count));
  auto c = std::make_shared<std::vector<uint8_t>>(count);
  const auto add = std::get<0>(level.pointwise).add;
  const auto mul = std::get<0>(level.pointwise).mul;
  const auto lookup = level.lookup;
  Contest contest{"bytes", name, double(count), {}, {}};
  if (name == "add")
    contest.ours = [=] { add(a->data(), b->data(), c->data(), count, 0.4f, 0.6f, 3.0f, 0, 255); };
  else if (name == "mul")
    contest.ours = [=] { mul(a->data(), b->data(), c->data(), count, 3, 4, 5, 0.01f, 0, 255); };
  else
    contest.ours = [=] { lookup(a->data(), b->data(), c->data(), count); };
  return contest;
}

std::vector<Contest> contests(const NativeLevel &level, const std::string &filter) {
  std::vector<Contest> all;
  auto add = [&](const char *group, const std::string &name, auto make) {
    if ((group + (" " + name)).find(filter) != std::string::npos)
      all.push_back(make());
  };
  for (int64_t size : {64, 96, 128, 192, 256, 384, 512, 768, 1024})
    add("gemm", std::to_string(size), [&] { return gemmContest(level, size, size, size); });
  const ConvShape resnet[] = {
      {224, 3, 64, 7, 2},     {56, 64, 64, 1, 1},    {56, 64, 64, 3, 1},    {56, 64, 256, 1, 1},
      {56, 256, 64, 1, 1},    {56, 256, 128, 1, 1},  {56, 128, 128, 3, 2},  {28, 128, 512, 1, 1},
      {56, 256, 512, 1, 2},   {28, 512, 128, 1, 1},  {28, 128, 128, 3, 1},  {28, 512, 256, 1, 1},
      {28, 256, 256, 3, 2},   {14, 256, 1024, 1, 1}, {28, 512, 1024, 1, 2}, {14, 1024, 256, 1, 1},
      {14, 256, 256, 3, 1},   {14, 1024, 512, 1, 1}, {14, 512, 512, 3, 2},  {7, 512, 2048, 1, 1},
      {14, 1024, 2048, 1, 2}, {7, 2048, 512, 1, 1},  {7, 512, 512, 3, 1}};
  for (const ConvShape &shape : resnet)
    add("resnet50", nameOf(shape), [&] { return convContest(level, "resnet50", shape); });
  const ConvShape mobile[] = {{224, 3, 32, 3, 2},  {112, 32, 16, 1, 1}, {56, 24, 144, 1, 1},
                              {28, 192, 32, 1, 1}, {14, 64, 384, 1, 1}, {7, 160, 960, 1, 1}};
  for (const ConvShape &shape : mobile)
    add("mobilenet", nameOf(shape), [&] { return convContest(level, "mobilenet", shape); });
  const ConvShape depthwise[] = {{112, 32, 32, 3, 1},  {112, 96, 96, 3, 2},  {56, 144, 144, 3, 1},
                                 {56, 144, 144, 3, 2}, {28, 192, 192, 3, 1}, {14, 384, 384, 3, 1},
                                 {14, 576, 576, 3, 2}, {7, 960, 960, 3, 1},  {14, 480, 480, 5, 1},
                                 {56, 24, 24, 3, 1},   {112, 16, 16, 3, 1},  {48, 8, 8, 3, 1}};
  for (const ConvShape &shape : depthwise)
    add("depthwise", nameOf(shape), [&] { return depthwiseContest(level, shape); });
  for (const char *name : {"add", "mul", "lookup"})
    add("bytes", name, [&] { return elementwiseContest(level, name); });
  return all;
}

/// Of this thread: on a shared machine the wall clock counts the others' work.
double now() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec + 1e-9 * time.tv_nsec;
}

double timeBlock(const std::function<void()> &work, int64_t count) {
  const double start = now();
  for (int64_t i = 0; i < count; ++i)
    work();
  return (now() - start) / count;
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

/// What dot products of registers alone reach: the roof over every kernel. Zero without them.
__attribute__((target("avx512f,avx512vnni"))) double dotRate() {
  __m512i sums[16], a = _mm512_set1_epi32(3);
  for (__m512i &sum : sums)
    sum = a;
  std::vector<double> rates;
  for (int round = 0; round < 15; ++round) {
    const double start = now();
    constexpr int64_t count = 100000;
    for (int64_t i = 0; i < count; ++i)
      for (__m512i &sum : sums) {
        sum = _mm512_dpbusd_epi32(sum, a, a);
        asm volatile("" : "+v"(sum));
      }
    rates.push_back(count * 16 * 128.0 / (now() - start));
  }
  int32_t sink[16];
  for (const __m512i &sum : sums)
    _mm512_storeu_si512(sink, sum);
  return median(rates);
}

} // namespace

int main(int argc, char **argv) {
  // oneDNN reads this before main starts.
  if (!getenv("OMP_NUM_THREADS")) {
    setenv("OMP_NUM_THREADS", "1", 1);
    execv("/proc/self/exe", argv);
  }
  std::string filter, levelName, json;
  int rounds = 15;
  for (int i = 1; i + 1 < argc; i += 2) {
    std::string option = argv[i];
    if (option == "--filter")
      filter = argv[i + 1];
    else if (option == "--rounds")
      rounds = std::max(1, atoi(argv[i + 1]));
    else if (option == "--level")
      levelName = argv[i + 1];
    else if (option == "--json")
      json = argv[i + 1];
    else
      return fprintf(stderr, "unknown option %s\n", argv[i]), 1;
  }
  const std::vector<NativeLevel> levels = nativeLevels();
  const NativeLevel *level = levelName.empty() ? &levels.front() : nullptr;
  for (const NativeLevel &candidate : levels)
    if (candidate.name == levelName)
      level = &candidate;
  if (!level)
    return fprintf(stderr, "this processor does not run level %s\n", levelName.c_str()), 1;

  const double roof = __builtin_cpu_supports("avx512vnni") ? dotRate() : 0;
  printf("level %s; dot products of registers alone: %.0f GOP/s\n", level->name, roof / 1e9);
  printf("%s\n", Int8Peer::description());
  printf("%-10s %-30s %10s %8s %10s %8s\n", "group", "shape", "GOP/s", "of roof", "peer", "ratio");
  nlohmann::json report{{"version", 1},
                        {"level", level->name},
                        {"peer", Int8Peer::description()},
                        {"roofline_gops", roof / 1e9},
                        {"rows", nlohmann::json::array()}};
  std::map<std::string, std::pair<double, int>> logs;
  for (const Contest &contest : contests(*level, filter)) {
    std::vector<double> ours, theirs;
    contest.ours();
    // Blocks of two milliseconds.
    const int64_t count = std::max<int64_t>(1, int64_t(2e-3 / timeBlock(contest.ours, 3)));
    for (int round = 0; round < rounds; ++round) {
      ours.push_back(timeBlock(contest.ours, count));
      if (contest.theirs)
        theirs.push_back(timeBlock(contest.theirs, count));
    }
    const double rate = contest.operations / median(ours) / 1e9;
    nlohmann::json row{{"group", contest.group}, {"shape", contest.name}, {"gops", rate}};
    printf("%-10s %-30s %10.1f %7.0f%%", contest.group.c_str(), contest.name.c_str(), rate,
           roof ? rate * 1e11 / roof : 0);
    if (contest.theirs) {
      const double peer = contest.operations / median(theirs) / 1e9;
      row["peer_gops"] = peer;
      row["ratio"] = rate / peer;
      logs[contest.group].first += std::log(rate / peer);
      ++logs[contest.group].second;
      printf(" %10.1f %8.2f", peer, rate / peer);
    }
    printf("\n");
    fflush(stdout);
    report["rows"].push_back(row);
  }
  for (const auto &[group, sum] : logs) {
    const double mean = std::exp(sum.first / sum.second);
    printf("%-10s geometric mean of ratios: %.3f\n", group.c_str(), mean);
    report["geometric_means"][group] = mean;
  }
  if (!json.empty())
    std::ofstream(json) << report.dump(2) << "\n";
  return 0;
}
