internal import CVerdictSystem
internal import Glibc

/// A thread of the operating system with a name, for loops and workers that must not share a pool.
public final class Thread: Sendable {
  private let handle: pthread_t

  /// What the new thread is given.
  private final class Start {
    let name: String
    let body: @Sendable () -> Void
    init(name: String, body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }

  /// Starts a thread that runs `body` once.
  /// - Parameter name: what `top -H` shows; the kernel keeps 15 bytes.
  public init(name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
    // SAFETY: the extra reference is taken back by the thread itself, or below when none starts.
    let start = unsafe Unmanaged.passRetained(Start(name: name, body: body))
    var thread = pthread_t()
    let number = unsafe pthread_create(
      &thread, nil,
      { argument in
        // SAFETY: the argument is the reference that was passed on above.
        let start = unsafe Unmanaged<Start>.fromOpaque(argument.unsafelyUnwrapped)
          .takeRetainedValue()
        unsafe verdict_name_thread(String(start.name.prefix(15)))
        start.body()
        return nil
      }, start.toOpaque())
    guard number == 0 else {
      unsafe start.release()
      throw SystemError("pthread_create", name, number: number)
    }
    handle = thread
  }

  /// Waits until the thread has returned. Call it exactly once, and not from the thread itself.
  public func join() {
    let number = pthread_join(handle, nil)
    precondition(number == 0, "a thread is joined once, by another thread")
  }

  /// Processors that this process may run on, at least one.
  public static var processorCount: Int { max(1, Int(verdict_processor_count())) }
}
