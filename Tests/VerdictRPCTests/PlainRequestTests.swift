import CProtobufC
import CVerdictProto
import Testing
import VerdictModel
import VerdictTestKit

@testable import VerdictRPC

/// The short way of reading requests against protobuf-c's: whatever it reads, both read alike.
@Suite("plain requests")
struct PlainRequestTests {
  private static func varint(_ value: UInt64) -> [UInt8] {
    var rest = value
    var bytes: [UInt8] = []
    while rest > 0x7f {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  private static func field(_ number: UInt8, _ value: [UInt8]) -> [UInt8] {
    [number << 3 | 2] + varint(UInt64(value.count)) + value
  }

  private static func text(_ random: inout SeededRandom) -> [UInt8] {
    (0..<[0, 1, 5, 27, 130].randomElement(using: &random)!).map { _ in
      UInt8.random(in: 0...255, using: &random)
    }
  }

  /// Fields in any order, repeated and left out; now and then one that the short way refuses.
  private static func message(_ random: inout SeededRandom, isOdd: Bool) -> [UInt8] {
    var bytes: [UInt8] = []
    for _ in 0..<Int.random(in: 0...8, using: &random) {
      switch Int.random(in: 0...(isOdd ? 11 : 8), using: &random) {
      case 0: bytes += field(1, text(&random))
      case 1: bytes += field(2, text(&random))
      case 2: bytes += field(3, text(&random))
      case 3: bytes += [6 << 3] + varint(UInt64.random(in: 0...2, using: &random))
      case 4:
        let shift = UInt64.random(in: 1...63, using: &random)
        bytes += [7 << 3] + varint(UInt64.random(in: 0...UInt64.max, using: &random) >> shift)
      case 9: bytes += field(5, [8, 1])
      case 10: bytes += field(9, text(&random))
      case 11: bytes += [1 << 3] + varint(300)
      default:
        var check: [UInt8] = []
        for _ in 0..<Int.random(in: 0...6, using: &random) {
          check += field(UInt8.random(in: 1...(isOdd ? 6 : 5), using: &random), text(&random))
        }
        bytes += field(4, check)
      }
    }
    return bytes
  }

  private static func array(_ data: ProtobufCBinaryData) -> [UInt8] { unsafe ByteView(data).array }

  /// Whether the short way read it; fails where the two read different things.
  private static func compare(_ bytes: [UInt8]) throws -> Bool {
    let arena = MessageArena()
    return try bytes.withByteView { view in
      guard let ours = unsafe AuthorizeRequest.plain(view, in: arena) else { return false }
      // SAFETY: what protobuf-c unpacks, it frees.
      let unpacked = unsafe verdict__v1__authorize_request__unpack(nil, bytes.count, bytes)
      let theirs = unsafe try #require(unpacked, "\(bytes)")
      defer { unsafe verdict__v1__authorize_request__free_unpacked(theirs, nil) }
      let (a, b) = unsafe (ours.pointee, theirs.pointee)
      #expect(unsafe array(a.organization) == array(b.organization))
      #expect(unsafe array(a.principal) == array(b.principal))
      #expect(unsafe array(a.workspace) == array(b.workspace))
      #expect(unsafe (a.want_messages != 0) == (b.want_messages != 0))
      #expect(unsafe a.min_generation == b.min_generation)
      #expect(unsafe b.columns == nil && b.base.n_unknown_fields == 0)
      try #require(unsafe a.n_checks == b.n_checks)
      for index in unsafe 0..<a.n_checks {
        let (one, other) = unsafe (a.checks[index]!.pointee, b.checks[index]!.pointee)
        #expect(unsafe other.base.n_unknown_fields == 0)
        #expect(unsafe array(one.action) == array(other.action))
        #expect(unsafe array(one.resource) == array(other.resource))
        #expect(unsafe array(one.target) == array(other.target))
        #expect(unsafe array(one.principal) == array(other.principal))
        #expect(unsafe array(one.workspace) == array(other.workspace))
      }
      return true
    }
  }

  @Test("all that clients send is read")
  func common() throws {
    var random = SeededRandom(seed: 1)
    for _ in 0..<500 {
      let bytes = Self.message(&random, isOdd: false)
      #expect(try Self.compare(bytes), "\(bytes)")
    }
    let check = Check(principal: "p", workspace: "w", action: "edit", resource: "t/1")
    let checks = Array(repeating: check, count: Limits.plainCheckCountMax)
    let most = AuthorizeCall(organization: "acme", checks: checks, wantsMessages: true)
    #expect(try Self.compare(#require(most.encoded())))
    let more = AuthorizeCall(organization: "acme", checks: checks + [check], wantsMessages: true)
    #expect(try !Self.compare(#require(more.encoded())))
  }

  @Test("what is odd or broken is refused, or read alike")
  func odd() throws {
    var random = SeededRandom(seed: 2)
    var readCount = 0
    for _ in 0..<5_000 {
      var bytes = Self.message(&random, isOdd: true)
      if !bytes.isEmpty {
        switch Int.random(in: 0...3, using: &random) {
        case 0: bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
        case 1:
          let place = Int.random(in: 0..<bytes.count, using: &random)
          bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
        case 2: bytes.insert(0x80, at: Int.random(in: 0...bytes.count, using: &random))
        default: break
        }
      }
      if try Self.compare(bytes) { readCount += 1 }
    }
    #expect(readCount > 500 && readCount < 4_000, "both happened: \(readCount)")
  }
}
