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
#include "llvm/Object/ELFObjectFile.h"
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

/// Bytes that an object has in RAM besides the stack: at most, with what its sections' alignments
/// may take.
uint64_t dataBytes(llvm::StringRef object) {
  auto file = llvm::object::ObjectFile::createELFObjectFile(llvm::MemoryBufferRef(object, ""));
  if (!file) {
    llvm::consumeError(file.takeError());
    return 0;
  }
  uint64_t bytes = 0;
  for (const llvm::object::ELFSectionRef section : (*file)->sections())
    if ((section.getFlags() & llvm::ELF::SHF_WRITE) && section.getSize() > 0)
      bytes += section.getSize() + section.getAlignment().value() - 1;
  return bytes;
}

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
    if (options.hasRegions) {
      error = "--memory-regions: target cortexm uses the memory of the board; give a file with "
              "other regions as --board";
      return false;
    }
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

  std::vector<MemoryRegion> memoryRegions(const package::Manifest &manifest) const override {
    std::vector<MemoryRegion> regions;
    // Of one memory, the linker says whether it is enough.
    if (board.memories.size() == 1)
      return regions;
    for (size_t memory = 0; memory < board.memories.size(); ++memory) {
      uint64_t taken = takenBytes(memory, manifest), buffers = 0;
      std::string note = std::to_string(board.memories[memory].bytes) + " less " +
                         std::to_string(taken) +
                         (memory == board.ram ? " of stack, data and alignment" : " of alignment");
      // They find room in the last one if in none before it.
      if (memory + 1 == board.memories.size()) {
        buffers = bufferBytes(manifest);
        note += " and " + std::to_string(buffers) + " of inputs and outputs";
      }
      regions.push_back({board.memories[memory].name,
                         static_cast<int64_t>(roomOf(memory, taken + buffers)), note});
    }
    return regions;
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

  static uint64_t bufferBytes(const package::Manifest &manifest) {
    uint64_t bytes = 0;
    for (const auto *list : {&manifest.inputs, &manifest.outputs})
      for (const package::TensorSpec &tensor : *list)
        bytes += aligned(bytesOf(tensor));
    return bytes;
  }

  /// What of a memory is for others than the arena, inputs and outputs: at most.
  uint64_t takenBytes(size_t memory, const package::Manifest &manifest) const {
    uint64_t bytes = embeddedAlignment - 1;
    if (memory != board.ram)
      return bytes;
    // The table of pointers to inputs and outputs is the model's only data.
    bytes += 8 + 4 * (manifest.inputs.size() + manifest.outputs.size());
    for (const cortexm::File &object : cortexm::firmwareObjects())
      bytes += dataBytes(object.contents);
    return board.stackBytes + bytes;
  }

  /// Bytes of a memory that are left, for places at multiples of the alignment.
  uint64_t roomOf(size_t memory, uint64_t taken) const {
    const uint64_t bytes = board.memories[memory].bytes;
    return llvm::alignDown(bytes - std::min(bytes, taken), embeddedAlignment);
  }

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
    llvm::SmallVector<llvm::Constant *> regions;
    for (size_t region = 0; region < manifest.regionCount(); ++region)
      regions.push_back(
          module.getOrInsertGlobal(regionSymbol(region), llvm::Type::getInt8Ty(context)));
    llvm::Constant *memory = regions.front();
    if (hasRegions(manifest))
      memory =
          global(llvm::ConstantArray::get(llvm::ArrayType::get(pointer, regions.size()), regions),
                 true, "pebble_firmware_regions", internal);
    llvm::Constant *fields[] = {module.getFunction(run),
                                memory,
                                word(manifest.inputs.size()),
                                word(manifest.outputs.size()),
                                global(llvm::ConstantDataArray::get(context, bytes), true,
                                       "pebble_firmware_bytes", internal),
                                global(llvm::ConstantAggregateZero::get(buffersType), false,
                                       "pebble_firmware_buffers", internal)};
    global(llvm::ConstantStruct::getAnon(fields), true, "pebble_firmware_model",
           llvm::GlobalValue::ExternalLinkage);
  }

  int link(const Program &program, std::string &code, std::string &error) const {
    const MemoryNeeds needs = memoryNeeds(program.manifest);
    std::vector<llvm::StringRef> objects{code};
    for (const cortexm::File &object : cortexm::firmwareObjects())
      objects.push_back(object.contents);
    std::string executable;
    if (!linkExecutable(objects, linkerScript(board, needs), executable, error)) {
      if (!llvm::StringRef(error).contains("will not fit in region"))
        return ExitInternal;
      error = "the model does not fit board " + board.name + ": ";
      for (size_t memory = 0; memory < board.memories.size(); ++memory)
        error += describeNeeds(memory, needs) + "; ";
      error += "flash of " + std::to_string(board.flash.bytes) +
               " bytes is to hold the code and constants of " +
               std::to_string(program.constants.size) + "\n  " + error;
      return ExitDoesNotFit;
    }
    code = std::move(executable);
    return ExitOk;
  }

  MemoryNeeds memoryNeeds(const package::Manifest &manifest) const {
    MemoryNeeds needs;
    for (size_t region = 0; region < manifest.regionCount(); ++region)
      needs.regionBytes.push_back(aligned(manifest.regionBytes(region)));
    needs.bufferBytes = bufferBytes(manifest);
    // In the first memory that has room for them.
    needs.bufferMemory = board.memories.size() - 1;
    for (size_t memory = board.memories.size(); memory-- > 0;) {
      const uint64_t used = memory < needs.regionBytes.size() ? needs.regionBytes[memory] : 0;
      if (used + needs.bufferBytes <= roomOf(memory, takenBytes(memory, manifest)))
        needs.bufferMemory = memory;
    }
    return needs;
  }

  /// "ram of 16384 bytes is to hold 12288 of the arena, a stack of 4096".
  std::string describeNeeds(size_t memory, const MemoryNeeds &needs) const {
    const uint64_t used = memory < needs.regionBytes.size() ? needs.regionBytes[memory] : 0;
    std::string text = board.memories[memory].name + " of " +
                       std::to_string(board.memories[memory].bytes) + " bytes is to hold " +
                       std::to_string(used) + " of the arena";
    if (memory == needs.bufferMemory)
      text += ", inputs and outputs of " + std::to_string(needs.bufferBytes);
    if (memory == board.ram)
      text += ", a stack of " + std::to_string(board.stackBytes) + " and data";
    return text;
  }

  Board board;
  const Processor *processor = nullptr;
};

} // namespace

std::unique_ptr<Target> pebble::createCortexMTarget() { return std::make_unique<CortexMTarget>(); }
