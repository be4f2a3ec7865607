internal import VerdictModel

/// What a JWT said that was verified, for as long as it holds and its keys are in force.
public struct VerifiedToken: Sendable {
  /// SHA-256 of the token.
  let digest: [UInt8]
  /// Of the key set.
  let keysVersion: UInt64
  /// From then on it is over, by the leeway later than it says itself.
  let endSeconds: Int64
  let principal: [UInt8]
  /// Empty where the token names none.
  let organization: [UInt8]
  let workspace: [UInt8]
}

/// Verified tokens by their digest, in memory of fixed size: nothing is allocated when one is found
/// or remembered. A token takes the place of another one now and then, which is verified again.
@safe
struct VerifiedTokens: ~Copyable {
  static let countMax = 1_024
  /// Longer texts are no ids.
  static let textByteCountMax = 255

  struct Found {
    let principal: ByteView
    let organization: ByteView
    let workspace: ByteView
  }

  private struct Place {
    var digest: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    var keysVersion: UInt64 = 0
    var endSeconds: Int64 = 0
    var counts: (UInt8, UInt8, UInt8) = (0, 0, 0)
  }

  private let places: UnsafeMutablePointer<Place>
  private let texts: UnsafeMutablePointer<UInt8>

  init() {
    unsafe places = .allocate(capacity: VerifiedTokens.countMax)
    // SAFETY: as many as were allocated. Version 0 is no set's: they are all empty.
    unsafe places.initialize(repeating: Place(), count: VerifiedTokens.countMax)
    unsafe texts = .allocate(
      capacity: VerifiedTokens.countMax * 3 * VerifiedTokens.textByteCountMax)
  }

  deinit {
    // SAFETY: allocated by the initialiser; plain values.
    unsafe places.deallocate()
    unsafe texts.deallocate()
  }

  /// What is known of a token, until the next `insert`.
  func find(digest: ByteView, keysVersion: UInt64, nowSeconds: Int64) -> Found? {
    let index = VerifiedTokens.index(digest)
    // SAFETY: below the count.
    let place = unsafe places[index]
    guard place.keysVersion == keysVersion, nowSeconds < place.endSeconds,
      place.digest == VerifiedTokens.words(digest)
    else { return nil }
    return Found(
      principal: text(index, 0, place.counts.0), organization: text(index, 1, place.counts.1),
      workspace: text(index, 2, place.counts.2))
  }

  /// - Precondition: texts of at most `textByteCountMax` bytes.
  mutating func insert(_ token: VerifiedToken) {
    token.digest.withByteView { digest in
      let index = VerifiedTokens.index(digest)
      let place = Place(
        digest: VerifiedTokens.words(digest), keysVersion: token.keysVersion,
        endSeconds: token.endSeconds,
        counts: (
          put(token.principal, index, 0), put(token.organization, index, 1),
          put(token.workspace, index, 2)
        ))
      // SAFETY: below the count.
      unsafe places[index] = place
    }
  }

  private func put(_ text: [UInt8], _ index: Int, _ column: Int) -> UInt8 {
    precondition(text.count <= VerifiedTokens.textByteCountMax, "an id, or nothing")
    for (offset, byte) in text.enumerated() {
      // SAFETY: each column of a place has room for so many.
      unsafe start(index, column)[offset] = byte
    }
    return UInt8(text.count)
  }

  private func text(_ index: Int, _ column: Int, _ count: UInt8) -> ByteView {
    // SAFETY: so many bytes were put there.
    unsafe ByteView(base: start(index, column), count: Int(count))
  }

  private func start(_ index: Int, _ column: Int) -> UnsafeMutablePointer<UInt8> {
    unsafe texts + (index * 3 + column) * VerifiedTokens.textByteCountMax
  }

  private static func index(_ digest: ByteView) -> Int {
    Int(truncatingIfNeeded: digest.load64(at: 0)) & (countMax - 1)
  }

  private static func words(_ digest: ByteView) -> (UInt64, UInt64, UInt64, UInt64) {
    (digest.load64(at: 0), digest.load64(at: 8), digest.load64(at: 16), digest.load64(at: 24))
  }
}
