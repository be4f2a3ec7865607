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

  /// Lets the calling thread take only what others leave of the processors, from now on.
  public static func lowerPriority() {
    // Of the calling thread alone, on Linux. A refusal leaves it as it was.
    _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, lowNiceness)
  }

  /// Of 0 (as all) to 19 (the lowest).
  private static var lowNiceness: Int32 { 10 }

  private final class ResultBox<Value: Sendable>: Sendable {
    let content = Mutex<Value?>(nil)
  }
}
