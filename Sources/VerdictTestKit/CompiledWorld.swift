internal import VerdictCompiler
public import VerdictEngine
internal import VerdictModel
public import VerdictPolicy
public import VerdictSnapshot

/// Documents as the engine sees them: compiled, validated, and asked with the bytes of a check.
public struct CompiledWorld {
  private let snapshots: [Storage]
  private let organizations: [[UInt8]]

  /// The ways into the engine, which have to give the same answers.
  public enum Way: String, CaseIterable, Sendable {
    /// One check by its texts.
    case texts
    /// Everything looked up by the asker, name by name.
    case numbers
    /// Action and type as numbers, principal and resource as ids.
    case ids
    /// Many checks at once, in columns.
    case columns
  }

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

  /// The organization that a check is about; nil: none that is loaded.
  func organization(of check: ReferenceCheck) -> Int? {
    if let name = check.organization, !name.isEmpty { return organizations.firstIndex(of: name) }
    return organizations.count == 1 ? 0 : nil
  }

  // MARK: Ways to ask

  public func decide(_ check: ReferenceCheck) -> ReferenceAnswer {
    guard let index = organization(of: check) else { return ReferenceAnswer(.unknownOrganization) }
    let view = snapshots[index].view
    return check.withQuestion { question in
      ReferenceAnswer(Engine.decide(question, in: view), view)
    }
  }

  /// The same, every name looked up here.
  func decideByNumbers(_ check: ReferenceCheck) -> ReferenceAnswer {
    guard let index = organization(of: check) else { return ReferenceAnswer(.unknownOrganization) }
    let view = snapshots[index].view
    return check.withQuestion { question in
      let action = view.findAction(question.action)
      var target = ResolvedOperand()
      if !question.target.isEmpty {
        target =
          action >= 0 && view.action(action).has(ActionFlag.targetsUser)
          ? ResolvedOperand(user: question.target, in: view)
          : ResolvedOperand(target: question.target, in: view)
      }
      let decision = Engine.decide(
        view,
        principal: ResolvedPrincipal(
          PrincipalName(question.principal), in: view.table(.principals)),
        workspace: ResolvedWorkspace(question.workspace, in: view.table(.workspaces)),
        action: action, resource: ResolvedOperand(question.resource, in: view), target: target)
      return ReferenceAnswer(decision, view)
    }
  }

  /// The same by ids; nil where the check is not of that form: a resource of a known type with an
  /// id, and no target.
  func decideByIDs(_ check: ReferenceCheck) -> ReferenceAnswer? {
    guard let index = organization(of: check), let resource = check.resource,
      check.target?.isEmpty ?? true, let id = ReferenceOperand(resource).id
    else { return nil }
    let view = snapshots[index].view
    let type = ReferenceOperand(resource).type.withByteView { view.findType($0) }
    guard type >= 0 else { return nil }
    return check.withQuestion { question in
      id.withByteView { id in
        let principal = PrincipalName(question.principal)
        let action = view.findAction(question.action)
        let decision = Engine.decide(
          view, principal: principal, workspace: question.workspace, action: action, type: type,
          id: id)
        let resolved = Engine.decide(
          view, principal: principal,
          workspace: ResolvedWorkspace(question.workspace, in: view.table(.workspaces)),
          action: action, type: type, id: id)
        precondition(decision == resolved, "a workspace's name and its number mean the same")
        return ReferenceAnswer(decision, view)
      }
    }
  }

  /// The same for many checks of any organizations, in columns; nil where columns can't say a
  /// check.
  ///
  /// - Precondition: at most 256 checks.
  public func decideInColumns(
    _ checks: [ReferenceCheck], with batch: inout ColumnBatch
  ) -> [ReferenceAnswer?] {
    var answers = [ReferenceAnswer?](repeating: nil, count: checks.count)
    let rows = checks.map { ColumnRow($0) }
    for index in organizations.indices {
      let view = snapshots[index].view
      let places = checks.indices.filter {
        rows[$0].fits && organization(of: checks[$0]) == index
      }
      for places in ColumnRows.batches(of: rows, at: places) {
        let decisions = ColumnRows(places.map { rows[$0] }).decide(&batch, view)
        for (place, decision) in zip(places, decisions) {
          answers[place] = ReferenceAnswer(decision, view)
        }
      }
    }
    return answers
  }

  /// One check in one of the ways; nil where it can't be asked that way.
  func decide(_ check: ReferenceCheck, by way: Way) -> ReferenceAnswer? {
    switch way {
    case .texts: return decide(check)
    case .numbers: return decideByNumbers(check)
    case .ids: return decideByIDs(check)
    case .columns:
      var batch = ColumnBatch()
      return decideInColumns([check], with: &batch)[0]
    }
  }
}

extension ReferenceAnswer {
  /// A decision in names.
  init(_ decision: Decision, _ view: SnapshotView) {
    let writer = AnswerWriter(view: view)
    self.init(
      decision.reason, permission: writer.permission(decision),
      operand: writer.operand(decision).map { Array($0.utf8) })
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
