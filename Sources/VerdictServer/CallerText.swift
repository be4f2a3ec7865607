internal import VerdictLog
internal import VerdictModel

/// Who is at the other end of a connection, as the decision log writes it: bytes that lie ready, so
/// that no record has to put them together.
@safe
struct CallerText: ~Copyable {
  // SAFETY: `count` bytes, given back by deinit alone; nil where there are none.
  private let base: UnsafeMutableRawPointer?
  private let count: Int

  /// Nobody is known yet.
  init() {
    unsafe base = nil
    count = 0
  }

  init(_ text: String) {
    let bytes = Array(text.utf8.prefix(LogLimits.callerByteCountMax))
    count = bytes.count
    let base = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1), alignment: 1)
    unsafe base.copyMemory(from: bytes, byteCount: count)
    unsafe self.base = base
  }

  deinit {
    unsafe base?.deallocate()
  }

  /// Valid as long as this lives.
  var bytes: ByteView {
    guard let base = unsafe base else { return ByteView() }
    return unsafe ByteView(base: base, count: count)
  }
}
