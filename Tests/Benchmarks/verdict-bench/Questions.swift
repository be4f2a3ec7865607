import VerdictEngine
import VerdictModel
import VerdictPolicy
import VerdictSnapshot

/// Random well-shaped checks of an organization: members on resources of a workspace that most of
/// them have access to, with the actions of a working day.
struct Questions {
  private let document: PolicyDocument
  private var random: UInt64
  private let reachable: [(member: Symbol, workspaces: [Int])]

  init(_ document: PolicyDocument, seed: UInt64) {
    self.document = document
    random = seed
    var byMember: [Symbol: [Int]] = [:]
    var places: [Symbol: Int] = [:]
    for (place, workspace) in document.workspaces.enumerated() {
      places[workspace.id.symbol] = place
      for member in workspace.members { byMember[member.symbol, default: []].append(place) }
    }
    for group in document.groups {
      let attached = group.workspaces.compactMap { places[$0.symbol] }
      for member in group.members { byMember[member.symbol, default: []] += attached }
    }
    reachable = document.organization.members.map { ($0.symbol, byMember[$0.symbol] ?? [0]) }
  }

  private mutating func below(_ bound: Int) -> Int {
    random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((random >> 33) % UInt64(bound))
  }

  static let workingDay = ["edit", "edit", "edit", "delete", "view", "destination_live_events"]

  /// - Parameter run: how many checks in a row are of the same member.
  mutating func make(
    _ count: Int, run: Int = 1, actions: [String] = Questions.workingDay
  ) -> QuestionSet {
    var set = QuestionSet()
    var member = reachable[0]
    for number in 0..<count {
      if number % run == 0 { member = reachable[below(reachable.count)] }
      let workspace = document.workspaces[member.workspaces[below(member.workspaces.count)]]
      let resource = workspace.resources[below(workspace.resources.count)]
      var action = actions[below(actions.count)]
      let type = document.model.resourceTypes[resource.type].name
      if action == "destination_live_events", type != "destination" { action = "edit" }
      set.append(
        principal: document.symbols.text(member.member),
        workspace: document.symbols.text(workspace.id.symbol), action: action, type: type,
        id: document.symbols.text(resource.id.symbol))
    }
    return set
  }
}

/// Checks in one block of bytes, as a request would hold them.
struct QuestionSet {
  private struct Place {
    var start: Int
    var count: Int
  }

  private struct Row {
    var principal: Place
    var workspace: Place
    var action: Place
    var type: Place
    var resource: Place
    var id: Place
  }

  private var bytes: [UInt8] = []
  private var rows: [Row] = []

  var count: Int { rows.count }

  mutating func append(
    principal: String, workspace: String, action: String, type: String, id: String
  ) {
    func add(_ text: String) -> Place {
      bytes += Array(text.utf8)
      return Place(start: bytes.count - text.utf8.count, count: text.utf8.count)
    }
    // The ids side by side, as a request of ids has them.
    let action = add(action)
    let resource = add("\(type)/\(id)")
    let principal = add(principal)
    let workspace = add(workspace)
    rows.append(
      Row(
        principal: principal, workspace: workspace, action: action,
        type: Place(start: resource.start, count: type.utf8.count), resource: resource,
        id: Place(
          start: resource.start + type.utf8.count + 1, count: id.utf8.count)))
  }

  private func slice(_ bytes: ByteView, _ place: Place) -> ByteView {
    bytes[place.start..<place.start + place.count]
  }

  /// Those of the checks that one term on the resource decides, repeated up to as many.
  func plain(in view: SnapshotView) -> QuestionSet {
    var set = self
    bytes.withByteView { bytes in
      let plain = rows.filter { row in
        let action = view.findAction(slice(bytes, row.action))
        return view.rule(action: action, type: view.findType(slice(bytes, row.type))).column != 0
      }
      set.rows = rows.indices.map { plain[$0 % plain.count] }
    }
    return set
  }

  /// Everything by name: what a plain `Authorize` does for each check.
  func decideTexts(_ view: SnapshotView, _ rounds: Int) -> UInt64 {
    var sum: UInt64 = 0
    bytes.withByteView { bytes in
      for _ in 0..<rounds {
        for row in rows {
          let decision = Engine.decide(
            Question(
              principal: slice(bytes, row.principal), workspace: slice(bytes, row.workspace),
              action: slice(bytes, row.action), resource: slice(bytes, row.resource),
              target: ByteView()), in: view)
          sum &+= UInt64(decision.reasonByte)
        }
      }
    }
    return sum
  }

