internal import Glibc
internal import VerdictModel

/// A path that a server answers.
public struct ServedMethod: Sendable {
  /// What a call looks like.
  public enum Kind: UInt8, Sendable {
    /// One message, one answer.
    case unary
    /// One message, any number of answers.
    case serverStreaming
    /// Any number of messages, each with its answer, in order. Ends with OK after the last one's.
    case bidirectional
    /// No call of gRPC: a plain `GET`, answered by a line of text.
    case page

    /// Whether a call may have several answers.
    @inline(__always)
    var isStreaming: Bool { self == .serverStreaming || self == .bidirectional }
  }

  /// `/package.Service/Method`, or a page's path.
  public let path: String
  /// What requests carry.
  public let number: UInt8
  public let kind: Kind
  /// Whether even a message that is too long gets an answer: it is passed on empty, instead of the
  /// call's failure. For unary calls.
  public let answersTooLong: Bool

  public init(
    path: String, number: UInt8, kind: Kind = .unary, answersTooLong: Bool = false
  ) {
    self.path = path
    self.number = number
    self.kind = kind
    self.answersTooLong = answersTooLong
  }
}

/// The paths that a server answers, each with the caller's number.
///
/// A path is found only byte for byte: nothing is decoded, folded, joined or cut off, because a
/// path that two parties read differently is how authorization gets bypassed.
@safe
public struct MethodTable: ~Copyable, Sendable {
  /// What a path leads to.
  struct Target: Sendable {
    let number: UInt8
    let kind: ServedMethod.Kind
    var answersTooLong = false
  }

  private struct Entry {
    let offset: Int
    let count: Int
    let target: Target
  }

  // Raw memory instead of arrays: looked at for every request, and never counted.
  // SAFETY: written by the initialiser alone.
  nonisolated(unsafe) private let entries: UnsafeMutablePointer<Entry>
  nonisolated(unsafe) private let text: UnsafeMutablePointer<UInt8>
  private let count: Int

  /// - Precondition: paths are not empty and differ from one another.
  public init(_ methods: [ServedMethod]) {
    precondition(
      Set(methods.map { Array($0.path.utf8) }).count == methods.count, "paths must differ")
    count = methods.count
    let byteCount = methods.reduce(0) { $0 + $1.path.utf8.count }
    unsafe entries = .allocate(capacity: max(1, count))
    unsafe text = .allocate(capacity: max(1, byteCount))
    var offset = 0
    for (index, method) in methods.enumerated() {
      let bytes = Array(method.path.utf8)
      precondition(!bytes.isEmpty, "a path is not empty")
      let target = Target(
        number: method.number, kind: method.kind, answersTooLong: method.answersTooLong)
      // SAFETY: both areas were sized for all methods above.
      unsafe (entries + index).initialize(
        to: Entry(offset: offset, count: bytes.count, target: target))
      for byte in bytes {
        unsafe (text + offset).initialize(to: byte)
        offset += 1
      }
    }
  }

  deinit {
    // SAFETY: allocated by the initialiser; plain values.
    unsafe entries.deallocate()
    unsafe text.deallocate()
  }

  /// What exactly this path leads to. O(number of methods).
  func target(of path: ByteView) -> Target? {
    for index in 0..<count {
      // SAFETY: the index is below the count of entries, whose offsets lie in the text.
      let entry = unsafe entries[index]
      if entry.count == path.count,
        unsafe bytesEqual(path.buffer.baseAddress, text + entry.offset, entry.count)
      {
        return entry.target
      }
    }
    return nil
  }

  /// Whether some method of the service that `path` names exists; for the words of a refusal.
  func hasService(of path: ByteView) -> Bool {
    guard let end = MethodTable.serviceEnd(of: path) else { return false }
    let service = path[0..<end + 1]
    for index in 0..<count {
      // SAFETY: as above.
      let entry = unsafe entries[index]
      if entry.count > service.count,
        unsafe bytesEqual(service.buffer.baseAddress, text + entry.offset, service.count)
      {
        return true
      }
    }
    return false
  }

  /// Where the slash after the service stands, when the path has the form `/service/method`.
  static func serviceEnd(of path: ByteView) -> Int? {
    guard path.count > 3, path[0] == UInt8(ascii: "/") else { return nil }
    for index in 2..<path.count - 1 where path[index] == UInt8(ascii: "/") { return index }
    return nil
  }
}

/// Whether `count` bytes at both addresses are the same.
@unsafe
@inline(__always)
func bytesEqual(_ a: UnsafeRawPointer?, _ b: UnsafeRawPointer, _ count: Int) -> Bool {
  guard count > 0, let a = unsafe a else { return count == 0 }
  // SAFETY: the callers vouch for both ranges.
  return unsafe memcmp(a, b, count) == 0
}
