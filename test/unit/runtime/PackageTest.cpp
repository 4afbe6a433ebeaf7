// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The package's writer and loader: what goes in comes out, and no damage gets past the loader.
#include "runtime/package/Loader.h"
#include "runtime/package/Writer.h"
#include "runtime/support/Checksum.h"
#include "runtime/support/DType.h"
#include "test/unit/runtime/TestPackages.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sys/resource.h>

using namespace pebble;
using namespace pebble::package;

namespace {

Manifest richManifest() {
  Manifest manifest = test::smallManifest();
  manifest.flags = {"--fast-math", ""};
  manifest.cpuFeatures = {"avx2", "fma"};
  manifest.modelSha256[31] = 7;
  manifest.arenaBytes = 123456;
  manifest.kernels = {{"conv_0", {"Conv_1", "Relu_2"}, 64, 1000, 2000, {}, {}},
                      {"copy", {}, 0, 8, 0, {{8, ""}}, {{package::kDynamic, "4 * in0[0]"}}}};
  manifest.steps = {{"Relu_2", 0}, {"copy"}};
  manifest.slots = {{"Conv_1", 64, 1000, 0, 1, 0, 1}};
  manifest.regions = {{"dtcm", 65536, 23456, 23400}, {"sram", package::kDynamic, 100000, 1064}};
  manifest.arenaLowerBound = 1064;
  manifest.inputs.push_back({"mask", PEBBLE_BOOL, {kDynamic, 3}, {"batch", ""}});
  manifest.outputs.push_back({"scalar", PEBBLE_F64, {}, {}});
  return manifest;
}

std::string build(const Manifest &manifest, const std::vector<SectionContents> &sections) {
  std::string bytes, error;
  EXPECT_TRUE(buildPackage(bytes, manifest, sections, error)) << error;
  return bytes;
}

std::unique_ptr<Package> load(const std::string &bytes, std::string &error) {
  error.clear();
  return Package::fromMemory(bytes.data(), bytes.size(), error);
}

/// Makes the header's checksum fit again, so that the checks behind it are reached.
void reseal(std::string &bytes) {
  Header header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  header.checksum = 0;
  support::Checksum checksum;
  checksum.update(&header, sizeof(header));
  checksum.update(bytes.data() + header.manifestOffset, header.manifestBytes);
  header.checksum = checksum.digest();
  std::memcpy(bytes.data(), &header, sizeof(header));
}

TEST(Checksum, KnownValues) {
  EXPECT_EQ(support::Checksum::of("", 0), 0xEF46DB3751D8E999u);
  EXPECT_EQ(support::Checksum::of("abc", 3), 0x44BC2CF5AD770999u);
}

TEST(Checksum, DoesNotDependOnThePieces) {
  std::string text(1000, 'x');
  for (size_t index = 0; index < text.size(); ++index)
    text[index] = static_cast<char>(index * 7);
  for (size_t step : {1, 3, 31, 32, 33, 100}) {
    support::Checksum checksum;
    for (size_t begin = 0; begin < text.size(); begin += step)
      checksum.update(text.data() + begin, std::min(step, text.size() - begin));
    EXPECT_EQ(checksum.digest(), support::Checksum::of(text.data(), text.size()));
  }
}

TEST(DType, TensorBytesRefusesWhatDoesNotFit) {
  uint64_t bytes = 0;
  int64_t fits[] = {2, 3, 4};
  EXPECT_TRUE(support::tensorBytes(fits, 3, 4, bytes));
  EXPECT_EQ(bytes, 96u);
  EXPECT_TRUE(support::tensorBytes(nullptr, 0, 8, bytes));
  EXPECT_EQ(bytes, 8u);
  int64_t empty[] = {5, 0};
  EXPECT_TRUE(support::tensorBytes(empty, 2, 4, bytes));
  EXPECT_EQ(bytes, 0u);
  int64_t negative[] = {5, -1};
  EXPECT_FALSE(support::tensorBytes(negative, 2, 4, bytes));
  int64_t huge[] = {int64_t(1) << 62, int64_t(1) << 62, 0};
  EXPECT_FALSE(support::tensorBytes(huge, 3, 4, bytes));
}

TEST(Package, RoundTrip) {
  Manifest manifest = richManifest();
  std::string ptx = "a PTX text";
  const char first[] = "first", second[] = "second";
  SectionContents constants{kConstantsSection, 10000, {{first, 5, 0}, {second, 6, 8192}}};
  std::string bytes = build(manifest, {SectionContents::of("ptx:sm_75", ptx.data(), ptx.size()),
                                       constants, SectionContents::of(kCodeSection, "code", 4)});
  std::string error;
  std::unique_ptr<Package> package = load(bytes, error);
  ASSERT_TRUE(package) << error;
  const Manifest &read = package->manifest();
  EXPECT_EQ(read.toolVersion, manifest.toolVersion);
  EXPECT_EQ(read.abiVersion, manifest.abiVersion);
  EXPECT_EQ(read.flags, manifest.flags);
  EXPECT_EQ(read.modelName, manifest.modelName);
  EXPECT_EQ(read.modelSha256, manifest.modelSha256);
  EXPECT_EQ(read.target, manifest.target);
  EXPECT_EQ(read.triple, manifest.triple);
  EXPECT_EQ(read.cpu, manifest.cpu);
  EXPECT_EQ(read.cpuFeatures, manifest.cpuFeatures);
  EXPECT_EQ(read.entry, manifest.entry);
  EXPECT_EQ(read.arenaBytes, manifest.arenaBytes);
  ASSERT_EQ(read.inputs.size(), manifest.inputs.size());
  EXPECT_EQ(read.inputs.back().name, "mask");
  EXPECT_EQ(read.inputs.back().dims, (std::vector<int64_t>{kDynamic, 3}));
  EXPECT_EQ(read.inputs.back().dimNames, (std::vector<std::string>{"batch", ""}));
  EXPECT_FALSE(read.inputs.back().isStatic());
  ASSERT_EQ(read.outputs.size(), manifest.outputs.size());
  EXPECT_EQ(read.outputs.back().dtype, PEBBLE_F64);
  ASSERT_EQ(read.kernels.size(), 2u);
  EXPECT_EQ(read.kernels[0].nodes, (std::vector<std::string>{"Conv_1", "Relu_2"}));
  EXPECT_EQ(read.kernels[0].bytesWritten, 2000u);
  ASSERT_EQ(read.kernels[1].reads.size(), 1u);
  EXPECT_EQ(read.kernels[1].reads[0].bytes, 8);
  ASSERT_EQ(read.kernels[1].writes.size(), 1u);
  EXPECT_EQ(read.kernels[1].writes[0].bytes, package::kDynamic);
  EXPECT_EQ(read.kernels[1].writes[0].expression, "4 * in0[0]");
  ASSERT_EQ(read.steps.size(), 2u);
  EXPECT_EQ(read.steps[0].name, "Relu_2");
  EXPECT_EQ(read.steps[0].kernel, 0);
  EXPECT_EQ(read.steps[1].kernel, StepSpec::kNoKernel);
  ASSERT_EQ(read.slots.size(), 1u);
  EXPECT_EQ(read.slots[0].name, "Conv_1");
  EXPECT_EQ(read.slots[0].offset, 64u);
  EXPECT_EQ(read.slots[0].bytes, 1000u);
  EXPECT_EQ(read.slots[0].first, 0u);
  EXPECT_EQ(read.slots[0].last, 1u);
  EXPECT_EQ(read.slots[0].region, 1u);
  ASSERT_EQ(read.regions.size(), 2u);
  EXPECT_EQ(read.regions[0].name, "dtcm");
  EXPECT_EQ(read.regions[0].capacity, 65536);
  EXPECT_EQ(read.regions[0].bytes, 23456u);
  EXPECT_EQ(read.regions[0].lowerBound, 23400u);
  EXPECT_EQ(read.regions[1].capacity, package::kDynamic);
  EXPECT_EQ(read.arenaLowerBound, 1064u);

  ASSERT_EQ(package->sections().size(), 3u);
  EXPECT_EQ(package->constants().size, 10000u);
  EXPECT_EQ(std::memcmp(package->constants().data, first, 5), 0);
  EXPECT_EQ(package->constants().data[5], 0);
  EXPECT_EQ(std::memcmp(package->constants().data + 8192, second, 6), 0);
  EXPECT_EQ(package->code().size, 4u);
  const SectionView *section = package->findSection("ptx:sm_75");
  ASSERT_TRUE(section);
  EXPECT_EQ(std::string(reinterpret_cast<const char *>(section->data), section->size), ptx);
  for (const SectionView &view : package->sections()) {
    EXPECT_EQ(view.offset % kPageSize, 0u);
    EXPECT_TRUE(Package::verify(view, error)) << error;
  }
}

TEST(Package, SameArgumentsGiveTheSameBytes) {
  SectionContents code = SectionContents::of(kCodeSection, "code", 4);
  EXPECT_EQ(build(richManifest(), {code}), build(richManifest(), {code}));
}

TEST(Package, FileAndMemoryHoldTheSame) {
  test::TemporaryDirectory directory;
  std::string path = directory.path("model.pbl"), error;
  SectionContents code = SectionContents::of(kCodeSection, "code", 4);
  ASSERT_TRUE(writePackage(path, richManifest(), {code}, error)) << error;
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(bytes, build(richManifest(), {code}));
  std::unique_ptr<Package> package = Package::open(path, error);
  ASSERT_TRUE(package) << error;
  EXPECT_EQ(package->manifest().modelName, "small");
}

TEST(Package, AFailedWriteLeavesNothingBehind) {
  test::TemporaryDirectory directory;
  std::string path = directory.path("model.pbl"), error;
  ASSERT_TRUE(writePackage(path, richManifest(), {}, error)) << error;
  // The file may not grow beyond a page, so the write of the second package stops half way.
  rlimit before, small;
  getrlimit(RLIMIT_FSIZE, &before);
  small = before;
  small.rlim_cur = kPageSize;
  auto *handler = signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  std::string big(100000, 'x');
  bool written =
      writePackage(path, richManifest(),
                   {SectionContents::of(kConstantsSection, big.data(), big.size())}, error);
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, handler);
  EXPECT_FALSE(written);
  EXPECT_NE(error.find("cannot write"), std::string::npos) << error;
  std::unique_ptr<Package> package = Package::open(path, error);
  ASSERT_TRUE(package) << error;
  EXPECT_EQ(package->constants().size, 0u);
  size_t files = std::distance(std::filesystem::directory_iterator(directory.path()), {});
  EXPECT_EQ(files, 1u);
}

