internal import Glibc
internal import Synchronization

extension Thread {
  /// Runs `body` on a thread of its own that takes only what others leave of the processors, and
  /// waits for it. Where no thread can be started, `body` runs on the calling one.
  public static func atLowPriority<Value: Sendable>(
    name: String, _ body: @escaping @Sendable () -> Value
  ) -> Value {
    let box = ResultBox<Value>()
    let thread = try? Thread(name: name) {
      lowerPriority()
      let value = body()
      box.content.withLock { $0 = value }
    }
    guard let thread else { return body() }
    thread.join()
    guard let value = box.content.withLock({ $0 }) else {
      preconditionFailure("a joined thread has left its result")
    }
    return value
  }

  /// How much others go before a thread: of 0 (it is like all) to 19 (the lowest).
  public enum Niceness: Int32, Sendable {
    /// Beside the loops, where a processor is free; a tenth of one that is not.
    case background = 10
    /// Big requests, which may not hold up small ones: a thirtieth of a processor that is not free.
    case behindLoops = 15
  }

  /// Lets others go before the calling thread, from now on.
  public static func lowerPriority(_ niceness: Niceness = .background) {
    // Of the calling thread alone, on Linux. A refusal leaves it as it was.
    _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness.rawValue)
  }

  private final class ResultBox<Value: Sendable>: Sendable {
    let content = Mutex<Value?>(nil)
  }
}
