// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "targets/cortexm/CortexMTarget.h"

#include "targets/codegen/Codegen.h"
#include "targets/codegen/Embed.h"
#include "targets/cortexm/Board.h"
#include "targets/cortexm/EmulatorRunner.h"
#include "targets/cortexm/Files.h"
#include "targets/cortexm/Layout.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/GlobalVariable.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MathExtras.h"

using namespace pebble;

namespace {

/// A processor in LLVM's words.
struct Processor {
  llvm::StringLiteral name, triple, llvmCpu, features;
};
constexpr Processor processors[] = {
    {"cortex-m4f", "thumbv7em-none-eabihf", "cortex-m4", "+vfp4d16sp"},
};
constexpr llvm::StringLiteral defaultBoard = "qemu-m4";
constexpr llvm::StringLiteral firmwareSection = "firmware";

class CortexMTarget : public Target {
public:
  llvm::StringRef name() const override { return "cortexm"; }
  llvm::StringRef summary() const override {
    return "Arm Cortex-M microcontrollers; --cpu cortex-m4f, --board qemu-m4 or a .toml file";
  }
  llvm::ArrayRef<llvm::StringLiteral> emitKinds() const override {
    static constexpr llvm::StringLiteral kinds[] = {"package", "elf", "obj", "asm", "llvm"};
    return kinds;
  }

  bool configure(const TargetOptions &options, std::string &error) override {
    std::optional<Board> loaded =
        loadBoard(options.board.empty() ? llvm::StringRef(defaultBoard) : options.board, error);
    if (!loaded)
      return false;
    board = std::move(*loaded);
    llvm::StringRef cpu = options.cpu == "native" ? board.cpu : options.cpu;
    if (cpu != board.cpu) {
      error = "--cpu " + cpu.str() + ": board " + board.name + " has a " + board.cpu;
      return false;
    }
    for (const Processor &row : processors)
      if (row.name == cpu)
        processor = &row;
    if (!processor)
      error = "--cpu " + cpu.str() + " is not one of cortex-m4f";
    return processor;
  }

  PipelineOptions pipelineOptions() const override {
    PipelineOptions options;
    options.vectorBytes = 0;
    options.indexBits = 32;
    return options;
  }

  void describe(package::Manifest &manifest) const override {
    manifest.target = name().str();
    manifest.triple = processor->triple.str();
    manifest.cpu = processor->name.str();
  }

  int emit(const Program &program, llvm::StringRef kind, Artifact &artifact,
           std::string &error) override {
    if (!embeddable(program, kind, error))
      return ExitUnsupported;
    bool isFirmware = kind == "package" || kind == "elf";
    MachineOptions machine;
    machine.triple = processor->triple.str();
    machine.cpu = processor->llvmCpu.str();
    machine.features = processor->features.str();
    machine.positionIndependent = false;
    machine.hardFloat = true;
    auto extend = [&](llvm::Module &module) {
      std::vector<std::string> visible = embedModel(module, program, program.manifest.entry);
      if (!isFirmware)
        return visible;
      addFirmwareTable(module, program, visible.front());
      return std::vector<std::string>{"pebble_firmware_model"};
    };
    CodeKind codeKind = kind == "llvm"  ? CodeKind::LLVMIR
                        : kind == "asm" ? CodeKind::Assembly
                                        : CodeKind::Object;
    std::string code;
    if (!generateCode(program.module, machine, program.manifest.entry, codeKind, code, error,
                      extend))
      return ExitInternal;
    if (kind == "obj")
      artifact.header = embeddedHeader(program);
    if (isFirmware)
      if (int status = link(program, code, error))
        return status;
    llvm::StringRef section = package::kCodeSection;
    if (kind == "package") {
      artifact.addSection(section, ""); // The host calls nothing of it.
      section = firmwareSection;
    }
    artifact.addSection(section, std::move(code));
    artifact.containsConstants = true;
    return ExitOk;
  }

  std::unique_ptr<Runner> createRunner(const std::string &name, std::string &error) override {
    if (!configure({"native", name, false}, error))
      return nullptr;
    return std::make_unique<EmulatorRunner>(board, firmwareSection.str());
  }

private:
  static uint64_t aligned(uint64_t bytes) { return llvm::alignTo(bytes, embeddedAlignment); }

  /// Defines pebble_firmware_model (firmware/Firmware.h).
  static void addFirmwareTable(llvm::Module &module, const Program &program,
                               const std::string &run) {
    llvm::LLVMContext &context = module.getContext();
    const package::Manifest &manifest = program.manifest;
    llvm::SmallVector<uint32_t> bytes;
    for (const auto *list : {&manifest.inputs, &manifest.outputs})
      for (const package::TensorSpec &tensor : *list)
        bytes.push_back(bytesOf(tensor));
    auto global = [&](llvm::Constant *value, bool isConstant, const char *name,
                      llvm::GlobalValue::LinkageTypes linkage) {
      return new llvm::GlobalVariable(module, value->getType(), isConstant, linkage, value, name);
    };
    auto *pointer = llvm::PointerType::get(context, 0);
    auto *buffersType = llvm::ArrayType::get(pointer, bytes.size());
    auto internal = llvm::GlobalValue::InternalLinkage;
    auto word = [&](uint64_t value) {
      return llvm::ConstantInt::get(llvm::Type::getInt32Ty(context), value);
    };
    llvm::Constant *fields[] = {module.getFunction(run), word(manifest.inputs.size()),
                                word(manifest.outputs.size()),
                                global(llvm::ConstantDataArray::get(context, bytes), true,
                                       "pebble_firmware_bytes", internal),
                                global(llvm::ConstantAggregateZero::get(buffersType), false,
                                       "pebble_firmware_buffers", internal)};
    global(llvm::ConstantStruct::getAnon(fields), true, "pebble_firmware_model",
           llvm::GlobalValue::ExternalLinkage);
  }

  int link(const Program &program, std::string &code, std::string &error) const {
    MemoryNeeds needs{aligned(program.manifest.arenaBytes), 0};
    for (const auto *list : {&program.manifest.inputs, &program.manifest.outputs})
      for (const package::TensorSpec &tensor : *list)
        needs.bufferBytes += aligned(bytesOf(tensor));
    std::vector<llvm::StringRef> objects{code};
    for (const cortexm::File &object : cortexm::firmwareObjects())
      objects.push_back(object.contents);
    std::string executable;
    if (!linkExecutable(objects, linkerScript(board, needs), executable, error)) {
      if (!llvm::StringRef(error).contains("will not fit in region"))
        return ExitInternal;
      error = "the model does not fit board " + board.name + ": RAM of " +
              std::to_string(board.ram.bytes) + " bytes is to hold an arena of " +
              std::to_string(needs.arenaBytes) + ", inputs and outputs of " +
              std::to_string(needs.bufferBytes) + " and a stack of " +
              std::to_string(board.stackBytes) + "; flash of " + std::to_string(board.flash.bytes) +
              " bytes is to hold the code and constants of " +
              std::to_string(program.constants.size) + "\n  " + error;
      return ExitDoesNotFit;
    }
    code = std::move(executable);
    return ExitOk;
  }

  Board board;
  const Processor *processor = nullptr;
};

} // namespace

std::unique_ptr<Target> pebble::createCortexMTarget() { return std::make_unique<CortexMTarget>(); }