TEST(Package, WriterNamesWhatItCannotWriteTo) {
  test::TemporaryDirectory directory;
  std::string error;
  EXPECT_FALSE(writePackage(directory.path(), richManifest(), {}, error));
  EXPECT_NE(error.find("not a regular file"), std::string::npos) << error;
  EXPECT_FALSE(writePackage(directory.path("no/such/folder.pbl"), richManifest(), {}, error));
  EXPECT_NE(error.find("No such file"), std::string::npos) << error;
}

TEST(Package, WriterReplacesTheFileThatALinkNames) {
  test::TemporaryDirectory directory;
  std::string path = directory.path("model.pbl"), link = directory.path("link.pbl"), error;
  ASSERT_TRUE(writePackage(path, richManifest(), {}, error)) << error;
  std::filesystem::create_symlink(path, link);
  Manifest other = richManifest();
  other.modelName = "other";
  ASSERT_TRUE(writePackage(link, other, {}, error)) << error;
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(Package::open(path, error)->manifest().modelName, "other");
}

TEST(Package, OpenNamesWhatIsNoPackage) {
  test::TemporaryDirectory directory;
  std::string error;
  EXPECT_FALSE(Package::open(directory.path("missing.pbl"), error));
  EXPECT_NE(error.find("No such file"), std::string::npos) << error;
  EXPECT_FALSE(Package::open(directory.path(), error));
  EXPECT_NE(error.find("not a regular file"), std::string::npos) << error;
  std::ofstream(directory.path("empty.pbl"));
  EXPECT_FALSE(Package::open(directory.path("empty.pbl"), error));
  EXPECT_NE(error.find("0 bytes"), std::string::npos) << error;
  std::ofstream(directory.path("text.pbl")) << std::string(200, 'x');
  EXPECT_FALSE(Package::open(directory.path("text.pbl"), error));
  EXPECT_NE(error.find("not a Pebble package"), std::string::npos) << error;
}

