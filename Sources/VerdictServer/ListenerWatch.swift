internal import Synchronization
internal import VerdictSystem
internal import VerdictTLS

/// The thread that looks after the listeners: it follows their certificates and tells incidents.
///
/// It looks at the files each second, which is the truth, and soon after a hint that one may have
/// changed, which is only quick. Files that are no good change nothing.
final class ListenerWatch: Sendable {
  private static let pollMilliseconds: Int32 = 1_000
  /// Between a hint and the look at the files: whoever writes one of them mostly writes the other.
  private static let settleNanoseconds: UInt64 = 50_000_000

  private let listeners: [ListenerSettings]
  private let addresses: [String]
  private let mailboxes: [LoopMailbox]
  private let incidents: Incidents
  private let report: @Sendable (ServerIncident) -> Void
  private let bell: EventSignal
  private let wish = Mutex(Wish())

  private struct Wish {
    var isStopping = false
    /// Read the files even if they look the same.
    var reloads = false
  }

  init(
    _ listeners: [ListenerSettings], addresses: [String], _ mailboxes: [LoopMailbox],
    _ incidents: Incidents, _ report: @escaping @Sendable (ServerIncident) -> Void
  ) throws(SystemError) {
    self.listeners = listeners
    self.addresses = addresses
    self.mailboxes = mailboxes
    self.incidents = incidents
    self.report = report
    bell = try EventSignal()
  }

  /// Reads all certificates again, soon, whether or not they look changed.
  func reload() {
    wish.withLock { $0.reloads = true }
    bell.ring()
  }

  func stop() {
    wish.withLock { $0.isStopping = true }
    bell.ring()
  }

  /// The thread's life.
  ///
  /// - Parameter security: what the listeners are secured with at the start.
  func run(_ security: ListenerSecurity) {
    var seen = security.seen
    for (index, files) in listeners.map(\.tls).enumerated() {
      if let files, let context = security.contexts(ofLoop: 0)[index] {
        tellLoaded(index, files, context)
      }
    }
    while true {
      let watch = makeWatch()
      let watched = [bell.rawDescriptor] + (watch.map { [$0.rawDescriptor] } ?? [])
      let ready = Readiness.wait(
        readable: watched, timeoutMilliseconds: ListenerWatch.pollMilliseconds)
      if ready == 0 { bell.clear() }
      if ready == 1 { SystemClock.sleep(nanoseconds: ListenerWatch.settleNanoseconds) }
      let wanted = wish.withLock {
        let wanted = $0
        $0.reloads = false
        return wanted
      }
      for index in listeners.indices {
        guard let files = listeners[index].tls else { continue }
        let now = ListenerWatch.look(at: files)
        if now == seen[index] && !wanted.reloads { continue }
        seen[index] = now
        renew(index, files)
      }
      for incident in incidents.collect(addresses: addresses) { report(incident) }
      if wanted.isStopping { return }
    }
  }

  /// What the files are now.
  static func look(at files: TLSFiles) -> [FileStatus?] {
    files.paths.map { FileStatus(of: $0) }
  }

  private func renew(_ index: Int, _ files: TLSFiles) {
    do throws(ServerError) {
      let contexts = try files.contexts(count: mailboxes.count)
      for (mailbox, context) in zip(mailboxes, contexts) {
        mailbox.renew(listener: index, context)
      }
      tellLoaded(index, files, contexts[0])
    } catch {
      report(.certificateRefused(address: addresses[index], reason: error.description))
    }
  }

  private func tellLoaded(_ index: Int, _ files: TLSFiles, _ context: TLSContext) {
    report(
      .certificateLoaded(
        address: addresses[index], path: files.certificatePath, endSeconds: context.endSeconds))
  }

  /// Hints about the directories of the files. Made anew each time: a directory may have been
  /// replaced as a whole, and whatever goes wrong here only costs the quickness.
  private func makeWatch() -> FileWatch? {
    guard listeners.contains(where: { $0.tls != nil }) else { return nil }
    let watch = try? FileWatch()
    for files in listeners.compactMap(\.tls) {
      for path in files.paths { try? watch?.add(AtomicFile.directory(of: path)) }
    }
    return watch
  }
}
