internal import CVerdictSystem
internal import Glibc

/// A bell between threads: rung from any of them, heard by the one that polls the descriptor.
public final class EventSignal: Sendable {
  private let descriptor: FileDescriptor

  public init() throws(SystemError) {
    descriptor = FileDescriptor(owning: try checked(verdict_eventfd(), "eventfd"))
  }

  /// To be polled for reading; owned by this object.
  public var rawDescriptor: Int32 { descriptor.rawValue }

  /// Rings. Safe from every thread; several rings may be heard as one.
  public func ring() {
    var one: UInt64 = 1
    // SAFETY: eight bytes, as eventfd wants. It only fails when the counter is full, that is, when
    // the bell is ringing already.
    _ = unsafe Glibc.write(descriptor.rawValue, &one, 8)
  }

  /// Stops the ringing, by the thread that heard it.
  public func clear() {
    var count: UInt64 = 0
    // SAFETY: eight bytes, as eventfd wants. It fails when nobody rang, which is fine.
    _ = unsafe verdict_read(descriptor.rawValue, &count, 8)
  }
}

/// Signals as a readable descriptor instead of handlers.
public final class SignalDescriptor: Sendable {
  private let descriptor: FileDescriptor

  /// Blocks `signals` in the calling thread, and thereby in every thread that it starts later;
  /// call it before the first thread.
  public init(_ signals: [Int32]) throws(SystemError) {
    // SAFETY: the array lives through the call.
    let number = unsafe signals.span.withUnsafeBufferPointer { buffer in
      unsafe verdict_signalfd(buffer.baseAddress, Int32(buffer.count))
    }
    descriptor = FileDescriptor(owning: try checked(number, "signalfd"))
  }

  /// To be polled for reading; owned by this object.
  public var rawDescriptor: Int32 { descriptor.rawValue }

  /// The next pending signal, nil when there is none.
  public func next() -> Int32? {
    let number = verdict_signalfd_read(descriptor.rawValue)
    return number > 0 ? number : nil
  }

  public static let terminate = SIGTERM
  public static let interrupt = SIGINT
  public static let hangUp = SIGHUP
}

/// Waiting on a few descriptors without a poller.
public enum Readiness {
  /// Waits until one of `descriptors` is readable or the time is up.
  ///
  /// - Parameter timeoutMilliseconds: nil waits without end.
  /// - Returns: the index of the first readable one, nil when the time was up or a signal came.
  public static func wait(
    readable descriptors: [Int32], timeoutMilliseconds: Int32?
  ) -> Int? {
    var records = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    // SAFETY: as many records as the count says.
    let count = unsafe poll(&records, nfds_t(records.count), timeoutMilliseconds ?? -1)
    guard count > 0 else { return nil }
    return records.firstIndex { $0.revents != 0 }
  }
}
