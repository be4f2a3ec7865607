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
/// | nothing new since a failure | load again after 1, 2, 4 ... 30 s, or at the next hint |
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
  }

  private let state: Mutex<State>
  private let thread = Mutex<Thread?>(nil)
  private let bell: EventSignal
  private let stopped = Atomic<Bool>(false)
  /// What waits for the next look.
  private let waiting = Mutex<[@Sendable () -> Void]>([])
  private let pace: Pace
  private let activate: @Sendable (LoadedSet) -> Void
  private let rejected: @Sendable (ControlError) -> Void

  /// A source of the sets that are published to `directory`.
  ///
  /// - Parameters:
  ///   - activate: is given each new set, one after the other; the next look waits for its return.
  ///   - rejected: is given each failure once; the active set stays.
  public convenience init(
    control directory: ControlDirectory,
    activate: @escaping @Sendable (LoadedSet) -> Void,
    rejected: @escaping @Sendable (ControlError) -> Void
  ) throws(SystemError) {
    try self.init(
      origin: ControlOrigin(directory: directory), pace: Pace(), activate: activate,
      rejected: rejected)
  }

  /// A source of sets that are compiled from documents whenever a file among them changes.
  ///
  /// - Parameters:
  ///   - paths: files, and directories with files below them.
  ///   - compile: makes snapshots of the documents as they are now.
  public convenience init(
    documents paths: [String],
    compile: @escaping @Sendable () throws(ControlError) -> [OrganizationSnapshot],
    activate: @escaping @Sendable (LoadedSet) -> Void,
    rejected: @escaping @Sendable (ControlError) -> Void
  ) throws(SystemError) {
    try self.init(
      origin: DocumentOrigin(paths: paths, compile: compile), pace: Pace(), activate: activate,
      rejected: rejected)
  }

  init(
    origin: any SetOrigin, pace: Pace, activate: @escaping @Sendable (LoadedSet) -> Void,
    rejected: @escaping @Sendable (ControlError) -> Void
  ) throws(SystemError) {
    bell = try EventSignal()
    state = Mutex(State(origin: origin))
    self.pace = pace
    self.activate = activate
    self.rejected = rejected
  }

  /// Looks now, on the calling thread.
  ///
  /// - Parameter hinted: try even what has failed before.
  /// - Returns: whether any set has been activated, now or before.
  @discardableResult
  public func look(hinted: Bool = true) -> Bool {
    state.withLock { state in
      let fingerprint = state.origin.fingerprint()
      let now = SystemClock.monotonicNanoseconds()
      if fingerprint == state.seen {
        guard state.failure != nil, hinted || now >= state.retryAtNanoseconds else {
          return state.active != nil
        }
      }
      state.seen = fingerprint
      do throws(ControlError) {
        let set = try state.origin.load(reusing: state.active)
        state.failure = nil
        state.failureCount = 0
        guard set.isOther(than: state.active) else { return true }
        activate(set)
        state.active = set
      } catch {
        fail(error, &state, now)
      }
      return state.active != nil
    }
  }

  private func fail(_ error: ControlError, _ state: inout State, _ now: UInt64) {
    let delay = min(pace.retryMax, 1_000 << UInt64(min(state.failureCount, 5)))
    state.retryAtNanoseconds = now + delay * 1_000_000
    state.failureCount += 1
    let text = error.description
    if state.failure != text { rejected(error) }
    state.failure = text
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