TEST(Package, AnotherFormatVersionIsRefused) {
  std::string bytes = build(richManifest(), {}), error;
  bytes[7] = 99;
  EXPECT_FALSE(load(bytes, error));
  EXPECT_NE(error.find("format version is 99"), std::string::npos) << error;
}

using Change = void (*)(Manifest &);

TEST(Package, WriterRefusesWhatTheLoaderWould) {
  const std::pair<Change, const char *> cases[] = {
      {[](Manifest &m) { m.inputs[0].dtype = 8; }, "unknown element type 8"},
      {[](Manifest &m) { m.inputs[0].dtype = PEBBLE_NONE; }, "unknown element type 0"},
      {[](Manifest &m) { m.inputs[0].dims[0] = -2; }, "has the dim -2"},
      {[](Manifest &m) { m.inputs[0].dims.push_back(1); }, "dim names"},
      {[](Manifest &m) {
         m.inputs[0].dims.assign(kMaxRank + 1, 1);
         m.inputs[0].dimNames.assign(kMaxRank + 1, "");
       },
       "rank 65"},
      {[](Manifest &m) {
         m.outputs[0].dims = {int64_t(1) << 40, int64_t(1) << 40};
         m.outputs[0].dimNames = {"", ""};
       },
       "larger than the address space"},
      {[](Manifest &m) { m.inputs.push_back(m.inputs[0]); }, "two inputs are named"},
      {[](Manifest &m) { m.arenaBytes = ~uint64_t(0); }, "arena"},
      {[](Manifest &m) { m.target = ""; }, "target"},
      {[](Manifest &m) { m.steps[0].kernel = 2; }, "launches kernel 2 of 2"},
      {[](Manifest &m) { m.slots[0].last = 2; }, "lives from step 0 to 2 of 2"},
      {[](Manifest &m) { m.slots[0].first = 2; }, "lives from step 2 to 1"},
      {[](Manifest &m) { m.slots[0].offset = ~uint64_t(0); }, "does not lie in the arena"},
      {[](Manifest &m) { m.slots[0].region = 2; }, "does not lie in the arena"},
      {[](Manifest &m) { m.slots[0].bytes = 100000; }, "does not lie in the arena"},
      {[](Manifest &m) { m.regions[0].bytes = ~uint64_t(0); }, "larger than the arena"},
      {[](Manifest &m) { m.regions[0].bytes = 0; }, "not all of the arena"},
      {[](Manifest &m) { m.regions[0].name = ""; }, "unreadable name"},
      {[](Manifest &m) { m.regions[1].capacity = -2; }, "capacity -2"},
      {[](Manifest &m) { m.entry = std::string("a\0b", 3); }, "entry symbol"},
      {[](Manifest &m) { m.outputs[0].name = "line\nbreak"; }, "control characters"},
  };
  for (const auto &[change, expected] : cases) {
    Manifest manifest = richManifest();
    change(manifest);
    std::string bytes, error;
    EXPECT_FALSE(buildPackage(bytes, manifest, {}, error));
    EXPECT_NE(error.find(expected), std::string::npos) << error << " lacks " << expected;
  }
}

