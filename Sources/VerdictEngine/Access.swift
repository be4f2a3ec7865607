internal import VerdictModel
internal import VerdictSnapshot

/// A check whose names have been looked up.
struct ResolvedCheck {
  var principal = ResolvedPrincipal(.invalid, .user)
  var workspace = ResolvedWorkspace(.absent)
  /// The action's number, or -1: unknown.
  var action = -1
  var resource = ResolvedOperand()
  var target = ResolvedOperand()
}

/// What a principal has in the workspace of a check: step 5.
struct Access {
  /// Why there is none.
  let reason: Reason
  let isOpen: Bool
  let isAdmin: Bool
  let workspace: Int
  /// -1 for the organization's admins, who need none.
  let classIndex: Int

  @inline(__always)
  private init(refused reason: Reason) {
    self.reason = reason
    isOpen = false
    isAdmin = false
    workspace = -1
    classIndex = -1
  }

  @inline(__always)
  private init(workspace: Int, classIndex: Int, isAdmin: Bool) {
    reason = .granted
    isOpen = true
    self.isAdmin = isAdmin
    self.workspace = workspace
    self.classIndex = classIndex
  }

  /// - Precondition: the principal is known, and the workspace not invalid.
  @inline(__always)
  init(_ view: SnapshotView, _ principal: ResolvedPrincipal, _ workspace: ResolvedWorkspace) {
    var number = Int(workspace.number)
    if workspace.resolution != .known {
      guard workspace.resolution == .absent else {
        self.init(refused: .unknownWorkspace)
        return
      }
      guard principal.kind != .user else {
        self.init(refused: .missingWorkspace)
        return
      }
      number = principal.workspace
    }
    if principal.kind != .user, number != principal.workspace {
      self.init(refused: .noWorkspaceAccess)
      return
    }
    if principal.isAdmin {
      self.init(workspace: number, classIndex: -1, isAdmin: true)
      return
    }
    let found = Access.classIndex(view, principal, number)
    guard found >= 0 else {
      self.init(refused: .noWorkspaceAccess)
      return
    }
    let administers = view.classFlags(found) & ClassFlag.administers != 0
    self.init(workspace: number, classIndex: found, isAdmin: administers)
  }

  /// The class of a principal who is no admin in a workspace, or -1: no access.
  @inline(__always)
  static func classIndex(
    _ view: SnapshotView, _ principal: ResolvedPrincipal, _ workspace: Int
  ) -> Int {
    switch principal.form {
    case PrincipalValue.oneClass:
      principal.workspace == workspace ? principal.number : -1
    case PrincipalValue.classTable:
      view.classInTable(principal.number, extra: principal.slot.extra, of: workspace)
    case PrincipalValue.classList: view.classInList(principal.number, of: workspace)
    default: -1
    }
  }
}