  /// From id bytes one at a time: principal, workspace and resource are looked up; actions and
  /// types are numbers.
  func decideIDs(_ view: SnapshotView, _ rounds: Int) -> UInt64 {
    var sum: UInt64 = 0
    bytes.withByteView { bytes in
      let ready = ready(bytes, view)
      for _ in 0..<rounds {
        for check in ready {
          let decision = Engine.decide(
            view, principal: PrincipalName(check.principal), workspace: check.workspace,
            action: Int(check.action), type: Int(check.type), id: check.id)
          sum &+= UInt64(decision.reasonByte)
        }
      }
    }
    return sum
  }

  /// The same with the workspace looked up before.
  func decideResolved(_ view: SnapshotView, _ rounds: Int) -> UInt64 {
    walk(view, rounds) { check in
      let decision = Engine.decide(
        view, principal: PrincipalName(check.principal), workspace: check.resolved,
        action: Int(check.action), type: Int(check.type), id: check.id)
      return UInt64(decision.reasonByte)
    }
  }

  /// No more than the look-ups of that.
  func lookUp(_ view: SnapshotView, _ rounds: Int) -> UInt64 {
    walk(view, rounds) { check in
      QuestionSet.lookUp(
        view, principal: PrincipalName(check.principal), workspace: check.resolved,
        action: Int(check.action), type: Int(check.type), id: check.id)
    }
  }

  /// Nothing of it: a call with the same words, for what is around.
  func passOver(_ view: SnapshotView, _ rounds: Int) -> UInt64 {
    walk(view, rounds) { check in
      QuestionSet.passOver(
        view, principal: PrincipalName(check.principal), workspace: check.resolved,
        action: Int(check.action), type: Int(check.type), id: check.id)
    }
  }

  @inline(__always)
  private func walk(
    _ view: SnapshotView, _ rounds: Int, _ body: (Ready) -> UInt64
  ) -> UInt64 {
    var sum: UInt64 = 0
    bytes.withByteView { bytes in
      let ready = ready(bytes, view)
      for _ in 0..<rounds {
        for check in ready { sum &+= body(check) }
      }
    }
    return sum
  }

  @inline(never)
  private static func lookUp(
    _ view: SnapshotView, principal: PrincipalName, workspace: ResolvedWorkspace, action: Int,
    type: Int, id: ByteView
  ) -> UInt64 {
    let kind = principal.kind.rawValue
    let tag = UInt8(truncatingIfNeeded: type)
    let (principals, resources) = (view.table(.principals), view.table(.resources))
    let soughtPrincipal = principals.seek(tag: kind, principal.id)
    let soughtResource = resources.seek(tag: tag, id)
    let member = principals.find(soughtPrincipal, tag: kind, principal.id)
    let resource = resources.find(soughtResource, tag: tag, id)
    return UInt64(member.value ^ resource.value)
  }

  @inline(never)
  private static func passOver(
    _ view: SnapshotView, principal: PrincipalName, workspace: ResolvedWorkspace, action: Int,
    type: Int, id: ByteView
  ) -> UInt64 {
    UInt64(truncatingIfNeeded: principal.id.count ^ id.count ^ type)
  }

  /// A check as a caller has it: ids as bytes, the rest as numbers.
  private struct Ready {
    var principal: ByteView
    var workspace: ByteView
    var resolved: ResolvedWorkspace
    var action: Int16
    var type: Int16
    var id: ByteView
  }

  private func ready(_ bytes: ByteView, _ view: SnapshotView) -> [Ready] {
    let workspaces = view.table(.workspaces)
    return rows.map { row in
      Ready(
        principal: slice(bytes, row.principal), workspace: slice(bytes, row.workspace),
        resolved: ResolvedWorkspace(slice(bytes, row.workspace), in: workspaces),
        action: Int16(view.findAction(slice(bytes, row.action))),
        type: Int16(view.findType(slice(bytes, row.type))), id: slice(bytes, row.id))
    }
  }