TEST(Package, WriterChecksChunks) {
  std::string bytes, error;
  SectionContents outside{kConstantsSection, 4, {{"12345", 5, 0}}};
  EXPECT_FALSE(buildPackage(bytes, richManifest(), {outside}, error));
  SectionContents unordered{kConstantsSection, 9, {{"123", 3, 3}, {"123", 3, 0}}};
  EXPECT_FALSE(buildPackage(bytes, richManifest(), {unordered}, error));
  SectionContents overlapping{kConstantsSection, 9, {{"123", 3, 0}, {"123", 3, 2}}};
  EXPECT_FALSE(buildPackage(bytes, richManifest(), {overlapping}, error));
  SectionContents twice = SectionContents::of("ptx", "1", 1);
  EXPECT_FALSE(buildPackage(bytes, richManifest(), {twice, twice}, error));
  EXPECT_NE(error.find("two sections"), std::string::npos) << error;
}

TEST(PackageDamage, EveryTruncationIsRefused) {
  std::string bytes = build(richManifest(), {SectionContents::of(kCodeSection, "code", 4)}), error;
  for (size_t length = 0; length < bytes.size(); ++length) {
    ASSERT_FALSE(load(bytes.substr(0, length), error)) << "cut at " << length;
    ASSERT_FALSE(error.empty());
  }
  EXPECT_FALSE(load(bytes + "x", error));
}

