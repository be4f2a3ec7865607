public import VerdictModel

/// What can be fed with arbitrary bytes. `docs/fuzzing.md` says what each must hold.
public enum FuzzTarget: String, CaseIterable, Sendable {
  /// A server session, given a peer's byte stream.
  case http2
  /// Our rules for headers, beside nghttp2's.
  case headers
  /// The whole server, given request messages.
  case request
  /// The snapshot validator, given damaged snapshots whose digest is right.
  case snapshot
  /// Everything that reads texts: documents, models, tests, checks.
  case document
  /// Everything that a gateway's request is read by, up to the decision.
  case gateway
  /// Route tables, as texts and compiled.
  case routes
  /// Must crash within seconds, or the machinery finds nothing.
  case canary

  /// Makes ready what runs share.
  ///
  /// - Throws: what hinders it; never because of an input.
  public func harness() throws -> any FuzzHarness {
    switch self {
    case .http2: SessionHarness()
    case .headers: HeaderHarness()
    case .request: try RequestHarness()
    case .snapshot: try SnapshotHarness()
    case .document: try DocumentHarness()
    case .gateway: try GatewayHarness()
    case .routes: try RouteHarness()
    case .canary: CanaryHarness()
    }
  }
}

/// Takes one input after the other. A rule that doesn't hold stops the process.
public protocol FuzzHarness: AnyObject {
  /// - Parameter input: any bytes.
  func run(_ input: ByteView)
}

/// A bug on purpose, four bytes deep.
final class CanaryHarness: FuzzHarness {
  func run(_ input: ByteView) {
    guard input.count >= 4, input[0] == 0x56, input[1] == 0x52, input[2] == 0x44 else { return }
    precondition(input[3] != 0x54, "the canary has been found, as it should be")
  }
}

/// Takes an input apart from its beginning; at the end there are only zeros.
struct InputReader {
  private let input: ByteView
  private var offset = 0

  init(_ input: ByteView) { self.input = input }

  var isAtEnd: Bool { offset >= input.count }

  mutating func byte() -> UInt8 {
    guard offset < input.count else { return 0 }
    defer { offset += 1 }
    return input[offset]
  }

  /// A number of `byteCount` bytes, little-endian.
  mutating func number(byteCount: Int) -> Int {
    (0..<byteCount).reduce(0) { $0 | Int(byte()) << (8 * $1) }
  }

  /// Up to `count` bytes.
  mutating func bytes(_ count: Int) -> [UInt8] {
    let end = min(input.count, offset + count)
    defer { offset = end }
    return input[offset..<end].array
  }

  mutating func rest() -> [UInt8] { bytes(input.count) }
}
