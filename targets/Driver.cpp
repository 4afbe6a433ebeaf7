// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "targets/Driver.h"

#include "dialects/mem/Mem.h"
#include "dialects/nn/Constants.h"
#include "dialects/nn/KernelCall.h"
#include "dialects/qnn/QNN.h"
#include "frontends/onnx/Importer.h"
#include "passes/Passes.h"
#include "passes/Plugin.h"
#include "passes/analysis/NodeNames.h"
#include "runtime/support/DType.h"
#include "targets/CompileFlags.h"
#include "targets/MemoryBudget.h"
#include "targets/MemoryMap.h"
#include "targets/Target.h"

#include "mlir/Dialect/DLTI/DLTI.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/ToolOutputFile.h"

#include <deque>

using namespace pebble;

namespace {

/// Large constants are shown by name only: dumps are for reading.
constexpr int64_t longestPrintedConstant = 32;

class Compilation {
public:
  Compilation(const CompileOptions &options, llvm::raw_ostream &diagnostics)
      : options(options), diagnostics(diagnostics), context(makeRegistry()),
        remarkHandler(&context, [this](mlir::Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() != mlir::DiagnosticSeverity::Remark)
            return mlir::failure();
          // What is said of a node is that it computes in float; the rest is about the model.
          bool isOfModel = module && diagnostic.getLocation() == modelLocation();
          floatLayers += isOfModel ? 0 : 1;
          remarks.push_back((isOfModel ? "" : nodeName(diagnostic.getLocation()) + ": ") +
                            diagnostic.str());
          return mlir::success();
        }) {
    context.loadAllAvailableDialects();
    context.disableMultithreading();
  }

  int check() { return import(); }

  int run() {
    target = createTarget(options.target);
    if (!target) {
      return usage("--target " + options.target + " is not one of " +
                   llvm::join(targetNames(), ", "));
    }
    if (!llvm::is_contained(target->emitKinds(), options.emit) && options.compileTo.empty())
      return usage("--emit " + options.emit + " is not one of " +
                   llvm::join(target->emitKinds(), ", ") + " for target " + options.target);
    if (!options.compileTo.empty() && options.compileTo != "import" &&
        llvm::none_of(phases(),
                      [&](const Phase &phase) { return phase.name == options.compileTo; }))
      return usage("--compile-to " + options.compileTo +
                   " is not one of import, simplify, quantize, fuse, schedule, lower");
    std::string error;
    if (!target->configure(
            {options.cpu, options.board, options.fastMath, !options.schedule.regions.empty()},
            error))
      return usage(error);
    if (std::string fault = faultOf(options.schedule.regions); !fault.empty())
      return usage("--memory-regions: " + fault);
    if (!options.schedule.regions.empty() && options.schedule.capacity >= 0)
      return usage("--memory-budget and --memory-regions exclude each other: the sizes of the "
                   "regions are the budget");

    if (int code = loadPlugins())
      return code;
    if (int code = import())
      return code;
    if (int code = runPhases())
      return code;
    printRemarks();
    if (!options.compileTo.empty())
      return writeText(moduleText());
    return emit();
  }

private:
  static const mlir::DialectRegistry &makeRegistry() {
    static const mlir::DialectRegistry registry = [] {
      mlir::DialectRegistry dialects;
      dialects.insert<nn::NNDialect, qnn::QNNDialect, mem::MemDialect, mlir::quant::QuantDialect,
                      mlir::arith::ArithDialect, mlir::func::FuncDialect, mlir::LLVM::LLVMDialect,
                      mlir::math::MathDialect, mlir::memref::MemRefDialect, mlir::scf::SCFDialect,
                      mlir::vector::VectorDialect, mlir::DLTIDialect>();
      mlir::registerAllExtensions(dialects);
      mlir::registerAllToLLVMIRTranslations(dialects);
      return dialects;
    }();
    return registry;
  }

  int usage(const std::string &message) {
    diagnostics << "error[E1001]: " << message << "\n";
    return ExitUsage;
  }

  int internal(const std::string &message) {
    diagnostics << "error[E9001]: " << message << "\n";
    return ExitInternal;
  }

  /// So that pipelines can name them; once a process.
  static void registerOwnPasses() {
    [[maybe_unused]] static const bool done = (registerPebblePasses(), true);
  }

  /// The location of `@main`.
  mlir::Location modelLocation() {
    auto main = module ? module->lookupSymbol<mlir::func::FuncOp>("main") : mlir::func::FuncOp();
    return main ? main.getLoc() : mlir::Location(mlir::UnknownLoc::get(&context));
  }

  /// The node that a location names first.
  static std::string nodeName(mlir::Location location) {
    llvm::SmallVector<llvm::StringRef> names = nodeNames(location);
    return names.empty() ? "a node without a name" : "node " + names.front().str();
  }