TEST(PackageDamage, EveryFlippedBitOfHeaderAndManifestIsRefused) {
  std::string bytes = build(richManifest(), {SectionContents::of(kCodeSection, "code", 4)}), error;
  Header header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  for (size_t position = 0; position < sizeof(header) + header.manifestBytes; ++position) {
    for (int bit = 0; bit < 8; ++bit) {
      bytes[position] ^= static_cast<char>(1 << bit);
      ASSERT_FALSE(load(bytes, error)) << "bit " << bit << " of byte " << position;
      bytes[position] ^= static_cast<char>(1 << bit);
    }
  }
  EXPECT_TRUE(load(bytes, error)) << error;
}

/// With a fitting checksum any byte may hold anything: the loader may take the package or refuse
/// it, and whatever it takes has to be safe to use.
TEST(PackageDamage, NoResealedDamageCrashes) {
  const std::string original =
      build(richManifest(), {SectionContents::of(kConstantsSection, "constants", 9),
                             SectionContents::of(kCodeSection, "code", 4)});
  Header header;
  std::memcpy(&header, original.data(), sizeof(header));
  size_t end = sizeof(header) + header.manifestBytes;
  std::string error;
  for (size_t position = 8; position < end; ++position) {
    for (int value : {0x00, 0x01, 0x7f, 0x80, 0xff, 0x100}) {
      std::string bytes = original;
      bytes[position] = static_cast<char>(value == 0x100 ? bytes[position] + 1 : value);
      std::memcpy(&header, bytes.data(), sizeof(header));
      if (header.manifestOffset <= bytes.size() &&
          header.manifestBytes <= bytes.size() - header.manifestOffset)
        reseal(bytes);
      std::unique_ptr<Package> package = load(bytes, error);
      if (!package) {
        ASSERT_FALSE(error.empty());
        continue;
      }
      for (const SectionView &section : package->sections())
        Package::verify(section, error);
    }
  }
}

TEST(PackageDamage, ADamagedSectionIsFound) {
  std::string bytes = build(richManifest(), {SectionContents::of(kConstantsSection, "data", 4)});
  bytes[bytes.size() - 1] ^= 1;
  std::string error;
  std::unique_ptr<Package> package = load(bytes, error);
  ASSERT_TRUE(package) << error;
  EXPECT_FALSE(Package::verify(package->constants(), error));
  EXPECT_NE(error.find("constants"), std::string::npos) << error;
}

} // namespace
