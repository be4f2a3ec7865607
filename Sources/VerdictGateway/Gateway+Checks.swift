internal import VerdictEngine
internal import VerdictModel
internal import VerdictRPC
internal import VerdictRoutes
internal import VerdictSnapshot

/// The checks of a route: all have to allow.
extension Gateway {
  mutating func check(
    _ route: Route, _ identity: Identity, _ values: inout RequestValues,
    _ unfinished: consuming GatewayAnswer, _ arena: borrowing MessageArena
  ) -> GatewayAnswer {
    var answer = unfinished
    guard let organization = answer.organization else { return answer.denied(.unknownOrganization) }
    let view = organization.view
    guard route.admits(identity.kind) else { return answer.denied(.tokenKind) }
    guard let named = workspace(route, identity, &values, arena) else {
      return answer.denied(.badRequest)
    }
    // A header may hold any bytes. What is no id must not get into the answer: a gateway that can't
    // read that takes it for a failure, and may be told to let requests pass then.
    guard named.isEmpty || Identifier.isValid(named) else { return answer.denied(.invalidID) }
    var asked = AskedCheck(
      view: view, principal: ResolvedPrincipal(kind: identity.kind, id: identity.id, in: view),
      workspace: ResolvedWorkspace(named, in: view.table(.workspaces)),
      deniesUnknown: route.has(RouteFlag.deniesUnknown))
    answer.workspace = named
    if named.isEmpty, let number = asked.principal.ownWorkspace {
      answer.workspace = workspaces.name(number, view)
    }
    var reason = Reason.internal
    for index in route.checks {
      let check = values.table.check(index)
      answer.action = check.action
      asked.action = view.findAction(check.action)
      let result = asked.decide(check, &values, arena)
      reason = result.reason
      answer.resource = asked.resource
      answer.target = asked.target
      answer.decision = result
      guard reason.effect == .allow else {
        answer.message = asked.message(result, arena)
        return answer.denied(reason)
      }
    }
    return answer.allowed(reason)
  }

  /// The workspace that the request names, empty where it names none, or nil: it names two.
  private func workspace(
    _ route: Route, _ identity: Identity, _ values: inout RequestValues,
    _ arena: borrowing MessageArena
  ) -> ByteView? {
    var found = identity.workspace
    func agrees(_ name: ByteView) -> Bool {
      guard !name.isEmpty, found.isEmpty || found == name else { return false }
      found = name
      return true
    }
    switch values.request.context.find("verdict.workspace") {
    case .absent: break
    case .repeated: return nil
    case .once(let name): guard agrees(name) else { return nil }
    }
    for index in route.workspaceSources {
      switch values.value(index, arena) {
      case .absent: continue
      case .one(let name): guard agrees(name) else { return nil }
      case .refused, .several: return nil
      }
    }
    return found
  }
}

/// One check of a route while it is decided.
struct AskedCheck {
  let view: SnapshotView
  let principal: ResolvedPrincipal
  let workspace: ResolvedWorkspace
  let deniesUnknown: Bool
  var action = -1
  /// What the last decision was about, for its message.
  private(set) var resource = GatewayAnswer.Operand()
  private(set) var target = GatewayAnswer.Operand()

  init(
    view: SnapshotView, principal: ResolvedPrincipal, workspace: ResolvedWorkspace,
    deniesUnknown: Bool
  ) {
    self.view = view
    self.principal = principal
    self.workspace = workspace
    self.deniesUnknown = deniesUnknown
  }

  /// The decision, of lists the first that doesn't allow or the last.
  mutating func decide(
    _ check: RouteCheck, _ values: inout RequestValues, _ arena: borrowing MessageArena
  ) -> Decision {
    resource = GatewayAnswer.Operand()
    target = GatewayAnswer.Operand()
    guard check.resource >= 0 else {
      return decide(ResolvedOperand(), ResolvedOperand())
    }
    let operand = values.table.operand(check.resource)
    if operand.form == .connection { return connection(operand, &values, arena) }
    guard check.target >= 0 else { return each(operand, nil, &values, arena) }
    return each(operand, values.table.operand(check.target), &values, arena)
  }

