internal import VerdictModel
internal import VerdictSnapshot

/// A check whose names have been looked up, with what an explanation needs beyond a decision.
struct InspectedCheck {
  let view: SnapshotView
  let question: Question
  let decision: Decision
  let principal: ResolvedPrincipal
  let workspace: ResolvedWorkspace
  /// The action's number, or -1.
  let action: Int
  let resource: ResolvedOperand
  let target: ResolvedOperand

  init(_ question: Question, in view: SnapshotView) {
    self.view = view
    self.question = question
    decision = Engine.decide(question, in: view)
    let name = PrincipalName(question.principal)
    let principals = view.table(.principals)
    principal = ResolvedPrincipal(name, in: principals)
    workspace = ResolvedWorkspace(question.workspace, in: view.table(.workspaces))
    action = view.findAction(question.action)
    resource = ResolvedOperand(question.resource, in: view)
    if question.target.isEmpty {
      target = ResolvedOperand()
    } else if action >= 0, view.action(action).has(ActionFlag.targetsUser) {
      target = ResolvedOperand(user: question.target, in: view)
    } else {
      target = ResolvedOperand(target: question.target, in: view)
    }
  }

  /// The ids as the question words them; empty where there is only a type.
  var resourceID: String { InspectedCheck.id(question.resource) }
  var targetID: String { InspectedCheck.id(question.target) }

  private static func id(_ text: ByteView) -> String {
    let slash = text.firstIndex(of: UInt8(ascii: "/"))
    return slash < 0 ? "" : text[slash + 1..<text.count].text
  }

  /// The principal's slot, or -1.
  var principalSlot: Int { principal.slot.number }

  /// What the action takes and requires; nil where the check's shape is wrong.
  var rule: CaseRecord? {
    guard action >= 0 else { return nil }
    let shape = Engine.shape(view, view.action(action), action, resource, target)
    return shape.caseIndex < 0 ? nil : view.caseRecord(shape.caseIndex)
  }

  // MARK: Who

  var person: InspectedPrincipal {
    InspectedPrincipal(
      of: principal, slot: principalSlot, workspace: access?.workspace ?? -1,
      named: question.workspace.text, in: view)
  }

  /// nil where the principal or an id is not known.
  var access: Access? {
    guard principal.resolution == .known, workspace.resolution != .invalid,
      !principal.isOrganizationToken
    else { return nil }
    return Access(view, principal, workspace)
  }

  /// The slot that rights hang on: of a personal token its user's.
  var holderSlot: Int {
    principal.kind == .personalToken ? view.user(ofToken: principalSlot) : principalSlot
  }
}

extension InspectedPrincipal {
  /// - Parameters:
  ///   - workspace: the workspace's number, or -1.
  ///   - name: of the workspace as the question has it.
  init(
    of principal: ResolvedPrincipal, slot: Int, workspace: Int, named name: String,
    in view: SnapshotView
  ) {
    let place = workspace >= 0 ? view.workspaceID(workspace).text : name
    guard principal.resolution == .known else {
      self.init(rank: .unknown, workspace: place)
      return
    }
    switch principal.kind {
    case .user: self.init(rank: InspectedPrincipal.rank(principal), workspace: place)
    case .serviceToken:
      self.init(
        rank: principal.isOrganizationToken ? .organizationToken : .workspaceToken,
        workspace: place)
    case .personalToken:
      let principals = view.table(.principals)
      let user = view.user(ofToken: slot)
      let id = principals.key(slot: user)
      self.init(
        rank: .personalToken, user: id.text,
        tokenScope: principal.rank == 0
          ? "read_only" : principal.rank == 1 ? "read_write" : "admin",
        workspace: place,
        userRank: InspectedPrincipal.rank(
          ResolvedPrincipal(.user, principals.slot(user))))
    }
  }

  private static func rank(_ user: ResolvedPrincipal) -> Rank {
    user.isOwner ? .owner : user.isAdmin ? .admin : .member
  }
}

extension ResolvedPrincipal {
  /// The principal in an occupied slot.
  init(_ kind: PrincipalKind, _ slot: KeySlot) {
    self.init(.known, kind, slot)
  }
}
