internal import ArgumentParser
internal import VerdictControl
internal import VerdictModel
internal import VerdictPolicy
internal import VerdictSnapshot
internal import VerdictSystem

struct DifferenceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Tell who gains or loses what between two sets of policies.",
    discussion: """
      OLD and NEW are each policy documents (a file or a directory), a snapshot file, or a control \
      directory, whose current set counts. What can be decided is compared, not how it is \
      written; names for people, secrets and expiry times are not. Two control directories are also \
      compared by the routes for gateways that they carry.

      Exit status, as of diff(1): 0 nobody gains or loses anything, 1 there is a difference, 64 \
      they could not be compared.
      """)

  @Argument(help: "What was: documents, a snapshot or a control directory.")
  var old: String

  @Argument(help: "What is to be: likewise.")
  var new: String

  @OptionGroup var models: ModelOption

  @Flag(help: "Print one line of JSON.")
  var json = false

  func run() throws {
    let report: DifferenceReport
    do throws(CommandFailure) {
      report = DifferenceReport(
        from: try ComparedSet(path: old, models: models.models),
        to: try ComparedSet(path: new, models: models.models))
    } catch {
      throw CommandFailure(lines: error.lines, status: .usage)
    }
    if json {
      try StandardStream.output.write(line: report.json.line)
    } else {
      for line in report.lines { try StandardStream.output.write(line: line) }
    }
    if !report.isEmpty { ExitStatus.failure.exit() }
  }
}

/// The snapshots of one side, by their organizations.
struct ComparedSet {
  let views: [(organization: [UInt8], view: SnapshotView)]
  /// The compiled route tables that it carries, none: empty; nil where that can't be told.
  let routes: [UInt8]?
  /// What the views refer to.
  private let memories: [SealedMemory]

  init(path: String, models: String?) throws(CommandFailure) {
    if FileStatus(of: path)?.isDirectory == true, File.exists(path + "/oci-layout") {
      try self.init(currentOf: ControlDirectory(path: path))
    } else if ComparedSet.isSnapshot(path) {
      self.init([try SnapshotFile(path: path)])
    } else {
      try self.init(CompiledDocuments(paths: [path], models: models))
    }
  }

  /// Documents that are compiled already.
  init(_ compiled: CompiledDocuments, routes: [UInt8]? = nil) throws(CommandFailure) {
    var files: [SnapshotFile] = []
    for organization in compiled.organizations {
      files.append(try SnapshotFile(organization.snapshot))
    }
    self.init(files, routes: routes)
  }

  private init(_ files: [SnapshotFile], routes: [UInt8]? = nil) {
    self.routes = routes
    views = files.map { ($0.view.organizationID.array, $0.view) }
    memories = files.map(\.memory)
  }

  /// What a directory serves; nothing where nothing was published yet.
  init(currentOf control: ControlDirectory) throws(CommandFailure) {
    guard File.exists(control.path) else {
      views = []
      memories = []
      routes = []
      return
    }
    do throws(ControlError) {
      let set = try control.load()
      let loaded = set.organizations
      routes = set.attachment(.routes)?.bytes ?? []
      views = loaded.map { ($0.organization, $0.view) }
      memories = loaded.map(\.memory)
    } catch {
      throw CommandFailure(error.description)
    }
  }

  /// Whether a file begins as snapshots do. What can't be read is for the reader of documents to
  /// complain about.
  private static func isSnapshot(_ path: String) -> Bool {
    guard FileStatus(of: path)?.isRegular == true, let file = try? FileDescriptor.reading(path)
    else { return false }
    var head = [UInt8](repeating: 0, count: 8)
    var span = head.mutableSpan
    // SAFETY: the span is valid for the call, and the kernel writes inside it.
    let count = unsafe span.withUnsafeMutableBytes { buffer in
      (try? unsafe file.read(into: buffer)) ?? 0
    }
    return count == 8 && head == Array("VERDICT\n".utf8)
  }
}