  private func decide(_ resource: ResolvedOperand, _ target: ResolvedOperand) -> Decision {
    Engine.decide(
      view, principal: principal, workspace: workspace, action: action, resource: resource,
      target: target)
  }

  /// A check for each of the ids that the request names for the resource, with each for the target.
  private mutating func each(
    _ operand: RouteOperand, _ target: RouteOperand?, _ values: inout RequestValues,
    _ arena: borrowing MessageArena
  ) -> Decision {
    var targets = NamedIDs()
    if let target {
      guard let ids = NamedIDs(target, &values, arena) else { return Decision(.badRequest) }
      targets = ids
    }
    guard let ids = NamedIDs(operand, &values, arena) else { return Decision(.badRequest) }
    guard ids.count * targets.count <= GatewayLimits.listElementCountMax else {
      return Decision(.badRequest)
    }
    var last = Decision(.internal)
    for targetIndex in 0..<targets.count {
      var resolved = ResolvedOperand()
      if let target {
        let found = resolve(target, targets[targetIndex], .target, &values, arena)
        guard found.fault.reason == .granted else { return found.fault }
        resolved = found.operand
        self.target = GatewayAnswer.Operand(type: found.type, id: targets[targetIndex])
      }
      for index in 0..<ids.count {
        last = one(operand, ids[index], resolved, &values, arena)
        guard last.isAllow else { return last }
      }
    }
    return last
  }

  private mutating func one(
    _ operand: RouteOperand, _ id: ByteView, _ target: ResolvedOperand,
    _ values: inout RequestValues, _ arena: borrowing MessageArena
  ) -> Decision {
    if operand.form == .linkedToTarget { return linked(operand, target, &values) }
    let found = resolve(operand, id, .self, &values, arena)
    guard found.fault.reason == .granted else { return found.fault }
    resource = GatewayAnswer.Operand(type: found.type, id: id)
    return decide(found.operand, target)
  }

  // MARK: Operands

  /// An operand, or with a reason but `granted` why there is none.
  private struct Resolved {
    var operand = ResolvedOperand()
    var type = -1
    var fault = Decision(.granted)
  }

  private func fault(_ reason: Reason, _ operand: Decision.Operand) -> Resolved {
    Resolved(fault: Decision(reason, operand: operand))
  }

  private mutating func resolve(
    _ operand: RouteOperand, _ id: ByteView, _ place: Decision.Operand,
    _ values: inout RequestValues, _ arena: borrowing MessageArena
  ) -> Resolved {
    var type = -1
    if operand.typeSource >= 0 {
      guard case .one(let text) = values.value(operand.typeSource, arena) else {
        return Resolved(fault: Decision(.badRequest))
      }
      let name = values.table.type(of: text, among: operand.pairs)
      guard !name.isEmpty else { return Resolved(fault: Decision(.badRequest)) }
      type = view.findType(name)
    } else if operand.types.count == 1 {
      type = view.findType(values.table.value(operand.types.lowerBound))
    } else {
      return candidate(operand, id, place, values.table)
    }
    guard type >= 0 else { return Resolved(fault: Decision(.unknownResourceType)) }
    switch operand.form {
    case .type: return Resolved(operand: ResolvedOperand(type: type), type: type)
    case .new: return Resolved(operand: ResolvedOperand(newOf: type), type: type)
    default: break
    }
    let resolved = ResolvedOperand(type: type, id: id, in: view.table(.resources))
    if deniesUnknown, resolved.resolution == .unknown { return fault(.unknownResource, place) }
    return Resolved(operand: resolved, type: type)
  }

  /// The one type of several under which the id is known.
  private func candidate(
    _ operand: RouteOperand, _ id: ByteView, _ place: Decision.Operand, _ table: RouteTable
  ) -> Resolved {
    var found = Resolved()
    for index in operand.types {
      let type = view.findType(table.value(index))
      guard type >= 0 else { continue }
      let resolved = ResolvedOperand(type: type, id: id, in: view.table(.resources))
      if resolved.resolution == .invalid { return Resolved(fault: Decision(.invalidID)) }
      guard resolved.resolution == .known else { continue }
      if found.type >= 0 { return fault(.ambiguousResource, place) }
      found = Resolved(operand: resolved, type: type)
    }
    return found.type >= 0 ? found : fault(.unknownResource, place)
  }

