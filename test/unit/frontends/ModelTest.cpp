// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the ONNX reader refuses, and how it says so.
#include "test/unit/frontends/Models.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace pebble::onnx::test {

namespace {

namespace fs = std::filesystem;

/// Codes of the problems of a model, in order; empty when it is read.
std::vector<ProblemCode> codesOf(const proto::ModelProto &model, const std::string &folder = "") {
  Problems problems;
  std::shared_ptr<const Model> read = test::read(model, problems, folder);
  EXPECT_EQ(read == nullptr, !problems.empty());
  std::vector<ProblemCode> codes;
  for (const Problem &problem : problems.all())
    codes.push_back(problem.code);
  return codes;
}

using Codes = std::vector<ProblemCode>;

TEST(Model, ReadsAValidOne) { EXPECT_EQ(codesOf(reluModel()), Codes{}); }

TEST(Model, RefusesBytesThatAreNoModel) {
  for (llvm::StringRef bytes : {"", "x", "\x08", "plain text, not protobuf"}) {
    Problems problems;
    EXPECT_EQ(readModel(llvm::ArrayRef(bytes.data(), bytes.size()), "", problems), nullptr);
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_EQ(problems.exitCode(), 2);
  }
}

TEST(Model, RefusesAMissingFile) {
  Problems problems;
  EXPECT_EQ(readModel("/nonexistent/model.onnx", problems), nullptr);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems.all().front().code, ProblemCode::UnreadableFile);
}

TEST(Model, NeedsVersionsAndAGraph) {
  proto::ModelProto model = reluModel();
  model.clear_ir_version();
  EXPECT_EQ(codesOf(model), Codes{ProblemCode::IncompleteModel});
  model = reluModel();
  model.clear_opset_import();
  EXPECT_EQ(codesOf(model), Codes{ProblemCode::IncompleteModel});
  model = reluModel();
  model.clear_graph();
  EXPECT_EQ(codesOf(model), Codes{ProblemCode::IncompleteModel});
}

TEST(Model, NeedsAKnownOpset) {
  for (int64_t opset : {6, 28}) {
    proto::ModelProto model = reluModel();
    model.mutable_opset_import(0)->set_version(opset);
    EXPECT_EQ(codesOf(model), Codes{ProblemCode::UnsupportedOpset});
  }
}

TEST(Model, NeedsUniqueNames) {
  proto::ModelProto model = reluModel();
  addNode(*model.mutable_graph(), "Relu", {"x"}, {"y"});
  EXPECT_EQ(codesOf(model), Codes{ProblemCode::DuplicateName});
  model = reluModel();
  *model.mutable_graph()->add_initializer() = ints("c", {1});
  *model.mutable_graph()->add_initializer() = ints("c", {2});
  EXPECT_EQ(codesOf(model), Codes{ProblemCode::DuplicateName});
}

TEST(Model, NamesTheNodeOfACycle) {
  proto::ModelProto model = emptyModel();
  addInput(*model.mutable_graph(), "x", {2});
  addOutput(*model.mutable_graph(), "a");
  addNode(*model.mutable_graph(), "Add", {"x", "b"}, {"a"});
  addNode(*model.mutable_graph(), "Relu", {"a"}, {"b"});
  Problems problems;
  EXPECT_EQ(read(model, problems), nullptr);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems.all().front().code, ProblemCode::NotSorted);
  EXPECT_EQ(problems.all().front().node, "Add_a");
}

TEST(Model, ReportsEveryUndefinedName) {
  proto::ModelProto model = emptyModel();
  addOutput(*model.mutable_graph(), "nowhere");
  addNode(*model.mutable_graph(), "Add", {"p", "q"}, {"a"});
  EXPECT_EQ(codesOf(model), Codes(3, ProblemCode::UndefinedName));
}

