internal import CVerdictSystem
internal import Glibc

/// The kernel's clocks. A reading costs about 25 ns; loops read once per turn.
public enum SystemClock {
  /// Nanoseconds since an unknown start; never goes back. For deadlines and durations.
  public static func monotonicNanoseconds() -> UInt64 { verdict_monotonic_ns() }

  /// Nanoseconds since 1970 (UTC), as the operator set it. For people, never for deadlines.
  public static func realNanoseconds() -> Int64 { verdict_real_ns() }

  /// Processor time that the calling thread has taken, in nanoseconds.
  public static func threadProcessorNanoseconds() -> UInt64 { verdict_thread_cpu_ns() }

  /// Sleeps for at least the given time; a signal does not cut it short.
  public static func sleep(nanoseconds: UInt64) {
    var rest = timespec(
      tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    while true {
      let wanted = rest
      // SAFETY: the kernel writes what is left of an interrupted sleep into `rest`.
      let result = unsafe withUnsafePointer(to: wanted) { unsafe nanosleep($0, &rest) }
      if result == 0 || errno != EINTR { return }
    }
  }
}

/// Random bytes for decision ids and hash seeds.
public enum SystemRandom {
  /// Fills `buffer` from the kernel's random source, which cannot fail once the machine is up.
  @unsafe
  public static func fill(_ buffer: UnsafeMutableRawBufferPointer) {
    guard let base = buffer.baseAddress else { return }
    // SAFETY: the buffer is the caller's and as long as it says.
    let result = unsafe verdict_random(base, buffer.count)
    precondition(result == 0, "the kernel's random source answers")
  }

  /// Sixty-four random bits.
  public static func word() -> UInt64 {
    var word: UInt64 = 0
    // SAFETY: all bits of an integer may be set.
    unsafe withUnsafeMutableBytes(of: &word) { unsafe fill($0) }
    return word
  }
}
