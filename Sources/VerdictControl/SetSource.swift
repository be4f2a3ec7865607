internal import Synchronization
internal import VerdictCrypto
public import VerdictSystem

/// Keeps the server at the newest set of a control directory or of policy documents.
///
/// A thread looks every second, which is the truth, and soon after the file system hints at a
/// change, which is quick but may fail: hints get lost in an overflow, on network file systems, and
/// when a directory is replaced. Whatever is loaded completely is activated; whatever fails is
/// reported and changes nothing.
///
/// | Found | Done |
/// |---|---|
/// | nothing new since a success | nothing |
/// | something new | load; activate it unless it is the active set |
/// | load fails | report, unless the report before said the same |
/// | nothing is staged any more | the same, and forget what was |
/// | nothing new since a failure | load again after 1, 2, 4 ... 30 s, or at the next hint |
/// | the first load fails | activate what the origin has kept from before, if anything |
/// | the active set has become too old | withhold decisions until there is a newer one |
///
/// Loading is done by a thread of low priority, so that it takes from the loops only what they
/// leave; publishing is not, so that it is over soon.
public final class SetSource: Sendable {
  /// Timing, in milliseconds.
  struct Pace: Sendable {
    var poll: Int32 = 1_000
    /// Hints come in swarms: wait until none has come for so long ...
    var debounce: Int32 = 50
    /// ... but no longer than this.
    var debounceMax: UInt64 = 500
    var retryMax: UInt64 = 30_000
  }

  private struct State {
    var origin: any SetOrigin
    var active: LoadedSet?
    var seen: SHA256Digest?
    var failure: String?
    var failureCount = 0
    var retryAtNanoseconds: UInt64 = 0
    var clock: PolicyClock
    var hasLooked = false
    var isClosed = false
  }

  /// What a source does with what it finds, each called on the thread that looks, one after the
  /// other; the next look waits for their return.
  public struct Hooks: Sendable {
    /// Is given each new set, and whether decisions are to be withheld under it.
    var activate: @Sendable (_ set: LoadedSet, _ isClosed: Bool) -> Void
    /// Is given each failure once; the active set stays.
    var rejected: @Sendable (ControlError) -> Void
    /// Is told when the active set becomes too old to decide by.
    var close: @Sendable () -> Void

    public init(
      activate: @escaping @Sendable (_ set: LoadedSet, _ isClosed: Bool) -> Void,
      rejected: @escaping @Sendable (ControlError) -> Void, close: @escaping @Sendable () -> Void
    ) {
      self.activate = activate
      self.rejected = rejected
      self.close = close
    }
  }

  private let state: Mutex<State>
  private let thread = Mutex<Thread?>(nil)
  private let bell: EventSignal
  private let stopped = Atomic<Bool>(false)
  /// What waits for the next look.
  private let waiting = Mutex<[@Sendable () -> Void]>([])
  private let pace: Pace
  private let freshness: FreshnessLimits
  private let hooks: Hooks
  /// Where it is told how things stand.
  public let board: PolicyBoard

  /// A source of the sets that are published to `directory`.
  public convenience init(
    control directory: ControlDirectory, _ settings: ControlSettings, _ freshness: FreshnessLimits,
    board: PolicyBoard, _ hooks: Hooks
  ) throws(SystemError) {
    try self.init(
      origin: ControlOrigin(directory: directory, settings: settings), freshness: freshness,
      board: board, hooks)
  }

  /// A source of sets that are compiled from documents whenever a file among them changes.
  ///
  /// - Parameters:
  ///   - paths: files, and directories with files below them.
  ///   - compile: makes snapshots of the documents as they are now.
  public convenience init(
    documents paths: [String], board: PolicyBoard,
    compile: @escaping @Sendable () throws(ControlError) -> [OrganizationSnapshot], _ hooks: Hooks
  ) throws(SystemError) {
    try self.init(origin: DocumentOrigin(paths: paths, compile: compile), board: board, hooks)
  }

