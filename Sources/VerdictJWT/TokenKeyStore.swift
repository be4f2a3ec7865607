internal import Synchronization

/// The JWK set in force, for all threads: the bytes, because each thread reads keys of its own.
public final class TokenKeyStore: Sendable {
  private let bytes: Mutex<[UInt8]>
  private let number = Atomic<UInt64>(1)

  /// - Throws: what is wrong with the set.
  public init(keySet: [UInt8]) throws(KeySetError) {
    _ = try SignatureKeys(keySet: keySet)
    bytes = Mutex(keySet)
  }

  /// Puts another set into force; where it is no good, the one before stays.
  ///
  /// - Returns: how many keys it has; nil: it is the same set.
  public func replace(_ keySet: [UInt8]) throws(KeySetError) -> Int? {
    let keys = try SignatureKeys(keySet: keySet)
    let isSame = bytes.withLock {
      if $0 == keySet { return true }
      $0 = keySet
      number.add(1, ordering: .sequentiallyConsistent)
      return false
    }
    return isSame ? nil : keys.count
  }

  /// Another one after each `replace`: what was verified before counts no more.
  public var version: UInt64 { number.load(ordering: .sequentiallyConsistent) }

  /// The set, and which one it is.
  public func current() -> (version: UInt64, keySet: [UInt8]) {
    bytes.withLock { (version, $0) }
  }
}
