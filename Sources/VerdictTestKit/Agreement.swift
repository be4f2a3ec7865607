internal import VerdictCompiler
public import VerdictEngine
public import VerdictModel
public import VerdictPolicy
public import VerdictSnapshot

/// Holds the engine to the reference interpreter: same effect, reason, permission and operand for
/// every check of random worlds.
public struct Agreement {
  /// What the checks came to, by effect: the health of the generators.
  public private(set) var counts: [Effect: Int] = [:]
  public private(set) var checkCount = 0
  /// Up to ten disagreements, each with all that is needed to see it again.
  public private(set) var disagreements: [String] = []
  public private(set) var disagreementCount = 0

  public init() {}

  /// Makes a world from `seed` and compares `checkCount` checks in it.
  public mutating func compare(
    seed: UInt64, models: [AccessModel], checkCount: Int
  ) throws {
    var worlds = WorldGenerator(seed: seed)
    let documents = worlds.documents(models: models)
    let reference = ReferenceInterpreter(documents: documents)
    let engine = try CompiledWorld(documents)
    var checks = CheckGenerator(documents: documents, seed: seed)
    for _ in 0..<checkCount {
      let check = checks.next()
      let expected = reference.decide(check)
      let actual = engine.decide(check)
      counts[expected.effect, default: 0] += 1
      self.checkCount += 1
      if expected == actual { continue }
      disagreementCount += 1
      if disagreements.count < 10 {
        disagreements.append(
          "seed \(seed): \(check): the contract says \(expected), the engine says \(actual)")
      }
    }
  }
}

/// Documents as the engine sees them: compiled, validated, and asked with the bytes of a check.
public struct CompiledWorld {
  private let snapshots: [Storage]
  private let organizations: [[UInt8]]

  /// The bytes of a snapshot and the view on them, which must not part.
  @safe
  private final class Storage {
    let bytes: UnsafeMutableRawBufferPointer
    let view: SnapshotView

    init(_ snapshot: [UInt8]) throws(SnapshotError) {
      unsafe bytes = UnsafeMutableRawBufferPointer.allocate(
        byteCount: snapshot.count, alignment: 64)
      unsafe bytes.copyBytes(from: snapshot)
      // SAFETY: the bytes are freed by `deinit` of the object that holds the view.
      view = try SnapshotView(validating: unsafe ByteView(UnsafeRawBufferPointer(bytes)))
    }

    deinit { unsafe bytes.deallocate() }
  }

  public init(_ documents: [PolicyDocument]) throws {
    var snapshots: [Storage] = []
    for document in documents {
      snapshots.append(try Storage(try SnapshotCompiler.compile(document)))
    }
    self.snapshots = snapshots
    organizations = snapshots.map { $0.view.organizationID.array }
  }

  /// The view of one organization; valid as long as the world.
  public func view(_ index: Int) -> SnapshotView { snapshots[index].view }

  public func decide(_ check: ReferenceCheck) -> ReferenceAnswer {
    var index: Int? = organizations.count == 1 ? 0 : nil
    if let name = check.organization, !name.isEmpty { index = organizations.firstIndex(of: name) }
    guard let index else { return ReferenceAnswer(.unknownOrganization) }
    let view = snapshots[index].view
    return check.withQuestion { question in
      let decision = Engine.decide(question, in: view)
      let writer = AnswerWriter(view: view)
      return ReferenceAnswer(
        decision.reason, permission: writer.permission(decision),
        operand: writer.operand(decision).map { Array($0.utf8) })
    }
  }
}

extension ReferenceCheck {
  /// Calls `body` with the check as the engine takes it.
  public func withQuestion<R>(_ body: (Question) -> R) -> R {
    principal.withByteView { principal in
      (workspace ?? []).withByteView { workspace in
        action.withByteView { action in
          (resource ?? []).withByteView { resource in
            (target ?? []).withByteView { target in
              body(
                Question(
                  principal: principal, workspace: workspace, action: action, resource: resource,
                  target: target))
            }
          }
        }
      }
    }
  }
}
