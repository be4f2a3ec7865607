/// Bytes that somebody else owns: an id inside a request, a document or a snapshot.
///
/// Reading is checked: an index outside the view stops the process. What the type can't check is
/// that the owner still lives; therefore the initialiser is `@unsafe`, and a view may not be kept
/// beyond the call (of a request: beyond its decision) that handed it out.
@safe
public struct ByteView {
  @usableFromInline let base: UnsafeRawPointer
  public let count: Int

  /// No bytes.
  @inlinable @inline(__always)
  public init() {
    // SAFETY: never read, because the count is zero.
    unsafe base = UnsafeRawPointer(bitPattern: 8).unsafelyUnwrapped
    count = 0
  }

  /// - Precondition: `base..<base + count` stays readable for as long as the view is used.
  @unsafe
  @inlinable @inline(__always)
  public init(base: UnsafeRawPointer, count: Int) {
    unsafe self.base = base
    self.count = count
  }

  @unsafe
  @inlinable @inline(__always)
  public init(_ buffer: UnsafeRawBufferPointer) {
    guard let base = buffer.baseAddress else {
      self.init()
      return
    }
    unsafe self.init(base: base, count: buffer.count)
  }

  /// The bytes of a literal.
  @inlinable
  public init(_ text: StaticString) {
    // SAFETY: a static string's bytes live as long as the process.
    unsafe self.init(base: text.utf8Start, count: text.utf8CodeUnitCount)
  }

  @inlinable
  public var isEmpty: Bool { count == 0 }

  @inlinable @inline(__always)
  public subscript(index: Int) -> UInt8 {
    precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "index outside the view")
    // SAFETY: the index was just checked.
    return unsafe base.load(fromByteOffset: index, as: UInt8.self)
  }

  /// Eight bytes from `index`, little-endian.
  @inlinable @inline(__always)
  public func load64(at index: Int) -> UInt64 {
    precondition(index >= 0 && count &- index >= 8, "index outside the view")
    // SAFETY: the range was just checked.
    return unsafe UInt64(
      littleEndian: base.loadUnaligned(fromByteOffset: index, as: UInt64.self))
  }

  /// Eight bytes from `index`, little-endian, for loops whose bounds show that they are there.
  ///
  /// - Precondition: `0 <= index` and `index + 8 <= count`; not checked.
  @unsafe
  @inlinable @inline(__always)
  public func uncheckedLoad64(at index: Int) -> UInt64 {
    unsafe UInt64(littleEndian: base.loadUnaligned(fromByteOffset: index, as: UInt64.self))
  }

  /// Four bytes from `index`, little-endian.
  @inlinable @inline(__always)
  public func load32(at index: Int) -> UInt32 {
    precondition(index >= 0 && count &- index >= 4, "index outside the view")
    // SAFETY: the range was just checked.
    return unsafe UInt32(
      littleEndian: base.loadUnaligned(fromByteOffset: index, as: UInt32.self))
  }

  /// Two bytes from `index`, little-endian.
  @inlinable @inline(__always)
  public func load16(at index: Int) -> UInt16 {
    precondition(index >= 0 && count &- index >= 2, "index outside the view")
    // SAFETY: the range was just checked.
    return unsafe UInt16(
      littleEndian: base.loadUnaligned(fromByteOffset: index, as: UInt16.self))
  }

  /// The part from `lower` up to, not including, `upper`.
  @inlinable @inline(__always)
  public subscript(range: Range<Int>) -> ByteView {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "range outside the view")
    // SAFETY: inside the view, which the caller keeps alive.
    return unsafe ByteView(base: base + range.lowerBound, count: range.count)
  }

  /// The bytes as the standard library's buffer, for C and for copying.
  @unsafe
  @inlinable @inline(__always)
  public var buffer: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: base, count: count)
  }

  /// The place of the first `byte`, or -1. Complexity: linear; eight bytes at a time.
  @inlinable
  public func firstIndex(of byte: UInt8) -> Int {
    let pattern = UInt64(byte) &* 0x0101_0101_0101_0101
    var index = 0
    while index &+ 8 <= count {
      // A zero byte marks a match; the lowest one that this finds is always a true one.
      let word = load64(at: index) ^ pattern
      let found = (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
      if found != 0 { return index &+ found.trailingZeroBitCount >> 3 }
      index &+= 8
    }
    while index < count {
      if self[index] == byte { return index }
      index &+= 1
    }
    return -1
  }

  /// Byte-wise equality.
  @inlinable
  public static func == (a: ByteView, b: ByteView) -> Bool {
    guard a.count == b.count else { return false }
    for index in 0..<a.count where a[index] != b[index] { return false }
    return true
  }

  /// Byte order, the order of every output.
  @inlinable
  public func precedes(_ other: ByteView) -> Bool {
    let shared = min(count, other.count)
    for index in 0..<shared where self[index] != other[index] { return self[index] < other[index] }
    return count < other.count
  }

  /// The bytes as text; what is not UTF-8 is replaced.
  public var text: String {
    // SAFETY: copied before the call returns.
    unsafe String(decoding: buffer, as: UTF8.self)
  }

  /// A copy of the bytes.
  public var array: [UInt8] {
    // SAFETY: copied before the call returns.
    unsafe Array(buffer)
  }
}

extension String {
  /// Calls `body` with the string's UTF-8; the view may not escape.
  @inlinable
  public func withByteView<R>(_ body: (ByteView) throws -> R) rethrows -> R {
    var copy = self
    return try copy.withUTF8 {
      // SAFETY: valid during the closure.
      try body(unsafe ByteView(UnsafeRawBufferPointer($0)))
    }
  }
}

extension [UInt8] {
  /// Calls `body` with the array's bytes; the view may not escape.
  @inlinable
  public func withByteView<R>(_ body: (ByteView) throws -> R) rethrows -> R {
    // SAFETY: the view is valid during the closure.
    try unsafe withUnsafeBytes { try body(unsafe ByteView($0)) }
  }
}

extension [UInt32] {
  /// Calls `body` with the words as bytes, in the order of this machine; the view may not escape.
  @inlinable
  public func withBytesOfWords<R>(_ body: (ByteView) throws -> R) rethrows -> R {
    // SAFETY: the view is valid during the closure.
    try unsafe withUnsafeBytes { try body(unsafe ByteView($0)) }
  }
}
