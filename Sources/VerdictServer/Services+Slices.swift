internal import VerdictEngine
internal import VerdictHTTP2
internal import VerdictModel
internal import VerdictRPC
internal import VerdictSnapshot

/// Requests that are too large for one go: they are decided `Limits.sliceCheckCount` checks at a
/// time, and the loop serves others in between.
///
/// A request's arena and batch lie in its place, and change places with those of the services for
/// as long as a slice takes; so what decides and answers is the same code for all sizes.
extension Services {
  /// Takes a place for `work`, whose request lies in the arena at present.
  mutating func begin(_ work: SlicedRequest.Work) -> ServiceOutcome {
    guard let place = places.firstIndex(where: \.isFree) else {
      preconditionFailure("a request is begun where a place is free")
    }
    swap(&arena, &places[place].arena)
    swap(&batch, &places[place].batch)
    places[place].work = work
    return .begun(place)
  }

  mutating func advance(_ place: Int) -> Bool {
    enter(place)
    defer { enter(place) }
    switch places[place].work {
    case .none: preconditionFailure("only what was begun goes on")
    case .authorize(var work):
      let isDone = advance(&work)
      places[place].work = .authorize(work)
      return isDone
    case .visibility(var work):
      let count = Limits.sliceCheckCount
      checkCount &+= UInt64(count)
      let isDone = work.page.decide(work.request, work.organization.view, cellCount: count)
      places[place].work = .visibility(work)
      return isDone
    }
  }

  mutating func finish(_ place: Int, reply: inout ReplyBuffer) -> RPCStatus {
    enter(place)
    let status: RPCStatus
    switch places[place].work {
    case .none: preconditionFailure("only what was begun ends")
    case .authorize(let work):
      if let draft = work.draft {
        // SAFETY: every check is decided by the time there is a draft.
        status = unsafe pack(
          draft, work.request, work.columns, work.organization, work.decisions, &reply)
      } else {
        status = Services.outOfMemory
      }
    case .visibility(let work):
      status = pack(work.request, work.page, work.organization, &reply)
    }
    enter(place)
    drop(place)
    return status
  }

  func drop(_ place: Int) { places[place].free() }

  /// Exchanges the place's memory for that of the services, and back when called again.
  private mutating func enter(_ place: Int) {
    swap(&arena, &places[place].arena)
    swap(&batch, &places[place].batch)
  }

  /// - Returns: whether the answer is whole, or fails for want of memory.
  private mutating func advance(_ work: inout AuthorizeWork) -> Bool {
    guard work.decidedCount == work.count else {
      // SAFETY: there is room for all decisions.
      unsafe decideSlice(&work)
      return false
    }
    if work.draft == nil {
      var draft = AuthorizeDraft()
      // SAFETY: every check is decided by now.
      if unsafe fill(
        &draft, work.request, work.organization, work.decisions, work.count)
      {
        work.draft = draft
      }
    }
    guard var draft = work.draft else { return true }
    if draft.isWhole { return true }
    // SAFETY: as above.
    let isDone = unsafe extend(
      &draft, work.request, work.columns, work.decisions, work.count, work.organization.view,
      by: Limits.sliceCheckCount)
    work.draft = draft
    return isDone
  }

  @unsafe
  private mutating func decideSlice(_ work: inout AuthorizeWork) {
    let end = min(work.count, work.decidedCount + Limits.sliceCheckCount)
    let view = work.organization.view
    checkCount &+= UInt64(end - work.decidedCount)
    if work.columns != nil {
      // SAFETY: the columns were found to fit together; there is room for all decisions.
      unsafe batch.decide(work.rows, &work.cursor, upTo: end, in: view, into: work.decisions)
    } else {
      unsafe decide(work.request, work.decidedCount..<end, view, work.decisions)
    }
    work.decidedCount = end
  }
}
