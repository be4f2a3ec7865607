import VerdictPolicy

extension PolicyDocument {
  /// The document without one of its parts: a group, a member, a resource, a grant, an id in a
  /// scope... What is left may be no valid document.
  ///
  /// - Parameter part: its number, counted through the whole document, large parts first.
  /// - Returns: nil where there are fewer parts.
  func without(part: Int) -> PolicyDocument? {
    var document = self
    var remover = PartRemover(part)
    remover.visit(&document)
    return remover.isDone ? document : nil
  }
}

/// Counts parts down, and takes out the one at which it arrives at zero.
private struct PartRemover {
  private var left: Int
  private(set) var isDone = false

  init(_ part: Int) { left = part }

  /// Whether this part is the one.
  private mutating func arrives() -> Bool {
    defer { left -= 1 }
    isDone = isDone || left == 0
    return left == 0
  }

  private mutating func visit<T>(_ elements: inout [T]) {
    for index in elements.indices.reversed() where arrives() {
      elements.remove(at: index)
      return
    }
  }

  mutating func visit(_ document: inout PolicyDocument) {
    visit(&document.workspaces)
    visit(&document.groups)
    visit(&document.serviceTokens)
    visit(&document.personalTokens)
    visit(&document.organization.admins)
    visit(&document.organization.members)
    visit(&document.organization.invitations)
    for index in document.groups.indices where !isDone {
      visit(&document.groups[index].members)
      visit(&document.groups[index].workspaces)
    }
    for index in document.workspaces.indices where !isDone {
      visit(&document.workspaces[index])
    }
    for index in document.serviceTokens.indices where !isDone {
      visit(&document.serviceTokens[index].policy)
    }
  }

  private mutating func visit(_ workspace: inout PolicyDocument.Workspace) {
    visit(&workspace.groupPolicies)
    visit(&workspace.memberPolicies)
    visit(&workspace.roles)
    visit(&workspace.members)
    visit(&workspace.connections)
    visit(&workspace.resources)
    if var baseline = workspace.baseline {
      if arrives() {
        workspace.baseline = nil
        return
      }
      visit(&baseline)
      workspace.baseline = baseline
    }
    for index in workspace.groupPolicies.indices where !isDone {
      visit(&workspace.groupPolicies[index].policy)
    }
    for index in workspace.memberPolicies.indices where !isDone {
      visit(&workspace.memberPolicies[index].policy)
    }
    for index in workspace.roles.indices where !isDone { visit(&workspace.roles[index].scope) }
    for index in workspace.resources.indices where !isDone {
      visit(&workspace.resources[index].links)
    }
  }

  private mutating func visit(_ policy: inout PolicyDocument.Policy) {
    visit(&policy.grants)
    visit(&policy.switches)
    for index in policy.grants.indices where !isDone { visit(&policy.grants[index].scope) }
  }

  private mutating func visit(_ scope: inout PolicyDocument.Scope) {
    guard case .some(var ids, let future) = scope else { return }
    visit(&ids)
    scope = .some(ids, future: future)
  }
}