  init(
    origin: any SetOrigin, pace: Pace = Pace(), freshness: FreshnessLimits = FreshnessLimits(),
    clock: PolicyClock = PolicyClock(), board: PolicyBoard = PolicyBoard(), _ hooks: Hooks
  ) throws(SystemError) {
    bell = try EventSignal()
    state = Mutex(State(origin: origin, clock: clock))
    self.pace = pace
    self.freshness = freshness
    self.board = board
    self.hooks = hooks
  }

  /// Looks now, on the calling thread.
  ///
  /// - Parameter hinted: try even what has failed before.
  /// - Returns: whether any set has been activated, now or before.
  @discardableResult
  public func look(hinted: Bool = true) -> Bool {
    state.withLock { state in
      if !state.hasLooked { state.clock.know(atLeast: state.origin.knownSeconds()) }
      renew(&state, hinted: hinted)
      state.hasLooked = true
      settle(&state)
      return state.active != nil
    }
  }

  private func renew(_ state: inout State, hinted: Bool) {
    let fingerprint = state.origin.fingerprint()
    let now = SystemClock.monotonicNanoseconds()
    if fingerprint == state.seen {
      guard state.failure != nil, hinted || now >= state.retryAtNanoseconds else { return }
    }
    state.seen = fingerprint
    do throws(ControlError) {
      let set = try load(&state)
      state.failure = nil
      state.failureCount = 0
      activate(set, &state)
      board.update {
        $0.isFailing = false
        $0.lastSuccessSeconds = SystemClock.realNanoseconds() / 1_000_000_000
      }
    } catch {
      fail(error, &state, now)
    }
  }

  /// Loads on a thread of low priority; the first time at once, because nothing is served yet.
  private func load(_ state: inout State) throws(ControlError) -> LoadedSet {
    var origin = state.origin
    let active = state.active
    let now = state.clock.nowSeconds
    guard state.hasLooked else {
      defer { state.origin = origin }
      return try origin.load(reusing: active, nowSeconds: now)
    }
    let result = Thread.atLowPriority(name: "set-loader") { [origin] in
      var origin = origin
      let loaded = Result { () throws(ControlError) in
        try origin.load(reusing: active, nowSeconds: now)
      }
      return (origin, loaded)
    }
    state.origin = result.0
    return try result.1.get()
  }

  private func activate(_ set: LoadedSet, _ state: inout State) {
    guard set.isOther(than: state.active) else { return }
    state.clock.know(atLeast: set.createdSeconds)
    state.isClosed = isClosed(set, state)
    hooks.activate(set, state.isClosed)
    state.active = set
    board.update { $0.activationCount += 1 }
  }

  private func fail(_ error: ControlError, _ state: inout State, _ now: UInt64) {
    let delay = min(pace.retryMax, 1_000 << UInt64(min(state.failureCount, 5)))
    state.retryAtNanoseconds = now + delay * 1_000_000
    state.failureCount += 1
    let text = error.description
    if state.failure != text { hooks.rejected(error) }
    state.failure = text
    // Whatever is staged next is news, even if it is what was there before.
    if error.code == .absent { state.active = nil }
    board.update {
      $0.isFailing = true
      $0.lastFailure = error
      $0.lastFailureSeconds = SystemClock.realNanoseconds() / 1_000_000_000
      $0.refusalCounts[error.code, default: 0] += 1
    }
    guard state.active == nil, !state.hasLooked else { return }
    do throws(ControlError) {
      if let set = try state.origin.fallback() { activate(set, &state) }
    } catch {
      hooks.rejected(error)
      board.update { $0.refusalCounts[error.code, default: 0] += 1 }
    }
  }

  // MARK: Age

  /// The time since a set was made, but no less than the time for which it has been in force.
  private func age(_ set: LoadedSet, _ state: State) -> Int64 {
    max(state.clock.nowSeconds - set.createdSeconds, state.clock.elapsedSeconds, 0)
  }