  /// What the compiler did that its user may not expect.
  void printRemarks() {
    if (options.remarks)
      for (const std::string &remark : remarks)
        diagnostics << "remark: " << remark << "\n";
    if (floatLayers == 0)
      return;
    diagnostics << "remark: " << floatLayers << (floatLayers == 1 ? " layer" : " layers")
                << " between quantized tensors " << (floatLayers == 1 ? "computes" : "compute")
                << " in float" << (options.remarks ? "" : "; --remarks says which, and why")
                << "\n";
  }

  /// Loads the plugins and sorts the added passes by phase.
  int loadPlugins() {
    for (const std::string &path : options.plugins) {
      std::string error;
      if (!loadPlugin(path, error))
        return usage(error);
    }
    if (!options.addedPasses.empty())
      registerOwnPasses();
    for (const std::string &added : options.addedPasses) {
      auto [pipeline, phase] = llvm::StringRef(added).split("@after=");
      if (llvm::none_of(phases(), [&](const Phase &row) { return row.name == phase; }))
        return usage("--add-pass " + added +
                     " is not PIPELINE@after=PHASE with a phase of simplify, quantize, fuse, "
                     "schedule, lower");
      mlir::PassManager trial(&context);
      std::string messages;
      llvm::raw_string_ostream stream(messages);
      if (mlir::failed(mlir::parsePassPipeline(pipeline, trial, stream)))
        return usage("--add-pass " + added + ": " + llvm::StringRef(messages).trim().str());
      passesAfter[phase].push_back(pipeline.str());
    }
    return ExitOk;
  }

  int import() {
    onnx::Problems problems;
    model = onnx::readModel(options.model, problems);
    if (model)
      module = onnx::importModel(
          model, context, {options.dims, options.integerQdq, options.rounding, options.watched},
          problems);
    if (!problems.empty() || !module) {
      problems.print(diagnostics);
      return problems.empty() ? ExitInternal : problems.exitCode();
    }
    describeSignature();
    if (!options.dumpDir.empty())
      return dump("import");
    return ExitOk;
  }

  void describeSignature() {
    auto main = module->lookupSymbol<mlir::func::FuncOp>("main");
    auto spec = [](mlir::Type type, mlir::DictionaryAttr attributes) {
      package::TensorSpec tensor;
      auto tensorType = mlir::cast<mlir::RankedTensorType>(type);
      tensor.dtype = nn::dtypeOf(tensorType.getElementType());
      for (int64_t size : tensorType.getShape())
        tensor.dims.push_back(mlir::ShapedType::isDynamic(size) ? package::kDynamic : size);
      tensor.dimNames.resize(tensor.dims.size());
      if (!attributes)
        return tensor;
      if (auto name = attributes.getAs<mlir::StringAttr>("nn.name"))
        tensor.name = name.str();
      if (auto codes = attributes.getAs<mlir::StringAttr>("nn.codes"))
        if (const auto *type = support::findDType(std::string_view(codes.getValue())))
          tensor.dtype = type->dtype;
      if (auto names = attributes.getAs<mlir::ArrayAttr>("nn.dims"))
        for (auto [dimName, attr] : llvm::zip(tensor.dimNames, names))
          dimName = mlir::cast<mlir::StringAttr>(attr).str();
      return tensor;
    };
    manifest.inputs.clear();
    manifest.outputs.clear();
    for (auto [index, type] : llvm::enumerate(main.getArgumentTypes()))
      manifest.inputs.push_back(spec(type, main.getArgAttrDict(index)));
    for (auto [index, type] : llvm::enumerate(main.getResultTypes()))
      manifest.outputs.push_back(spec(type, main.getResultAttrDict(index)));
  }

  /// What the kernels state of themselves, before lowering takes their layers away.
  void describeKernels() {
    auto traffic = [](mlir::ArrayAttr sizes, uint64_t &known) {
      std::vector<package::Traffic> moved;
      for (mlir::Attribute size : sizes) {
        auto bytes = mlir::dyn_cast<mlir::IntegerAttr>(size);
        known += bytes ? bytes.getInt() : 0;
        moved.push_back(
            bytes ? package::Traffic{bytes.getInt(), ""}
                  : package::Traffic{package::kDynamic, mlir::cast<mlir::StringAttr>(size).str()});
      }
      return moved;
    };
    for (auto function : module->getOps<mlir::func::FuncOp>()) {
      auto known = function->getAttrOfType<mlir::IntegerAttr>("mem.macs");
      int64_t macs = known ? known.getInt() : package::kDynamic;
      if (function.getSymName() == "main") {
        auto again = function->getAttrOfType<mlir::IntegerAttr>("mem.extra_products");
        manifest.extraMacs = again ? again.getInt() : 0;
        manifest.macs = known ? macs + manifest.extraMacs : macs;
      }
      auto spec = mem::KernelSpecAttr::of(function);
      if (!spec)
        continue;
      package::KernelSpec kernel;
      kernel.symbol = function.getSymName().str();
      for (mlir::Attribute node : function->getAttrOfType<mlir::ArrayAttr>("nn.nodes"))
        kernel.nodes.push_back(mlir::cast<mlir::StringAttr>(node).str());
      kernel.macs = macs;
      kernel.scratchBytes = spec.getScratch();
      kernel.reads = traffic(spec.getReads(), kernel.bytesRead);
      kernel.writes = traffic(spec.getWrites(), kernel.bytesWritten);
      manifest.kernels.push_back(std::move(kernel));
    }
  }