  /// Requests in columns of a thousand checks.
  func batches(onePrincipal: Bool) -> [BenchBatch] {
    stride(from: 0, to: rows.count, by: 1_000).map { start in
      BenchBatch(
        rows[start..<min(start + 1_000, rows.count)].map { row in
          BenchBatch.Check(
            principal: Array(
              bytes[row.principal.start..<row.principal.start + row.principal.count]),
            workspace: Array(
              bytes[row.workspace.start..<row.workspace.start + row.workspace.count]),
            action: Array(bytes[row.action.start..<row.action.start + row.action.count]),
            type: Array(bytes[row.type.start..<row.type.start + row.type.count]),
            id: Array(bytes[row.id.start..<row.id.start + row.id.count]))
        }, onePrincipal: onePrincipal)
    }
  }
}

/// One request in the columns form.
struct BenchBatch {
  struct Check {
    var principal: [UInt8]
    var workspace: [UInt8]
    var action: [UInt8]
    var type: [UInt8]
    var id: [UInt8]
  }

  private var values: [[[UInt8]]] = [[], [], []]
  private var indices: [[UInt8]] = [[], [], []]
  private var ids: (data: [UInt8], lengths: [UInt8]) = ([], [])
  private var principals: (data: [UInt8], lengths: [UInt8]) = ([], [])
  private let count: Int
  /// Of all checks, or empty: each has its own.
  private let principal: [UInt8]

  init(_ checks: [Check], onePrincipal: Bool) {
    count = checks.count
    principal = onePrincipal ? checks[0].principal : []
    for check in checks {
      for (column, value) in [check.action, check.type, check.workspace].enumerated() {
        let place = values[column].firstIndex(of: value) ?? values[column].count
        if place == values[column].count { values[column].append(value) }
        indices[column].append(UInt8(place))
      }
      ids.data += check.id
      ids.lengths.append(UInt8(check.id.count))
      guard !onePrincipal else { continue }
      principals.data += check.principal
      principals.lengths.append(UInt8(check.principal.count))
    }
  }

  static func decide(_ batches: [BenchBatch], _ view: SnapshotView, _ rounds: Int) -> UInt64 {
    var sum: UInt64 = 0
    var columns = ColumnBatch()
    for _ in 0..<rounds { for batch in batches { sum &+= batch.decide(&columns, view) } }
    return sum
  }

  private func decide(_ batch: inout ColumnBatch, _ view: SnapshotView) -> UInt64 {
    if !principal.isEmpty {
      principal.withByteView { batch.set(defaultPrincipal: $0, in: view) }
    }
    for (index, name) in values[0].enumerated() {
      name.withByteView { batch.set(action: index, $0, in: view) }
    }
    for (index, name) in values[1].enumerated() {
      name.withByteView { batch.set(resourceType: index, $0, in: view) }
    }
    batch.set(targetType: 0, ByteView(), in: view)
    for (index, name) in values[2].enumerated() {
      name.withByteView { batch.set(workspace: index, $0, default: ByteView(), in: view) }
    }
    return withViews { rows in
      var cursor = ColumnBatch.Cursor()
      // SAFETY: the memory is initialised by `decide` up to its count and holds no objects.
      return unsafe withUnsafeTemporaryAllocation(of: Decision.self, capacity: count) { room in
        let decisions = unsafe room.baseAddress.unsafelyUnwrapped
        unsafe batch.decide(rows, &cursor, upTo: count, in: view, into: decisions)
        var sum: UInt64 = 0
        for index in 0..<count { unsafe sum &+= UInt64(decisions[index].reasonByte) }
        return sum
      }
    }
  }

  private func withViews(_ body: (ColumnBatch.Rows) -> UInt64) -> UInt64 {
    indices[0].withByteView { actions in
      indices[1].withByteView { types in
        indices[2].withByteView { workspaces in
          ids.data.withByteView { idData in
            ids.lengths.withByteView { idLengths in
              principals.data.withByteView { principalData in
                principals.lengths.withByteView { principalLengths in
                  var rows = ColumnBatch.Rows()
                  rows.actionOf = actions
                  rows.resourceTypeOf = types
                  rows.workspaceOf = workspaces
                  rows.resourceIDs = (idData, idLengths)
                  rows.principals = (principalData, principalLengths)
                  return body(rows)
                }
              }
            }
          }
        }
      }
    }
  }
}
