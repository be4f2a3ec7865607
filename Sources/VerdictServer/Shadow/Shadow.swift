internal import Synchronization
public import VerdictControl
internal import VerdictCrypto
internal import VerdictEngine
public import VerdictGateway
public import VerdictModel
internal import VerdictRPC
public import VerdictSystem

/// Decides a share of the live requests a second time by the staged set, and tells what would be
/// answered otherwise. Nothing of it reaches a caller.
///
/// Loops and workers copy what is sampled into a queue each (`ShadowTap`); a thread of low priority
/// decides it by both sets as they are then, so that a set that changes in between makes no
/// difference. It holds both by reference and no slot of the publication: nobody waits for it.
///
/// | What is much | What happens |
/// |---|---|
/// | requests | a queue that is full counts what it can't take |
/// | different answers | tables that are full count what they can't list (`ShadowTally`) |
public final class Shadow: Sendable {
  /// How long the thread sleeps when its queues are empty. They take a second's load of one loop
  /// in small requests, in this time a hundredth of that.
  private static let pauseMilliseconds: Int32 = 10
  /// Requests of one queue before the next one's turn.
  private static let turnCountMax = 64

  private struct State {
    var live: ServedSet?
    var staged: ServedSet?
    var queues: [ShadowQueue] = []
    /// Of all queues, before this comparison.
    var overflowBase: UInt64 = 0

    var isComparing: Bool { live != nil && staged != nil }
    var overflowCount: UInt64 { queues.reduce(0) { $0 + $1.overflowCount } }
  }

  /// What was found of one staged set: what is decided by another one doesn't belong there.
  private struct Findings {
    var staged: ServedSet?
    var tally = ShadowTally()
  }

  private let perMillion: UInt32
  private let identity: IdentityConfiguration
  private let board: PolicyBoard
  private let state = Mutex(State())
  private let findings = Mutex(Findings())
  private let bell: EventSignal
  private let stopped = Atomic<Bool>(false)
  private let thread = Mutex<Thread?>(nil)

  /// - Parameters:
  ///   - perMillion: requests in a million that are compared.
  ///   - identity: as the services have it.
  ///   - board: how things stand with the staging area.
  public init(
    perMillion: UInt32, identity: IdentityConfiguration, board: PolicyBoard
  ) throws(SystemError) {
    self.perMillion = perMillion
    self.identity = identity
    self.board = board
    bell = try EventSignal()
  }

  /// For the services of one loop or worker.
  func tap() -> ShadowTap {
    state.withLock {
      let queue = ShadowQueue()
      queue.isOpen.store($0.isComparing, ordering: .relaxed)
      $0.queues.append(queue)
      return ShadowTap(perMillion: perMillion, queue)
    }
  }

  // MARK: Sets

  /// What is in force from now on.
  public func follow(live set: ServedSet) { change { $0.live = set } }

  /// What is staged from now on; nil: nothing. A new set begins a new comparison.
  public func follow(staged set: ServedSet?) {
    let now = SystemClock.realNanoseconds() / 1_000_000_000
    findings.withLock { $0 = Findings(staged: set, tally: ShadowTally(sinceSeconds: now)) }
    change {
      $0.staged = set
      $0.overflowBase = $0.overflowCount
    }
  }

  private func change(_ body: (inout State) -> Void) {
    state.withLock {
      body(&$0)
      for queue in $0.queues { queue.isOpen.store($0.isComparing, ordering: .relaxed) }
    }
    bell.ring()
  }

  // MARK: The thread

  /// Starts the thread. Once only.
  public func start() throws(SystemError) {
    let started = try Thread(name: "verdict-shadow") { [self] in
      Thread.lowerPriority()
      run()
    }
    thread.withLock { $0 = started }
  }

  /// Stops the thread and waits for it.
  public func stop() {
    stopped.store(true, ordering: .releasing)
    bell.ring()
    thread.withLock { $0.take() }?.join()
  }

  private func run() {
    var bench = ShadowBench(identity)
    while !stopped.load(ordering: .acquiring) {
      bell.clear()
      // Held for one round: whoever replaces a set doesn't wait for that.
      let (live, staged, queues) = state.withLock { ($0.live, $0.staged, $0.queues) }
      guard let live, let staged else {
        _ = Readiness.wait(readable: [bell.rawDescriptor], timeoutMilliseconds: nil)
        continue
      }
      var isIdle = true
      for queue in queues {
        for _ in 0..<Self.turnCountMax {
          guard compareNext(of: queue, live, staged, &bench) else { break }
          isIdle = false
        }
      }
      if isIdle {
        _ = Readiness.wait(
          readable: [bell.rawDescriptor], timeoutMilliseconds: Self.pauseMilliseconds)
      }
    }
  }

  private func compareNext(
    of queue: ShadowQueue, _ live: ServedSet, _ staged: ServedSet, _ bench: inout ShadowBench
  ) -> Bool {
    let now = SystemClock.realNanoseconds() / 1_000_000_000
    // What waits is for the next staged set, where there is one already.
    guard findings.withLock({ $0.staged === staged }) else { return false }
    return queue.take { method, message, identity in
      findings.withLock {
        guard $0.staged === staged else { return }
        bench.compare(
          Method(rawValue: method), message, identity, live: live.table, staged: staged.table,
          nowSeconds: now, into: &$0.tally)
      }
    }
  }

  // MARK: The report

  /// - Parameter rowCountMax: of each list.
  public func report(rowCountMax: Int) -> ShadowReport {
    var report = findings.withLock { $0.tally.report(rowCountMax: rowCountMax) }
    state.withLock {
      report.liveSet = $0.live?.set.setNumber ?? 0
      report.stagedSet = $0.staged?.set.setNumber ?? 0
      report.stagedDigest = $0.staged?.set.digest?.bytes ?? []
      report.overflowCount = $0.overflowCount - $0.overflowBase
    }
    report.sharePerMillion = perMillion
    let status = board.status
    if status.isFailing, let failure = status.lastFailure, failure.code != .absent {
      report.refusal = failure.description
    }
    return report
  }
}