  /// The passes take the width of an index from the module.
  void setDataLayout(unsigned indexBits) {
    mlir::Builder builder(&context);
    auto index = mlir::DataLayoutEntryAttr::get(builder.getIndexType(),
                                                builder.getI64IntegerAttr(indexBits));
    (*module)->setAttr(mlir::DLTIDialect::kDataLayoutAttrName,
                       mlir::DataLayoutSpecAttr::get(&context, {index}));
  }

  int runPhases() {
    PipelineOptions pipelineOptions = target->pipelineOptions();
    pipelineOptions.quantizedIo = options.quantizedIo;
    pipelineOptions.rangeAnalysis = options.rangeAnalysis;
    pipelineOptions.schedule = options.schedule;
    setDataLayout(pipelineOptions.indexBits);
    std::string messages;
    mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Remark)
        return mlir::failure(); // Collected elsewhere.
      if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error)
        messages += (messages.empty() ? "" : "\n") + diagnostic.str();
      return mlir::success();
    });
    for (const Phase &phase : phases()) {
      if (options.compileTo == "import")
        break;
      // The signature is settled only now.
      if (phase.name == "schedule" && options.schedule.regions.empty())
        pipelineOptions.schedule.regions = target->memoryRegions(manifest);
      mlir::PassManager pm(&context);
      std::string reproducer = reproducerPath(phase.name);
      pm.enableCrashReproducerGeneration(reproducer);
      phase.build(pm, pipelineOptions);
      for (const std::string &pipeline : passesAfter.lookup(phase.name))
        (void)mlir::parsePassPipeline(pipeline, pm);
      if (mlir::failed(pm.run(*module)))
        return internal("phase " + phase.name.str() + " failed: " + messages +
                        "\n  reproducer: " + reproducer);
      if (phase.name == "quantize" && options.quantizedIo)
        describeSignature();
      if (auto main = module->lookupSymbol<mlir::func::FuncOp>("main"))
        for (auto [name, bytes] : {std::pair{"mem.arena_bytes", &manifest.arenaBytes},
                                   std::pair{"mem.plan_bytes", &manifest.planBytes}})
          if (auto known = main->getAttrOfType<mlir::IntegerAttr>(name))
            *bytes = known.getInt();
      if (phase.name == "schedule") {
        // With the versions that the schedule made, before lowering takes their layers away.
        describeKernels();
        describeMemory(*module, manifest);
        // What the schedule leaves as an allocation is made when the model runs.
        allocates =
            manifest.planBytes > 0 ||
            module->walk([](mlir::memref::AllocOp) { return mlir::WalkResult::interrupt(); })
                .wasInterrupted();
        printSchedulePoints(*module, llvm::outs());
        if (int code =
                checkMemoryBudget(*module, options.schedule.capacity, allocates, diagnostics))
          return code;
        if (int code =
                checkMemoryRegions(*module, pipelineOptions.schedule.regions,
                                   !options.schedule.regions.empty(), allocates, diagnostics))
          return code;
      }
      if (!options.dumpDir.empty())
        if (int code = dump(phase.name))
          return code;
      if (phase.name == options.compileTo)
        break;
    }
    return ExitOk;
  }

  std::string reproducerPath(llvm::StringRef phase) {
    llvm::SmallString<128> path;
    llvm::sys::path::system_temp_directory(/*erasedOnReboot=*/true, path);
    llvm::sys::path::append(path, "pebble-" + model->name() + "-" + phase + ".mlir");
    return path.str().str();
  }

  std::string moduleText() {
    std::string text;
    llvm::raw_string_ostream stream(text);
    mlir::OpPrintingFlags flags;
    flags.elideLargeElementsAttrs(longestPrintedConstant)
        .elideLargeResourceString(longestPrintedConstant);
    module->print(stream, flags);
    return text;
  }

  int dump(llvm::StringRef phase) {
    if (std::error_code error = llvm::sys::fs::create_directories(options.dumpDir))
      return usage("cannot create " + options.dumpDir + ": " + error.message());
    llvm::SmallString<128> path(options.dumpDir);
    llvm::sys::path::append(path, phase + ".mlir");
    return writeFile(path.str().str(), moduleText());
  }

  int writeText(const std::string &text) {
    if (options.output == "-") {
      llvm::outs() << text;
      return ExitOk;
    }
    return writeFile(options.output, text);
  }

  int writeFile(const std::string &path, llvm::StringRef bytes) {
    std::error_code error;
    llvm::ToolOutputFile file(path, error, llvm::sys::fs::OF_None);
    if (error)
      return usage("cannot write " + path + ": " + error.message());
    file.os() << bytes;
    file.os().close();
    if (file.os().has_error()) {
      std::string reason = file.os().error().message();
      file.os().clear_error();
      return usage("cannot write " + path + ": " + reason);
    }
    file.keep();
    return ExitOk;
  }

  int emit() {
    manifest.modelName = model->name().str();
    manifest.entry = target->pipelineOptions().prefix + "_main";
    if (manifest.planBytes > 0)
      manifest.plan = target->pipelineOptions().prefix + "_plan";
    package::SectionContents constants = constantsSection();
    Program program{*module, manifest, constants, allocates, symbolFor(manifest.modelName)};
    Artifact artifact;
    std::string error;
    if (int code = target->emit(program, options.emit, artifact, error)) {
      diagnostics << (code == ExitInternal ? "error[E9001]: " : "error[E1002]: ") << error << "\n";
      return code;
    }
    if (options.emit == "package")
      return writePackage(artifact, std::move(constants), error);
    const package::Chunk &code = artifact.sections.front().chunks.front();
    if (int status = writeFile(options.output,
                               llvm::StringRef(static_cast<const char *>(code.data), code.size)))
      return status;
    if (artifact.header.empty())
      return ExitOk;
    llvm::SmallString<128> header(options.output);
    llvm::sys::path::replace_extension(header, ".h");
    return writeFile(header.str().str(), artifact.header);
  }

  /// The model's name as a C identifier.
  static std::string symbolFor(llvm::StringRef name) {
    std::string symbol;
    for (char c : name)
      symbol += llvm::isAlnum(c) ? c : '_';
    if (symbol.empty() || llvm::isDigit(symbol.front()))
      symbol.insert(0, "model_");
    return symbol;
  }

  int writePackage(Artifact &artifact, package::SectionContents constants, std::string &error) {
    manifest.toolVersion = PEBBLE_VERSION;
    if (auto file = llvm::MemoryBuffer::getFile(options.model, false, false))
      manifest.modelSha256 = llvm::SHA256::hash(llvm::arrayRefFromStringRef((*file)->getBuffer()));
    manifest.flags = flagsOf(options);
    target->describe(manifest);

    if (artifact.containsConstants)
      constants = {package::kConstantsSection, 0, {}};
    artifact.sections.push_back(std::move(constants));
    if (!package::writePackage(options.output, manifest, artifact.sections, error))
      return usage(error);
    return ExitOk;
  }

  package::SectionContents constantsSection() {
    package::SectionContents section;
    section.name = package::kConstantsSection;
    if (auto bytes = (*module)->getAttrOfType<mlir::IntegerAttr>("mem.constant_bytes"))
      section.size = bytes.getInt();
    auto constants = (*module)->getAttrOfType<mlir::ArrayAttr>("mem.constants");
    for (mlir::Attribute entry :
         constants ? constants.getValue() : llvm::ArrayRef<mlir::Attribute>()) {
      auto pair = mlir::cast<mlir::ArrayAttr>(entry);
      uint64_t offset = mlir::cast<mlir::IntegerAttr>(pair[0]).getInt();
      expanded.emplace_back();
      llvm::ArrayRef<char> bytes =
          nn::rawBytes(mlir::cast<mlir::ElementsAttr>(pair[1]), expanded.back());
      if (!bytes.empty())
        section.chunks.push_back({bytes.data(), bytes.size(), offset});
    }
    return section;
  }

  const CompileOptions &options;
  llvm::raw_ostream &diagnostics;
  std::unique_ptr<Target> target;
  package::Manifest manifest;
  std::shared_ptr<const onnx::Model> model;
  mlir::MLIRContext context;
  std::vector<std::string> remarks;
  size_t floatLayers = 0;
  mlir::ScopedDiagnosticHandler remarkHandler;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  bool allocates = false;
  llvm::StringMap<std::vector<std::string>> passesAfter;
  std::deque<llvm::SmallVector<char, 0>> expanded;
};

} // namespace

int pebble::compileModel(const CompileOptions &options, llvm::raw_ostream &diagnostics) {
  return Compilation(options, diagnostics).run();
}

int pebble::checkModel(const CompileOptions &options, llvm::raw_ostream &diagnostics) {
  return Compilation(options, diagnostics).check();
}
