public import VerdictModel
public import VerdictSnapshot

/// Which page of a list.
public struct PageRequest {
  /// At most so many items: 1 up to `Limits.pageItemCountMax`; 0 for the usual number.
  public var itemCountMax: Int
  /// From the page before; empty for the first.
  public var token: ByteView

  public init(itemCountMax: Int = 0, token: ByteView = ByteView()) {
    self.itemCountMax = itemCountMax
    self.token = token
  }

  var count: Int {
    itemCountMax <= 0
      ? Limits.pageItemCountUsual : min(itemCountMax, Limits.pageItemCountMax)
  }
}

extension Engine {
  /// On which resources of a type may the principal do the action?
  ///
  /// In byte order of the ids. A page may have fewer items than asked for, none even, and have a
  /// next one: it ends at the latest after `Limits.pageScanCountMax` resources. All pages of a
  /// list are of the same snapshot.
  ///
  /// - Parameter question: its `resource` is the type, without an id.
  public static func listResources(
    _ question: Question, _ page: PageRequest, in view: SnapshotView
  ) throws(PageFault) -> ResourcePage {
    let check = InspectedCheck(question, in: view)
    let type = view.findType(question.resource)
    let token = PageToken(
      view, list: 1,
      [
        question.principal, question.workspace, question.action, question.resource,
        question.target,
      ])
    var result = ResourcePage()
    // A resource that nobody knows meets every fault of the question itself.
    let unknown = decide(
      view, principal: check.principal, workspace: check.workspace, action: check.action,
      resource: ResolvedOperand(.id, .unknown, type: Int32(type)), target: check.target)
    if isRefusal(unknown) {
      result.refusal = AnswerWriter(view: view).answer(unknown, question)
      return result
    }
    result.includesUnknown = unknown.effect == .allow
    guard let workspace = check.access?.workspace, type >= 0 else { return result }
    let places = view.resources(workspace: workspace, type: type)
    let resources = view.table(.resources)
    var place = try token.place(page.token, upTo: places.count)
    let end = min(places.count, place + Limits.pageScanCountMax)
    while place < end, result.resources.count < page.count {
      let slot = view.resourceSlot(at: places.lowerBound + place)
      let id = resources.key(slot: slot)
      let decision = decide(
        view, principal: check.principal, workspace: check.workspace, action: check.action,
        resource: ResolvedOperand(type: type, id: id, resources.slot(slot)),
        target: check.target)
      if decision.effect == .allow {
        result.resources.append(
          ResourcePage.Resource(id: id.text, display: view.displayName(slot: slot).text))
      }
      place += 1
    }
    if place < places.count { result.nextPageToken = token.text(place: place) }
    return result
  }

  /// Whether a decision says that the question is at fault, or holds for every resource.
  private static func isRefusal(_ decision: Decision) -> Bool {
    switch decision.reason {
    case .unknownPrincipal, .unknownWorkspace, .noWorkspaceAccess, .tokenKind, .adminOnly: true
    default: decision.effect == .indeterminate
    }
  }

  /// Who may do the action on the resource, and through what?
  ///
  /// Users first, then service tokens, then personal tokens; each in byte order of the ids. Pages
  /// end as those of `listResources`.
  ///
  /// - Parameter question: its `principal` is not looked at.
  public static func listPrincipals(
    _ question: Question, _ page: PageRequest, in view: SnapshotView
  ) throws(PageFault) -> PrincipalPage {
    let token = PageToken(
      view, list: 2,
      [question.workspace, question.action, question.resource, question.target])
    var result = PrincipalPage()
    let principals = view.table(.principals)
    var place = try token.place(page.token, upTo: view.principalCount)
    let end = min(view.principalCount, place + Limits.pageScanCountMax)
    let shared = InspectedCheck(question, in: view)
    if let fault = fault(shared) {
      result.refusal = AnswerWriter(view: view).answer(fault, question)
      return result
    }
    while place < end, result.principals.count < page.count {
      let slot = view.principalSlot(at: place)
      place += 1
      guard let kind = PrincipalKind(rawValue: principals.slot(slot).tag) else { continue }
      let id = principals.key(slot: slot)
      let decision = decide(
        view, principal: ResolvedPrincipal(kind, principals.slot(slot)),
        workspace: shared.workspace, action: shared.action, resource: shared.resource,
        target: shared.target)
      guard decision.effect == .allow else { continue }
      let name = kind.prefix + id.text
      result.principals.append(
        name.withByteView { name in
          var question = question
          question.principal = name
          return PrincipalPage.Principal(
            principal: name.text, reason: decision.reason,
            through: explain(question, in: view).basis)
        })
    }
    if place < view.principalCount { result.nextPageToken = token.text(place: place) }
    return result
  }

  /// What is wrong with a question whoever asks it: what the first user would be told.
  private static func fault(_ check: InspectedCheck) -> Decision? {
    let view = check.view
    guard view.principalCount > 0 else { return nil }
    let principals = view.table(.principals)
    let slot = view.principalSlot(at: 0)
    let decision = decide(
      view,
      principal: ResolvedPrincipal(.user, principals.slot(slot)),
      workspace: check.workspace, action: check.action, resource: check.resource,
      target: check.target)
    return decision.effect == .indeterminate || decision.reason == .unknownWorkspace
      ? decision : nil
  }
}