  /// Both ends of a connection that the request names by its own id.
  private mutating func connection(
    _ operand: RouteOperand, _ values: inout RequestValues, _ arena: borrowing MessageArena
  ) -> Decision {
    guard case .one(let id) = values.value(operand.idSource, arena) else {
      return Decision(.badRequest)
    }
    guard Identifier.isValid(id) else { return Decision(.invalidID) }
    guard let ends = view.connection(id) else {
      return Decision(.unknownResource, operand: .self)
    }
    let resources = view.table(.resources)
    resource = GatewayAnswer.Operand(
      type: Int(resources.slot(ends.source).tag), id: resources.key(slot: ends.source))
    target = GatewayAnswer.Operand(
      type: Int(resources.slot(ends.destination).tag), id: resources.key(slot: ends.destination))
    return decide(
      ResolvedOperand(slot: ends.source, in: view),
      ResolvedOperand(slot: ends.destination, in: view))
  }

  /// Every resource of the type that is linked to the target. Where there are too many to look
  /// through, or the target's links are not known, rights on all of the type are asked for.
  private mutating func linked(
    _ operand: RouteOperand, _ target: ResolvedOperand, _ values: inout RequestValues
  ) -> Decision {
    let type = view.findType(values.table.value(operand.types.lowerBound))
    guard type >= 0 else { return Decision(.unknownResourceType) }
    resource = GatewayAnswer.Operand(type: type)
    guard let slot = target.knownSlot else { return decide(ResolvedOperand(someOf: type), target) }
    let neighbours = view.resources(ofType: type, in: view.workspace(ofResource: slot))
    guard neighbours.count <= GatewayLimits.linkScanCountMax else {
      return decide(ResolvedOperand(someOf: type), target)
    }
    var last = Decision(.unknownResource, operand: .self)
    for place in neighbours {
      let neighbour = view.resource(at: place)
      guard view.isLinked(neighbour, to: slot) else { continue }
      resource.id = view.table(.resources).key(slot: neighbour)
      last = decide(ResolvedOperand(slot: neighbour, in: view), target)
      guard last.isAllow else { return last }
    }
    return last
  }

  // MARK: Messages

  /// The decision in words, in the arena; empty where it is full. Allocates.
  func message(_ decision: Decision, _ arena: borrowing MessageArena) -> ByteView {
    let resource = AskedCheck.text(self.resource, view)
    let target = AskedCheck.text(self.target, view)
    return resource.withByteView { resource in
      target.withByteView { target in
        let question = Question(
          principal: ByteView(), workspace: ByteView(), action: ByteView(), resource: resource,
          target: target)
        let text = AnswerWriter(view: view).message(decision, question)
        return text.withByteView { arena.copy($0) } ?? ByteView()
      }
    }
  }

  private static func text(_ operand: GatewayAnswer.Operand, _ view: SnapshotView) -> [UInt8] {
    guard operand.type >= 0 else { return [] }
    let name = view.typeName(operand.type).array
    return operand.id.isEmpty ? name : name + [UInt8(ascii: "/")] + operand.id.array
  }
}

/// The ids that a request names for an operand: one, or those of a list; one empty one for an
/// operand without an id.
struct NamedIDs {
  private var single = ByteView()
  private var several: TextPairs?

  /// One without a name.
  init() {}

  /// nil where the request doesn't name any.
  init?(_ operand: RouteOperand, _ values: inout RequestValues, _ arena: borrowing MessageArena) {
    guard operand.form == .id else { return }
    switch values.value(operand.idSource, arena) {
    case .absent, .refused: return nil
    case .one(let text): single = text
    case .several(let texts):
      guard texts.count > 0 else { return nil }
      several = texts
    }
  }

  var count: Int { several?.count ?? 1 }

  subscript(index: Int) -> ByteView { several?[index].value ?? single }
}
