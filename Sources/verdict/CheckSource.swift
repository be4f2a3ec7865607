internal import VerdictClient
internal import VerdictControl
internal import VerdictEngine
internal import VerdictModel
internal import VerdictSnapshot
internal import VerdictSystem

/// Where answers come from: one answer for each check, in order. Whatever the source, the same
/// policies give the same answers, messages included.
struct CheckSource {
  let answer: ([Check]) throws(CommandFailure) -> [CheckAnswer]

  /// Compiles documents.
  static func documents(paths: [String], models: String?) throws(CommandFailure) -> CheckSource {
    local(try LocalSnapshots.documents(paths: paths, models: models))
  }

  /// Takes documents that are compiled already.
  static func documents(_ compiled: CompiledDocuments) throws(CommandFailure) -> CheckSource {
    local(try LocalSnapshots.documents(compiled))
  }

  /// Reads a snapshot file.
  static func snapshot(path: String) throws(CommandFailure) -> CheckSource {
    local(try LocalSnapshots.snapshot(path: path))
  }

  /// Loads the current set of a control directory.
  static func control(path: String) throws(CommandFailure) -> CheckSource {
    local(try LocalSnapshots.control(path: path))
  }

  static func local(_ snapshots: LocalSnapshots) -> CheckSource {
    CheckSource { checks throws(CommandFailure) in checks.map(snapshots.answer) }
  }
}

/// Snapshots in this process, asked as a server asks its own.
@safe
final class LocalSnapshots {
  let set: SnapshotSet
  /// What the set's views refer to.
  private let memories: [SealedMemory]

  convenience init(_ snapshots: [SnapshotFile]) {
    self.init(snapshots.map(\.view), snapshots.map(\.memory))
  }

  convenience init(_ loaded: LoadedSet) {
    self.init(loaded.organizations.map(\.view), loaded.organizations.map(\.memory))
  }

  /// Compiles documents.
  static func documents(paths: [String], models: String?) throws(CommandFailure) -> LocalSnapshots {
    try documents(try CompiledDocuments.tellingWarnings(paths: paths, models: models))
  }

  /// Takes documents that are compiled already.
  static func documents(_ compiled: CompiledDocuments) throws(CommandFailure) -> LocalSnapshots {
    var snapshots: [SnapshotFile] = []
    for organization in compiled.organizations {
      snapshots.append(try SnapshotFile(organization.snapshot))
    }
    return LocalSnapshots(snapshots)
  }

  /// Reads a snapshot file.
  static func snapshot(path: String) throws(CommandFailure) -> LocalSnapshots {
    LocalSnapshots([try SnapshotFile(path: path)])
  }

  /// Loads the current set of a control directory.
  static func control(path: String) throws(CommandFailure) -> LocalSnapshots {
    do throws(ControlError) {
      return LocalSnapshots(try ControlDirectory(path: path).load())
    } catch {
      throw CommandFailure(error.description)
    }
  }

  private init(_ views: [SnapshotView], _ memories: [SealedMemory]) {
    self.memories = memories
    // Digest and generation are for answers of servers; nobody asks for them here.
    set = SnapshotSet(
      number: 1,
      views.map {
        SnapshotSet.Organization(
          view: $0, digest: Array(repeating: 0, count: 32), generation: 1, createdSeconds: 0)
      })
  }

  deinit {
    // SAFETY: nobody else has the set.
    unsafe set.free()
  }

  func answer(_ check: Check) -> CheckAnswer {
    let index = (check.organization ?? "").withByteView { set.find($0) }
    guard index >= 0 else { return AnswerWriter.answer(.unknownOrganization) }
    let view = set[index].view
    return check.withQuestion {
      AnswerWriter(view: view).answer(Engine.decide($0, in: view), $0)
    }
  }
}