TEST(Model, ComparesTensorsWithTheirShapes) {
  auto codesWith = [](auto change) {
    proto::ModelProto model = reluModel();
    proto::TensorProto *tensor = model.mutable_graph()->add_initializer();
    *tensor = ints("c", {1, 2});
    change(*tensor);
    return codesOf(model);
  };
  const Codes wrong = {ProblemCode::TensorSize};
  EXPECT_EQ(codesWith([](proto::TensorProto &) {}), Codes{});
  EXPECT_EQ(codesWith([](proto::TensorProto &t) { t.set_dims(0, 3); }), wrong);
  EXPECT_EQ(codesWith([](proto::TensorProto &t) { t.set_dims(0, -2); }), wrong);
  EXPECT_EQ(codesWith([](proto::TensorProto &t) {
              t.set_dims(0, int64_t(1) << 62);
              t.add_dims(4);
            }),
            wrong);
  EXPECT_EQ(codesWith([](proto::TensorProto &t) { t.set_raw_data("12345678"); }), wrong);
  EXPECT_EQ(codesWith([](proto::TensorProto &t) { t.set_data_type(99); }), wrong);
  EXPECT_EQ(codesWith([](proto::TensorProto &t) {
              t.clear_int64_data();
              t.set_raw_data("short");
            }),
            wrong);
}

class ExternalData : public testing::Test {
protected:
  void SetUp() override {
    root = fs::temp_directory_path() / ("pebble-external-" + std::to_string(getpid()));
    folder = root / "model";
    fs::create_directories(folder / "sub");
    for (const fs::path &path :
         {folder / "data.bin", folder / "sub" / "data.bin", root / "secret.bin"})
      std::ofstream(path) << std::string(16, '\0');
  }
  void TearDown() override { fs::remove_all(root); }

  Codes codes(const std::string &location, const std::string &offset = "0",
              const std::string &length = "16") {
    proto::ModelProto model = reluModel();
    proto::TensorProto *tensor = model.mutable_graph()->add_initializer();
    *tensor = ints("c", {0, 0});
    tensor->clear_int64_data();
    tensor->set_data_location(proto::TensorProto::EXTERNAL);
    auto set = [&](const std::string &key, const std::string &value) {
      proto::StringStringEntryProto *entry = tensor->add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    };
    set("location", location);
    set("offset", offset);
    set("length", length);
    return codesOf(model, folder.string());
  }

  fs::path root, folder;
  const Codes refused = {ProblemCode::ExternalData};
};

TEST_F(ExternalData, IsReadBelowTheModel) {
  EXPECT_EQ(codes("data.bin"), Codes{});
  EXPECT_EQ(codes("sub/data.bin"), Codes{});
}

TEST_F(ExternalData, DoesNotLeaveTheFolder) {
  EXPECT_EQ(codes("../secret.bin"), refused);
  EXPECT_EQ(codes("sub/../../secret.bin"), refused);
  EXPECT_EQ(codes((root / "secret.bin").string()), refused);
  EXPECT_EQ(codes(""), refused);
}

TEST_F(ExternalData, IsNoLink) {
  fs::create_symlink(root / "secret.bin", folder / "link.bin");
  fs::create_directory_symlink(root, folder / "outside");
  fs::create_hard_link(root / "secret.bin", folder / "hard.bin");
  EXPECT_EQ(codes("link.bin"), refused);
  EXPECT_EQ(codes("outside/secret.bin"), refused);
  EXPECT_EQ(codes("hard.bin"), refused);
}

TEST_F(ExternalData, StaysInsideItsFile) {
  EXPECT_EQ(codes("data.bin", "8"), refused);
  EXPECT_EQ(codes("data.bin", "18446744073709551608"), refused);
  EXPECT_EQ(codes("data.bin", "-1"), refused);
  EXPECT_EQ(codes("data.bin", "0", "8"), refused);
  EXPECT_EQ(codes("sub"), refused);
}

TEST(Model, LimitsTheNestingOfSubgraphs) {
  auto nested = [](int depth) {
    proto::ModelProto model = emptyModel();
    proto::GraphProto *graph = model.mutable_graph();
    for (int i = 0; i < depth; ++i) {
      proto::NodeProto *node = addNode(*graph, "If", {}, {"v" + std::to_string(i)});
      graph = addAttribute(*node, "then_branch", proto::AttributeProto::GRAPH)->mutable_g();
    }
    return codesOf(model);
  };
  EXPECT_EQ(nested(50), Codes{});
  EXPECT_EQ(nested(80), Codes{ProblemCode::NotOnnx});
}

} // namespace

} // namespace pebble::onnx::test
