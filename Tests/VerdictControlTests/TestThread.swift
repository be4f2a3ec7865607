import Glibc

/// A thread that a test starts and joins.
final class TestThread {
  private final class Body {
    let run: () -> Void
    init(_ run: @escaping () -> Void) { self.run = run }
  }

  private let thread: pthread_t

  init(_ run: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let body = unsafe Unmanaged.passRetained(Body(run)).toOpaque()
    let status = unsafe pthread_create(
      &thread, nil,
      { pointer in
        unsafe Unmanaged<Body>.fromOpaque(pointer!).takeRetainedValue().run()
        return nil
      }, body)
    precondition(status == 0, "no thread")
    self.thread = thread
  }

  func join() {
    _ = pthread_join(thread, nil)
  }
}