  private func isClosed(_ set: LoadedSet, _ state: State) -> Bool {
    guard set.digest != nil, let limit = freshness.failClosedAfterSeconds else { return false }
    return age(set, state) >= limit
  }

  private func isStale(_ set: LoadedSet, _ state: State) -> Bool {
    // Documents are compiled here: they are as old as the files.
    guard set.digest != nil else { return false }
    if let expires = set.expiresSeconds, expires <= state.clock.nowSeconds { return true }
    return freshness.staleAfterSeconds.map { age(set, state) >= $0 } ?? false
  }

  /// Works out how things stand, and withholds decisions where the set has become too old.
  private func settle(_ state: inout State) {
    guard let set = state.active else { return }
    let isClosed = isClosed(set, state)
    // A clock that is set back reopens nothing: only a newer set does.
    if isClosed && !state.isClosed {
      state.isClosed = true
      hooks.close()
    }
    let age = age(set, state)
    let isStale = state.failure != nil || isStale(set, state)
    board.update {
      $0.state = state.isClosed ? .error : isStale ? .stale : .loaded
      $0.isClosed = state.isClosed
      $0.setNumber = set.setNumber
      $0.setDigest = set.digest
      $0.createdSeconds = set.createdSeconds
      $0.ageSeconds = age
      $0.expiresSeconds = set.expiresSeconds
      $0.keyID = set.keyID
    }
  }

  /// Starts the thread. Once only.
  public func start() throws(SystemError) {
    // A closure can't carry a typed throw out of `withLock`, so the result does.
    let result = thread.withLock { thread -> Result<Void, SystemError> in
      precondition(thread == nil, "a source is started once")
      do throws(SystemError) {
        thread = try Thread(name: "set-source") { [self] in run() }
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  /// Has the thread look soon, at what has failed before too, and call `done` afterwards.
  public func lookSoon(_ done: @escaping @Sendable () -> Void) {
    waiting.withLock { $0.append(done) }
    bell.ring()
  }

  /// Stops the thread and waits for it; a load or an activation in progress ends first.
  public func stop() {
    stopped.store(true, ordering: .releasing)
    bell.ring()
    thread.withLock { $0.take() }?.join()
  }

  private func run() {
    var watch = WatchedDirectories()
    var hinted = false
    while !stopped.load(ordering: .acquiring) {
      // Armed before the look: what changes during the look gives a hint for the next one.
      watch.arm(state.withLock { $0.origin.watchedDirectories() })
      bell.clear()
      let wishes = waiting.withLock { wishes in
        defer { wishes = [] }
        return wishes
      }
      look(hinted: hinted || !wishes.isEmpty)
      for done in wishes { done() }
      if stopped.load(ordering: .acquiring) { return }
      hinted = wait(watch)
    }
  }

  /// Waits for the next look. Returns whether a hint was its cause.
  private func wait(_ watch: borrowing WatchedDirectories) -> Bool {
    guard let hints = watch.rawDescriptor else {
      _ = Readiness.wait(readable: [bell.rawDescriptor], timeoutMilliseconds: pace.poll)
      return false
    }
    let both = [bell.rawDescriptor, hints]
    guard Readiness.wait(readable: both, timeoutMilliseconds: pace.poll) == 1 else { return false }
    let end = SystemClock.monotonicNanoseconds() + pace.debounceMax * 1_000_000
    repeat {
      watch.drain()
    } while SystemClock.monotonicNanoseconds() < end
      && Readiness.wait(readable: both, timeoutMilliseconds: pace.debounce) == 1
    return true
  }
}

extension LoadedSet {
  fileprivate func isOther(than active: LoadedSet?) -> Bool {
    guard let active else { return true }
    return setNumber != active.setNumber || digest != active.digest
  }
}
