internal import VerdictEngine
internal import VerdictModel
internal import VerdictRPC
internal import VerdictSnapshot

/// A place for one request that is answered in slices: all that has to outlive a turn of the loop.
/// Kept for the next request, so that a warm loop makes none.
final class SlicedRequest {
  /// Requests of one loop that may be under way in slices.
  static let countMax = 16

  /// What is under way.
  enum Work {
    case none
    case authorize(AuthorizeWork)
    case visibility(VisibilityWork)
  }

  /// Holds the request, its decisions and what its answer is made of.
  var arena = MessageArena()
  var batch = ColumnBatch()
  var work = Work.none

  var isFree: Bool {
    if case .none = work { return true }
    return false
  }

  func free() {
    work = .none
    arena.reset()
  }
}

/// An `Authorize` request under way: first its decisions, then what is said about them.
@safe
struct AuthorizeWork {
  let request: AuthorizeRequest
  let columns: CheckColumns?
  let organization: SnapshotSet.Organization
  // SAFETY: in the arena of the request's place, which is emptied after the work is gone.
  let decisions: UnsafeMutablePointer<Decision>
  let count: Int
  var rows = ColumnBatch.Rows()
  var cursor = ColumnBatch.Cursor()
  /// Checks decided.
  var decidedCount = 0
  /// The answer, once all are.
  var draft: AuthorizeDraft?

  init(
    _ request: AuthorizeRequest, _ columns: CheckColumns?,
    _ organization: SnapshotSet.Organization, _ decisions: UnsafeMutablePointer<Decision>,
    _ count: Int
  ) {
    self.request = request
    self.columns = columns
    self.organization = organization
    unsafe self.decisions = decisions
    self.count = count
    if let columns { rows = ColumnBatch.Rows(columns) }
  }
}

/// A `CheckVisibility` request under way.
struct VisibilityWork {
  let request: CheckVisibilityRequest
  let organization: SnapshotSet.Organization
  var page: VisibilityPage
}

extension ColumnBatch.Rows {
  /// The columns of a request as the engine takes them.
  init(_ columns: CheckColumns) {
    self.init()
    actionOf = columns.actions.indices
    resourceTypeOf = columns.resourceTypes.indices
    targetTypeOf = columns.targetTypes.indices
    workspaceOf = columns.workspaces.indices
    resourceIDs = (columns.resourceIDs.data, columns.resourceIDs.lengths)
    targetIDs = (columns.targetIDs.data, columns.targetIDs.lengths)
    principals = (columns.principals.data, columns.principals.lengths)
  }
}
